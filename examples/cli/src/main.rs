//! `smile`: sends test webhooks, explains signatures, replays deliveries, registers webhooks.
//!
//! `cargo run -p smile-cli -- --help` lists the commands. The exit status is 0 where all is as
//! expected, 1 where not, and 2 for a wrong call.

mod failure;
mod vendor;
mod verify;

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
    Verify(verify::Verify),
}

fn main() -> ExitCode {
    let result = match Tool::parse().command {
        Command::Verify(verify) => verify.run(),
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
