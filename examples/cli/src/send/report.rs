//! The outcomes: a line of JSON each, or a table at the end.

use std::collections::BTreeMap;

use indicatif::{ProgressBar, ProgressStyle};

use super::delivery::Outcome;
use crate::{failure::Failure, table::Table};

pub(crate) struct Report {
    is_json: bool,
    /// On standard error, and only on a terminal.
    progress: ProgressBar,
    outcomes: Vec<Outcome>,
}

impl Report {
    /// For this many events.
    pub(crate) fn new(is_json: bool, events: usize) -> Self {
        let is_long = events > MOST_ROWS && !is_json;
        let progress = match is_long {
            true => ProgressBar::new(events.try_into().unwrap_or_default()),
            false => ProgressBar::hidden(),
        };
        if let Ok(style) =
            ProgressStyle::with_template("{bar:40} {pos}/{len} events, {per_sec}, {eta} left")
        {
            progress.set_style(style);
        }
        Self {
            is_json,
            progress,
            outcomes: Vec::new(),
        }
    }

    /// Adds the attempts for one event.
    pub(crate) fn add(&mut self, outcomes: Vec<Outcome>) {
        self.progress.inc(1);
        if self.is_json {
            let lines = outcomes.iter().map(serde_json::to_string);
            lines.flatten().for_each(|line| println!("{line}"));
        }
        self.outcomes.extend(outcomes);
    }

    /// Prints the table, and returns whether all is as expected. An attempt that was repeated
    /// decides nothing.
    pub(crate) fn finish(self) -> Result<bool, Failure> {
        self.progress.finish_and_clear();
        let decisive = || {
            self.outcomes
                .iter()
                .filter(|outcome| !outcome.is_sent_again)
        };
        let all_ok = decisive().all(|outcome| outcome.ok);
        if self.is_json {
            return Ok(all_ok);
        }
        if self.outcomes.len() <= MOST_ROWS {
            println!("{}", each(&self.outcomes));
        } else {
            println!("{}", grouped(&self.outcomes));
        }
        let wrong = decisive().filter(|outcome| !outcome.ok).count();
        println!("{}", summary(&self.outcomes, wrong));
        if let Some(hint) = hint(&self.outcomes) {
            eprintln!("{hint}");
        }
        Ok(all_ok)
    }
}

fn each(outcomes: &[Outcome]) -> Table {
    let has_faults = outcomes.iter().any(|outcome| outcome.fault.is_some());
    let mut head = vec![
        "TYPE",
        "STATUS",
        "EXPECTED",
        "OK",
        "DUPLICATE",
        "ATTEMPT",
        "MS",
    ];
    if has_faults {
        head.insert(1, "FAULT");
    }
    let mut table = Table::new(&head);
    for outcome in outcomes {
        let mut row = vec![
            outcome.event_type.clone(),
            status(outcome),
            outcome.expected.to_string(),
            yes(outcome.ok).into(),
            yes(outcome.duplicate).into(),
            outcome.attempt.to_string(),
            format!("{:.1}", outcome.ms),
        ];
        if has_faults {
            row.insert(1, outcome.fault.unwrap_or("-").into());
        }
        table.row(row);
    }
    table
}

/// A row for all outcomes that are alike.
fn grouped(outcomes: &[Outcome]) -> Table {
    let mut groups: BTreeMap<(&str, &str, String), Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        let key = (
            outcome.event_type.as_str(),
            outcome.fault.unwrap_or("-"),
            status(outcome),
        );
        groups.entry(key).or_default().push(outcome);
    }
    let mut table = Table::new(&[
        "TYPE",
        "FAULT",
        "STATUS",
        "EXPECTED",
        "OK",
        "DUPLICATES",
        "COUNT",
        "MEDIAN MS",
        "MAX MS",
    ]);
    for ((event_type, fault, status), group) in groups {
        let latencies = Latencies::of(group.iter().copied());
        let first = group.first();
        table.row([
            event_type.to_owned(),
            fault.to_owned(),
            status,
            first.map_or_else(String::new, |outcome| outcome.expected.to_string()),
            first.map_or("no", |outcome| yes(outcome.ok)).to_owned(),
            group
                .iter()
                .filter(|outcome| outcome.duplicate)
                .count()
                .to_string(),
            group.len().to_string(),
            format!("{:.1}", latencies.share(50)),
            format!("{:.1}", latencies.share(100)),
        ]);
    }
    table
}

fn summary(outcomes: &[Outcome], wrong: usize) -> String {
    let latencies = Latencies::of(outcomes.iter().filter(|outcome| outcome.status.is_some()));
    let duplicates = outcomes.iter().filter(|outcome| outcome.duplicate).count();
    let noun = if outcomes.len() == 1 {
        "delivery"
    } else {
        "deliveries"
    };
    let result = match wrong {
        0 => "as expected".to_owned(),
        wrong => format!("{wrong} not as expected"),
    };
    let mut text = format!("{} {noun}: {result}", outcomes.len());
    if duplicates > 0 {
        text.push_str(&format!("; {duplicates} answered as duplicates"));
    }
    if !latencies.0.is_empty() {
        text.push_str(&format!(
            "; ms: median {:.1}, 95 % {:.1}, max {:.1}",
            latencies.share(50),
            latencies.share(95),
            latencies.share(100)
        ));
    }
    text
}

/// What to do about the first unexpected answer.
fn hint(outcomes: &[Outcome]) -> Option<String> {
    let mut wrong = outcomes
        .iter()
        .filter(|outcome| !outcome.ok && !outcome.is_sent_again);
    let wrong = wrong.next()?;
    let variable = wrong.vendor.variable();
    match (wrong.fault, wrong.status) {
        (None, _) | (Some(_), None | Some(404 | 405)) => {}
        (Some("too-large"), _) => return Some("give the receiver's limit by --body-limit".into()),
        (Some("not-json"), Some(200)) => return Some("for an inbox, add --inbox".into()),
        (Some(fault), Some(status)) => {
            let expected = wrong.expected;
            return Some(format!(
                "{fault}: found {status}, expected {expected}; docs/answers.md has all answers"
            ));
        }
    }
    let text = match wrong.status {
        None => return wrong.error.as_ref().map(|err| format!("no answer: {err}")),
        Some(401) => format!(
            "401: has the application, or one behind the receiver, another secret ({variable})? \
             its log says why; `smile verify` explains a signature"
        ),
        Some(404 | 405) => "is the path of --to the one of the webhook?".into(),
        Some(413) => "413: the body is over the receiver's limit".into(),
        Some(status @ 500..) => {
            format!("{status}: see the log of what answered, or the receiver's page")
        }
        Some(_) => return None,
    };
    Some(text)
}

/// Sorted milliseconds.
struct Latencies(Vec<f64>);

impl Latencies {
    fn of<'o>(outcomes: impl Iterator<Item = &'o Outcome>) -> Self {
        let mut all: Vec<f64> = outcomes.map(|outcome| outcome.ms).collect();
        all.sort_by(f64::total_cmp);
        Self(all)
    }

    /// The value that this percentage does not exceed.
    fn share(&self, percent: usize) -> f64 {
        let at = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(at).copied().unwrap_or_default()
    }
}

fn status(outcome: &Outcome) -> String {
    outcome
        .status
        .map_or_else(|| "none".into(), |status| status.to_string())
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

/// More outcomes are shown in groups.
const MOST_ROWS: usize = 60;
