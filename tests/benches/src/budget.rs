//! Instructions and allocations of one delivery, against a budget that is kept in the repository.
//!
//! A scenario runs in a process of its own under callgrind, once for `n` deliveries and once for
//! `2 n`. The difference is the cost of `n` deliveries, without the extra cost of the first ones.
//! Unlike times, the counts hardly depend on the load of the machine.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::ErrorKind,
    process::{Command, ExitCode},
};

use serde::{Deserialize, Serialize};

use crate::{
    body::Size::{self, B281, K8, K112, M1},
    delivery::{
        Delivery,
        Kind::{self, Good, InFrames, SignatureMissing, SignatureWrong, WrongPath},
    },
    receiver::{
        Depth::{self, Envelope, Typed},
        Framework::{Actix, Axum},
        Handoff::{self, Deduplicated, Direct},
        Receiver::{self, ByHand, Floor, Ours},
    },
    subject::{COUNTED, Lap},
};

/// Deliveries of one kind and size to one receiver.
#[derive(Clone, Copy, Debug)]
struct Scenario(Receiver, Size, Kind);

const SCENARIOS: &[Scenario] = &[
    Scenario(Floor(Envelope), K112, Good),
    Scenario(Floor(Typed), K112, Good),
    Scenario(ByHand(Axum, Typed), B281, Good),
    Scenario(Ours(Axum, Direct, Envelope), B281, Good),
    Scenario(Ours(Axum, ONCE, Envelope), B281, Good),
    Scenario(Ours(Axum, Direct, Typed), B281, Good),
    Scenario(ByHand(Axum, Typed), K8, Good),
    Scenario(Ours(Axum, Direct, Envelope), K8, Good),
    Scenario(Ours(Axum, Direct, Typed), K8, Good),
    Scenario(ByHand(Axum, Typed), K112, Good),
    Scenario(Ours(Axum, Direct, Envelope), K112, Good),
    Scenario(Ours(Axum, ONCE, Envelope), K112, Good),
    Scenario(Ours(Axum, Direct, Typed), K112, Good),
    Scenario(Ours(Axum, Direct, Envelope), K112, InFrames),
    Scenario(Ours(Axum, Direct, Typed), K112, InFrames),
    Scenario(Ours(Axum, Direct, Envelope), B281, SignatureMissing),
    Scenario(Ours(Axum, Direct, Envelope), B281, SignatureWrong),
    Scenario(Ours(Axum, Direct, Envelope), B281, WrongPath),
    Scenario(ByHand(Actix, Typed), B281, Good),
    Scenario(Ours(Actix, Direct, Envelope), B281, Good),
    Scenario(Ours(Actix, ONCE, Envelope), B281, Good),
    Scenario(Ours(Actix, Direct, Typed), B281, Good),
    Scenario(Ours(Actix, Direct, Typed), K112, Good),
    Scenario(Ours(Actix, Direct, Envelope), B281, SignatureMissing),
    Scenario(Ours(Actix, Direct, Envelope), B281, WrongPath),
];

/// So small a memory is full after the first deliveries: each event has another forgotten.
const ONCE: Handoff = Deduplicated { capacity: 8 };

/// The most instructions that ours may take on axum, as a ratio to another receiver of good
/// deliveries of the same size.
const LIMITS: [(Depth, Size, Kind, Receiver, f64); 4] = [
    (Envelope, K112, Good, Floor(Envelope), 1.05),
    (Envelope, K112, InFrames, Floor(Envelope), 1.05),
    (Typed, K112, Good, Floor(Typed), 1.10),
    (Typed, K112, InFrames, Floor(Typed), 1.10),
];

/// The most allocations that deduplication may add.
const ADDED_ALLOCATIONS: f64 = 2.0;

impl Scenario {
    /// How many deliveries to count.
    fn count(self) -> u32 {
        match self.1 {
            B281 => 200,
            K8 => 50,
            K112 | M1 => 8,
        }
    }

    async fn run(self, count: u32) -> Lap {
        let Self(receiver, size, kind) = self;
        let template = size.template();
        let deliveries: Vec<_> = (0..count)
            .map(|_| Delivery::new(kind, template.next()))
            .collect();
        receiver.open().await.lap(&deliveries).await
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(receiver, size, kind) = self;
        let kind = match kind {
            Good => "",
            InFrames => ", in frames",
            SignatureMissing => ", no signature",
            SignatureWrong => ", wrong signature",
            WrongPath => ", wrong path",
        };
        write!(f, "{receiver}, {size}{kind}")
    }
}

/// The cost of one delivery.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Cost {
    instructions: f64,
    allocations: f64,
}

/// By the names of the scenarios.
type Costs = BTreeMap<String, Cost>;

/// Compares, or with `--write` writes the budget; `--run` is for the processes under callgrind.
pub fn budget(arguments: impl Iterator<Item = String>) -> ExitCode {
    let arguments: Vec<_> = arguments.collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let write = match arguments[..] {
        [] => false,
        ["--write"] => true,
        ["--run", name, count] => return run_here(name, count),
        _ => {
            eprintln!("Usage: smile-budget [--write | --run <scenario> <deliveries>]");
            return ExitCode::from(2);
        }
    };
    if !hashes_as_the_budget_does() {
        eprintln!("checked nothing: the budget is for x86-64 processors with AVX2");
        return ExitCode::from(OTHER_PROCESSOR);
    }
    let mut costs = Costs::new();
    for scenario in SCENARIOS {
        match measure(*scenario) {
            Ok(cost) => costs.insert(scenario.to_string(), cost),
            Err(err) => {
                eprintln!("{scenario}: {err}");
                return ExitCode::FAILURE;
            }
        };
    }
    if write {
        let json = serde_json::to_string_pretty(&costs).expect("maps of numbers are JSON");
        fs::write(FILE, json + "\n").expect("the budget can be written");
        println!("wrote {FILE}");
    }
    let mut problems = over_the_limits(&costs);
    problems.extend(off_the_budget(&costs));
    if problems.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("{}", problems.join("\n"));
    ExitCode::FAILURE
}

/// `sha2` chooses its code by the processor, and hashing is half of a small delivery.
fn hashes_as_the_budget_does() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

fn run_here(name: &str, count: &str) -> ExitCode {
    let scenario = SCENARIOS
        .iter()
        .find(|scenario| scenario.to_string() == name);
    let scenario = scenario.expect("this program gave the name");
    let count = count.parse().expect("this program gave the count");
    let lap = actix_web::rt::System::new().block_on(scenario.run(count));
    println!("allocations: {}", lap.allocations);
    ExitCode::SUCCESS
}

fn measure(scenario: Scenario) -> Result<Cost, String> {
    let once = under_callgrind(scenario, scenario.count())?;
    let twice = under_callgrind(scenario, 2 * scenario.count())?;
    let count = f64::from(scenario.count());
    let added = twice.allocations - once.allocations;
    Ok(Cost {
        instructions: ((twice.instructions - once.instructions) / count).round(),
        allocations: (added / count * 100.0).round() / 100.0,
    })
}

fn under_callgrind(scenario: Scenario, count: u32) -> Result<Cost, String> {
    let program = std::env::current_exe().map_err(|err| err.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(program)
        .args(["--run", &scenario.to_string(), &count.to_string()])
        // By default glibc's cache takes seven blocks of a size. Eight requests need more, and the
        // counts would then depend on how the heap came to lie.
        .env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=127")
        .output()
        .map_err(|err| match err.kind() {
            ErrorKind::NotFound => "valgrind is not installed: apt-get install valgrind".to_owned(),
            _ => err.to_string(),
        })?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    if !output.status.success() {
        return Err(format!("failed under valgrind:\n{text}"));
    }
    Ok(Cost {
        instructions: number_after("Collected :", &text)?,
        allocations: number_after("allocations:", &text)?,
    })
}

fn number_after(label: &str, text: &str) -> Result<f64, String> {
    text.split_once(label)
        .and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| format!("no `{label}` in the output of valgrind:\n{text}"))
}

/// Prints the ratios beside their limits. Returns what is over a limit.
fn over_the_limits(costs: &Costs) -> Vec<String> {
    let mut problems = Vec::new();
    println!("| ratio of instructions | at most | measured |\n|---|---|---|");
    for (depth, size, kind, to, limit) in LIMITS {
        let of = Scenario(Ours(Axum, Direct, depth), size, kind);
        let to = Scenario(to, size, Good);
        let ratio = costs[&of.to_string()].instructions / costs[&to.to_string()].instructions;
        println!("| {of}, to {to} | {limit:.2} | {ratio:.2} |");
        if ratio > limit {
            problems.push(format!(
                "{of}: {ratio:.3} times {to}, at most {limit} wanted"
            ));
        }
    }
    for scenario in SCENARIOS {
        let Scenario(Ours(framework, ONCE, depth), size, kind) = *scenario else {
            continue;
        };
        let direct = Scenario(Ours(framework, Direct, depth), size, kind);
        let [with, without] = [*scenario, direct].map(|scenario| costs[&scenario.to_string()]);
        let added = with.allocations - without.allocations;
        if added > ADDED_ALLOCATIONS {
            problems.push(format!(
                "{scenario}: deduplication adds {added} allocations"
            ));
        }
    }
    problems
}

/// Prints all costs beside the budget. Returns what differs.
fn off_the_budget(costs: &Costs) -> Vec<String> {
    let json = fs::read_to_string(FILE).unwrap_or_else(|_| "{}".to_owned());
    let budget: Costs = serde_json::from_str(&json).expect("the budget is a map of costs");
    let mut problems = Vec::new();
    println!("\n| for one delivery | instructions | of the budget | allocations | budget |");
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
        if (part - 1.0).abs() > TOLERANCE {
            problems.push(format!(
                "{name}: {part:.3} times the instructions of the budget"
            ));
        }
        if cost.allocations != allowed.allocations {
            problems.push(format!(
                "{name}: {} allocations, {} in the budget",
                cost.allocations, allowed.allocations
            ));
        }
    }
    if !problems.is_empty() {
        problems.push(
            "If the change is meant, write the budget anew, and give the reason in the commit:\n\
             cargo run --release -p smile-benches --bin smile-budget -- --write"
                .to_owned(),
        );
    }
    problems
}

/// The exit code on a processor that the budget is not for.
const OTHER_PROCESSOR: u8 = 3;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/budget.json");

/// Other machines have other libraries, and hash maps other seeds in every process.
const TOLERANCE: f64 = 0.03;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_gets_the_right_answers() {
        actix_web::rt::System::new().block_on(async {
            for scenario in SCENARIOS {
                scenario.run(2).await;
            }
        });
    }
}
