//! Welch's t-test on times that are mostly noise.

/// Above it two classes differ; dudect's own limit. Chance exceeds it once in 150,000 times.
pub(crate) const THRESHOLD: f64 = 4.5;

/// How many of a hundred times are left out at each end: interrupts and other programs.
const CROPPED: usize = 10;

/// The t statistic of two samples, and the difference of their means, first less second.
pub(crate) fn t_statistic(one: Vec<f64>, other: Vec<f64>) -> (f64, f64) {
    let mut all: Vec<_> = one.iter().chain(&other).copied().collect();
    all.sort_by(f64::total_cmp);
    let cut = all.len() * CROPPED / 100;
    let (least, most) = match all.get(cut..all.len() - cut) {
        Some([least, .., most]) => (*least, *most),
        _ => return (f64::NAN, f64::NAN),
    };
    // Both by the limits of all, or the crop itself would hide a difference.
    let [one, other] = [one, other].map(|mut times| {
        times.retain(|time| (least..=most).contains(time));
        times
    });
    welch(&one, &other)
}

fn welch(one: &[f64], other: &[f64]) -> (f64, f64) {
    let [one, other] = [one, other].map(moments);
    let difference = one.mean - other.mean;
    let error = (one.variance / one.count + other.variance / other.count).sqrt();
    (difference / error, difference)
}

struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

fn moments(values: &[f64]) -> Moments {
    let count = values.iter().map(|_| 1.0).sum::<f64>();
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    Moments {
        count,
        mean,
        variance: squares.sum::<f64>() / (count - 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statistic_is_that_of_welch() {
        // Means 12 and 14, and a variance of 2.5 in each five: the error is 1.
        let (t, difference) = welch(
            &[10.0, 11.0, 12.0, 13.0, 14.0],
            &[12.0, 13.0, 14.0, 15.0, 16.0],
        );
        assert_eq!((t, difference), (-2.0, -2.0));
    }

    #[test]
    fn a_shift_of_two_units_is_seen_and_an_outlier_is_not() {
        let times = |shift: f64| {
            (0..1000)
                .map(|n| f64::from(n % 10 + n / 10 % 10) + shift)
                .collect::<Vec<_>>()
        };
        let (t, difference) = t_statistic(times(0.0), times(2.0));
        assert!(t < -THRESHOLD && difference < 0.0, "{t}");
        let mut interrupted = times(0.0);
        interrupted[0] = 1e9;
        let (_, difference) = t_statistic(interrupted, times(0.0));
        assert!(difference.abs() < 0.1, "{difference}");
    }
}
