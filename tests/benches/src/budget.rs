//! Instructions and allocations of one delivery, against a budget that is kept in the repository.
//!
//! A scenario runs in a process of its own under callgrind, once for `n` deliveries and once for
//! `2 n`: the difference is what `n` deliveries cost, without what only the first one does. Requests
//! are not counted while they are made. Unlike times, the counts hardly depend on what else the
//! machine does.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    process::{Command, ExitCode},
};

use crate::{
    delivery::{Delivery, Scheme},
    subject::COUNTED,
};
use serde::{Deserialize, Serialize};

mod scenario;

use scenario::{SCENARIOS, Scenario};

/// What one delivery costs.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Cost {
    instructions: f64,
    allocations: f64,
}

type Costs = BTreeMap<String, Cost>;

/// Compares, or with `--write` writes the budget; `--run` is for the processes under callgrind.
pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> ExitCode {
    let (mut write, mut filter) = (false, String::new());
    while let Some(flag) = arguments.next() {
        match flag.as_str() {
            "--write" => write = true,
            "--filter" => filter = arguments.next().unwrap_or_default(),
            "--run" => {
                let name = arguments.next().unwrap_or_default();
                let count = arguments.next().and_then(|count| count.parse().ok());
                return run_here(&name, count.unwrap_or(1));
            }
            _ => {
                eprintln!("Usage: smile-budget [--write] [--filter <text>] [--run <scenario> <n>]");
                return ExitCode::from(2);
            }
        }
    }
    if !hashes_as_the_budget_does() {
        eprintln!("nothing was checked: the budget is of x86-64 processors with AVX2");
        return ExitCode::from(NOT_HERE);
    }
    let mut costs = Costs::new();
    for scenario in SCENARIOS.iter().filter(|s| s.name.contains(&filter)) {
        match measure(scenario) {
            Ok(cost) => costs.insert(scenario.name.to_owned(), cost),
            Err(err) => {
                eprintln!("{}: {err}", scenario.name);
                return ExitCode::FAILURE;
            }
        };
    }
    if write {
        let mut budget = read_budget();
        budget.extend(costs.clone());
        let json = serde_json::to_string_pretty(&budget).expect("maps of numbers are JSON");
        fs::write(FILE, json + "\n").expect("the budget can be written");
        println!("wrote {FILE}");
    }
    if report(&costs) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// `sha2` chooses its code by the processor, and a small delivery is half a hash.
#[cfg(target_arch = "x86_64")]
fn hashes_as_the_budget_does() -> bool {
    is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn hashes_as_the_budget_does() -> bool {
    false
}

/// Runs some deliveries of a scenario and tells how many allocations the process made.
fn run_here(name: &str, count: u64) -> ExitCode {
    let Some(scenario) = SCENARIOS.iter().find(|scenario| scenario.name == name) else {
        eprintln!("{name}: no such scenario");
        return ExitCode::from(2);
    };
    actix_web::rt::System::new().block_on(async {
        let template = scenario.size.template();
        let sign = |id| {
            Delivery::new(Scheme::Smile, scenario.flaw, template.with_id(id))
                .coming(scenario.arrival)
        };
        let deliveries: Vec<_> = (0..count).map(sign).collect();
        let mut subject = scenario.open().await;
        let lap = subject.lap(&deliveries).await;
        println!("allocations: {}", lap.allocations);
        assert!(
            lap.statuses.iter().all(|status| *status == scenario.status),
            "{name}: answered {:?}",
            lap.statuses
        );
    });
    ExitCode::SUCCESS
}

fn measure(scenario: &Scenario) -> Result<Cost, String> {
    let one = under_callgrind(scenario, scenario.count)?;
    let two = under_callgrind(scenario, 2 * scenario.count)?;
    let count = f64::from(u32::try_from(scenario.count).expect("a handful"));
    let each = |one: f64, two: f64| ((two - one) / count * 100.0).round() / 100.0;
    Ok(Cost {
        instructions: each(one.instructions, two.instructions).round(),
        allocations: each(one.allocations, two.allocations),
    })
}

fn under_callgrind(scenario: &Scenario, count: u64) -> Result<Cost, String> {
    let program = std::env::current_exe().map_err(|err| err.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(program)
        .args(["--run", scenario.name, &count.to_string()])
        // Else a tenth of what little there is depends on how the heap came to lie: eight requests'
        // blocks are one more than glibc's cache of each size takes, and it tidies up now and then.
        .env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=127")
        .output()
        .map_err(|err| match err.kind() {
            ErrorKind::NotFound => "valgrind is not installed, and without it nothing is checked: \
                                    apt-get install valgrind"
                .to_owned(),
            _ => err.to_string(),
        })?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if !output.status.success() {
        return Err(format!("failed under valgrind:\n{said}"));
    }
    Ok(Cost {
        instructions: after(&said, "Collected :")?,
        allocations: after(&said, "allocations:")?,
    })
}

fn after(text: &str, label: &str) -> Result<f64, String> {
    text.split_once(label)
        .and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| format!("no `{label}` in the output of valgrind:\n{text}"))
}

/// Prints all costs beside the budget; whether everything is within it.
fn report(costs: &Costs) -> bool {
    let budget = read_budget();
    let mut problems = Vec::new();
    println!("| for one delivery | instructions | of the budget | allocations | budget |");
    println!("|---|---|---|---|---|");
    for (name, cost) in costs {
        let Some(allowed) = budget.get(name) else {
            problems.push(format!("{name}: not in the budget"));
            continue;
        };
        let part = cost.instructions / allowed.instructions;
        println!(
            "| {name} | {} | {part:.3} | {} | {} |",
            cost.instructions, cost.allocations, allowed.allocations
        );
        if part > 1.0 + TOLERANCE {
            let more = (part - 1.0) * 100.0;
            problems.push(format!(
                "{name}: {more:.1} % more instructions than the budget"
            ));
        }
        if part < 1.0 - TOLERANCE || cost.allocations < allowed.allocations {
            problems.push(format!(
                "{name}: cheaper than the budget, which should say so"
            ));
        }
        if cost.allocations > allowed.allocations {
            let (found, allowed) = (cost.allocations, allowed.allocations);
            problems.push(format!(
                "{name}: {found} allocations, {allowed} in the budget"
            ));
        }
    }
    let floors = over_the_floor(costs);
    let within = problems.is_empty() && floors.is_empty();
    floors.iter().for_each(|problem| eprintln!("{problem}"));
    if !problems.is_empty() {
        eprintln!(
            "{}\n\nWhere the change is meant, say why in the commit and write the budget anew:\n\
             cargo run --release -p smile-benches --bin smile-budget -- \
             --write",
            problems.join("\n")
        );
    }
    within
}

fn read_budget() -> Costs {
    match fs::read_to_string(FILE) {
        Ok(json) => serde_json::from_str(&json).expect("the budget is a map of costs"),
        Err(err) => {
            eprintln!("{FILE}: {err}; make it with `smile-budget -- --write`");
            Costs::new()
        }
    }
}

/// How far from the least possible we may be.
fn over_the_floor(costs: &Costs) -> Vec<String> {
    println!("\n| ratio of instructions | at most | measured |\n|---|---|---|");
    LIMITS
        .iter()
        .filter_map(|(of, to, limit)| {
            let ratio = costs.get(*of)?.instructions / costs.get(*to)?.instructions;
            println!("| {of} to {to} | {limit} | {ratio:.3} |");
            (ratio > *limit).then(|| format!("{of}: {ratio:.3}x of {to}, at most {limit}x wanted"))
        })
        .collect()
}

/// The exit code on a machine that the budget says nothing of.
const NOT_HERE: u8 = 3;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/budget.json");

/// Other machines have other libraries, and hash maps other seeds in every process.
const TOLERANCE: f64 = 0.03;

/// Both where the server hands over the body in one piece, and where it has to be joined.
const LIMITS: [(&str, &str, f64); 4] = [
    (
        "axum, 112 KB, envelope",
        "floor, 112 KB, signature and copy",
        1.05,
    ),
    (
        "axum, 112 KB in frames, envelope",
        "floor, 112 KB, signature and copy",
        1.05,
    ),
    (
        "axum, 112 KB, typed",
        "floor, 112 KB, signature, copy and JSON",
        1.10,
    ),
    (
        "axum, 112 KB in frames, typed",
        "floor, 112 KB, signature, copy and JSON",
        1.10,
    ),
];
