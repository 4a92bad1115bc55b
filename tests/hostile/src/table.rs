//! The lines that say what was measured.

use std::{fmt::Display, fs, time::Instant};

use crate::Framework;

pub(crate) struct Table {
    name: String,
    framework: Framework,
    missed: usize,
    begun: Instant,
}

impl Table {
    pub(crate) fn begin() -> Self {
        println!("| check | framework | measured | criterion | |");
        println!("|---|---|---|---|---|");
        Self {
            name: String::new(),
            framework: Framework::Axum,
            missed: 0,
            begun: Instant::now(),
        }
    }

    /// The check that the next lines are of.
    pub(crate) fn at(&mut self, name: &str, framework: Framework) {
        name.clone_into(&mut self.name);
        self.framework = framework;
        eprintln!(
            "{name}, {}, after {} s, load average {}",
            framework.name(),
            self.begun.elapsed().as_secs(),
            load_average()
        );
    }

    /// A figure with its criterion, and whether it meets it.
    pub(crate) fn row(&mut self, measured: impl Display, criterion: impl Display, passed: bool) {
        let word = if passed { "pass" } else { "**FAIL**" };
        self.missed += usize::from(!passed);
        self.print(&measured, &criterion, word);
    }

    /// A figure without a criterion.
    pub(crate) fn note(&mut self, measured: impl Display) {
        self.print(&measured, &"none", "");
    }

    pub(crate) fn all_passed(&self) -> bool {
        self.missed == 0
    }

    fn print(&self, measured: &dyn Display, criterion: &dyn Display, word: &str) {
        let (name, framework) = (&self.name, self.framework.name());
        println!("| {name} | {framework} | {measured} | {criterion} | {word} |");
    }
}

fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}
