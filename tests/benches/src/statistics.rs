//! Medians of rounds.

/// The median; not a number where nothing was measured.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        len => f64::midpoint(sorted[(len - 1) / 2], sorted[len / 2]),
    }
}

/// The median of the rounds' ratios: whatever slowed the machine down in a round slowed both.
pub(crate) fn ratio(of: &[f64], to: &[f64]) -> f64 {
    let ratios: Vec<_> = of.iter().zip(to).map(|(of, to)| of / to).collect();
    median(&ratios)
}

/// The median of the rounds' differences.
pub(crate) fn difference(of: &[f64], to: &[f64]) -> f64 {
    let differences: Vec<_> = of.iter().zip(to).map(|(of, to)| of - to).collect();
    median(&differences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[7.0]), 7.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn ratios_and_differences_are_of_the_same_round() {
        let (slow, fast) = ([2.0, 20.0, 6.0], [1.0, 10.0, 3.0]);
        assert_eq!(ratio(&slow, &fast), 2.0);
        assert_eq!(difference(&slow, &fast), 3.0);
    }
}
