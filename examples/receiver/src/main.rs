//! A receiver to try things out: both vendors, on axum or actix-web, with a live page.
//!
//! `cargo run -p smile-receiver` prints a `curl` line to paste; `--help` lists the flags.

mod assets;
mod banner;
mod callbacks;
mod curl;
mod dead;
mod deliveries;
mod events;
mod forward;
mod inbox;
mod inspector;
mod log;
mod metrics;
mod on_actix;
mod on_axum;
mod options;
mod receiver;
mod replay;
mod schemas;
mod shutdown;
mod store;
mod viewer;

use std::{
    io::{IsTerminal, stderr},
    process::ExitCode,
};

use clap::Parser;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    options::{Framework, Options},
    receiver::Receiver,
};

/// The answer to a query that asks for no page of a list.
const BAD_PAGE: &str = "expected ?after=N&limit=M";

fn main() -> ExitCode {
    log_to_stderr();
    let result = Options::parse().settings().and_then(|settings| {
        let receiver = Receiver::new(&settings)?;
        match settings.framework {
            Framework::Axum => on_axum::serve(&settings, receiver),
            Framework::Actix => on_actix::serve(&settings, receiver),
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("error: {err}");
            let mut source = err.source();
            while let Some(err) = source {
                eprintln!("  because: {err}");
                source = err.source();
            }
            ExitCode::FAILURE
        }
    }
}

/// Logs to standard error, as `RUST_LOG` says; by default warnings, and information of `smile`.
fn log_to_stderr() {
    let wanted = std::env::var("RUST_LOG")
        .ok()
        .and_then(|text| text.parse::<Targets>().ok());
    let targets = wanted.unwrap_or_else(|| {
        Targets::new()
            .with_default(tracing::Level::WARN)
            .with_target("smile", tracing::Level::INFO)
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    tracing_subscriber::registry()
        .with(targets)
        .with(lines)
        .init();
}
