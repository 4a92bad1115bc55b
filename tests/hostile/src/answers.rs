//! How often each answer came.

use std::{collections::BTreeMap, fmt};

/// Statuses, and what came in the place of an answer.
#[derive(Default)]
pub(crate) struct Answers {
    counts: BTreeMap<u16, usize>,
    /// Connections that ended without an answer.
    lost: usize,
}

impl Answers {
    pub(crate) fn add<E>(&mut self, answer: &Result<u16, E>) {
        match answer {
            Ok(status) => *self.counts.entry(*status).or_default() += 1,
            Err(_) => self.lost += 1,
        }
    }

    pub(crate) fn append(&mut self, other: &Self) {
        for (status, count) in &other.counts {
            *self.counts.entry(*status).or_default() += count;
        }
        self.lost += other.lost;
    }

    pub(crate) fn of(&self, status: u16) -> usize {
        self.counts.get(&status).copied().unwrap_or_default()
    }

    pub(crate) fn all(&self) -> usize {
        self.counts.values().sum::<usize>() + self.lost
    }

    /// Whether each was answered so.
    pub(crate) fn are_all(&self, status: u16) -> bool {
        self.of(status) == self.all() && self.all() > 0
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<_> = self
            .counts
            .iter()
            .map(|(status, count)| format!("{count} x {status}"))
            .collect();
        if self.lost > 0 {
            parts.push(format!("{} without an answer", self.lost));
        }
        f.write_str(&parts.join(", "))
    }
}
