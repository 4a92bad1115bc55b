//! Times of interleaved rounds, and what can be said of them.

use std::collections::BTreeMap;

/// What was done in one cell of a table, for each round.
#[derive(Debug)]
pub(crate) struct Samples<K>(BTreeMap<K, Vec<f64>>);

impl<K> Default for Samples<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Samples<K> {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add(&mut self, key: K, value: f64) {
        self.0.entry(key).or_default().push(value);
    }

    /// The median; `None` where nothing was measured.
    pub(crate) fn median(&self, key: &K) -> Option<f64> {
        self.0.get(key).map(|values| median(values.clone()))
    }

    /// The median of each round's ratio: whatever slowed the machine down in a round slowed both.
    pub(crate) fn ratio(&self, of: &K, to: &K) -> Option<f64> {
        self.compare(of, to, |of, to| of / to)
    }

    /// The median of each round's difference.
    pub(crate) fn difference(&self, of: &K, to: &K) -> Option<f64> {
        self.compare(of, to, |of, to| of - to)
    }

    fn compare(&self, of: &K, to: &K, by: fn(f64, f64) -> f64) -> Option<f64> {
        let (of, to) = (self.0.get(of)?, self.0.get(to)?);
        Some(median(
            of.iter().zip(to).map(|(of, to)| by(*of, *to)).collect(),
        ))
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (half, last) = (values.len() / 2, values.len() - 1);
    f64::midpoint(values[last - half], values[half])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(vec![7.0]), 7.0);
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let mut samples = Samples::new();
        for (slow, fast) in [(2.0, 1.0), (20.0, 10.0), (6.0, 3.0)] {
            samples.add("slow", slow);
            samples.add("fast", fast);
        }
        assert_eq!(samples.ratio(&"slow", &"fast"), Some(2.0));
        assert_eq!(samples.difference(&"slow", &"fast"), Some(3.0));
        assert_eq!(samples.ratio(&"slow", &"none"), None);
    }
}
