//! What it costs to receive, beside handlers written by hand and beside other crates.
//!
//! `docs/speed.md` says how to run it and what it showed.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot run should say so and stop"
)]

mod body;
mod budget;
mod by_hand;
mod clock;
mod delivery;
mod event;
mod floor;
mod frames;
mod growth;
mod in_process;
mod loopback;
mod options;
mod ours;
#[cfg(feature = "peers")]
mod peers;
mod samples;
mod serve;
mod streaming;
mod subject;
mod targets;
mod variant;

use std::process::ExitCode;

use options::{HELP, Options};

/// Runs the comparison that the arguments ask for, and prints it as markdown.
pub fn compare(arguments: impl Iterator<Item = String>) -> ExitCode {
    let options = match Options::read(arguments) {
        Ok(options) => options,
        Err(err) => {
            eprintln!("{err}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let mut targets = Vec::new();
    let deduplication = options.chooses_part(in_process::PART_DEDUPLICATION);
    if options.chooses_part(in_process::PART) || deduplication {
        let (variants, samples) = actix_web::rt::System::new().block_on(in_process::run(&options));
        in_process::print(&variants, &samples);
        if deduplication {
            in_process::print_deduplication(&variants, &samples);
        }
        targets.extend(targets::in_process(&samples));
    }
    if options.chooses_part("loopback") {
        targets.extend(loopback::run(&options));
    }
    if options.chooses_part("streaming") {
        targets.extend(streaming::run(&options));
    }
    if options.chooses_part("growth") {
        actix_web::rt::System::new().block_on(growth::run(&options));
    }
    let all_hold = targets::print(&targets);
    if options.checks() && !all_hold {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Counts instructions and allocations, and compares them with the budget.
pub fn budget(arguments: impl Iterator<Item = String>) -> ExitCode {
    budget::run(arguments)
}
