//! `smile`: sends test webhooks, explains signatures, replays deliveries, registers webhooks.
//!
//! `cargo run -p smile-cli -- --help` lists the commands. The exit status is 0 where all is as
//! expected, 1 where not, and 2 for a wrong call.

mod client;
mod dead;
mod failure;
mod names;
mod receiver;
mod record;
mod replay;
mod send;
mod table;
mod vendor;
mod verify;
mod webhooks;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Sends test webhooks of Smile API and Smile.io, and finds out why one is refused.
///
/// Other users of the machine see flags in the list of processes: give secrets that matter by the
/// environment.
#[derive(Parser)]
#[command(name = "smile", version)]
struct Tool {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Send(Box<send::Send>),
    Verify(verify::Verify),
    Replay(Box<replay::Replay>),
    Dead(dead::Dead),
    Webhooks(webhooks::Webhooks),
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Tool::parse().command {
        Command::Send(send) => send.run().await,
        Command::Verify(verify) => verify.run().await,
        Command::Replay(replay) => replay.run().await,
        Command::Dead(dead) => dead.run().await,
        Command::Webhooks(webhooks) => webhooks.run().await,
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("smile: {failure}");
            ExitCode::from(failure.exit_status())
        }
    }
}
