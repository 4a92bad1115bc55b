//! Hostile load against the receiver, as a process of its own: `docs/hostile-load.md`.
//!
//! Prints one line for each criterion with what was measured, as a table of markdown, and exits with 1
//! where one is missed.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a measurement ends where it cannot be made"
)]

mod answers;
mod checks;
mod client;
mod honest;
mod latencies;
mod receiver;
mod size;
mod table;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{checks::CHECKS, receiver::Program, size::Size, table::Table};

/// Loads the receiver as hostile senders do, and says what came of it.
#[derive(Debug, Parser)]
#[command(name = "smile-hostile")]
struct Options {
    /// How many of everything
    #[arg(long, value_enum, default_value = "ci")]
    size: Scale,

    /// One framework alone [default: both]
    #[arg(long, value_enum)]
    framework: Option<Framework>,

    /// One check alone, such as L1; repeat for more [default: all]
    #[arg(long, value_name = "CHECK")]
    only: Vec<String>,

    /// The seconds of the steady load, L16 [default: 4 in size ci, 1800 in size full]
    #[arg(long, value_name = "SECONDS")]
    steady: Option<u64>,

    /// The receiver, built with the feature `sqlite` [default: beside this program]
    #[arg(long, value_name = "PATH")]
    receiver: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scale {
    Ci,
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Framework {
    Axum,
    Actix,
}

impl Framework {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Actix => "actix",
        }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut size = match options.size {
        Scale::Ci => Size::ci(),
        Scale::Full => Size::full(),
    };
    if let Some(seconds) = options.steady {
        size.steady = Duration::from_secs(seconds);
    }
    for only in &options.only {
        if !CHECKS
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(only))
        {
            let names = CHECKS.map(|(name, _)| name).join(", ");
            eprintln!("error: --only {only}: expected one of {names}");
            return ExitCode::FAILURE;
        }
    }
    if let Err(err) = raise_descriptors(size.descriptors()) {
        eprintln!("error: {err}");
        return ExitCode::FAILURE;
    }
    let program = match Program::find(options.receiver) {
        Ok(program) => program,
        Err(err) => {
            eprintln!("error: {err}");
            return ExitCode::FAILURE;
        }
    };
    let wanted = |name: &str| {
        options.only.is_empty()
            || options
                .only
                .iter()
                .any(|only| only.eq_ignore_ascii_case(name))
    };
    let mut table = Table::begin();
    for framework in [Framework::Axum, Framework::Actix] {
        if options.framework.is_some_and(|only| only != framework) {
            continue;
        }
        for (name, check) in CHECKS.iter().filter(|(name, _)| wanted(name)) {
            table.at(name, framework);
            // One thread, so that the receiver has the other processors.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(check(&program, framework, &size, &mut table));
        }
    }
    if table.all_passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// For this process, and the receivers that it starts.
fn raise_descriptors(wanted: u64) -> Result<(), String> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            maximum: limit.maximum.map(|most| most.max(wanted)),
        };
        setrlimit(Resource::Nofile, raised).map_err(|err| {
            format!("{wanted} open files are needed: {err}; raise the hard limit (`ulimit -Hn`)")
        })?;
    }
    Ok(())
}
