//! The limits that the project sets to the ratios of the table.

use crate::{
    body::Size,
    receiver::{
        Depth::{Envelope, Typed},
        Framework::{Actix, Axum},
        Handoff::Direct,
        Peer::WebhookVerify,
        Receiver::{ByHand, Ours, Peer},
    },
    statistics::{difference, median, ratio},
    table::{FULL, Times},
};

enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

/// Prints the targets. Returns whether all of them hold.
pub(crate) fn print(times: &Times) -> bool {
    println!("\n| target | limit | measured | |\n|---|---|---|---|");
    let mut all_hold = true;
    let mut check = |target: String, limit: Limit, measured: f64| {
        let (limit, holds) = match limit {
            Limit::AtMost(limit) => (format!("at most {limit:.2}"), measured <= limit),
            Limit::AtLeast(limit) => (format!("at least {limit:.2}"), measured >= limit),
        };
        let verdict = if holds { "holds" } else { "**misses**" };
        println!("| {target} | {limit} | {measured:.2} | {verdict} |");
        all_hold &= holds;
    };
    for size in [Size::K8, Size::K112, Size::M1] {
        let (ours, by_hand) = (Ours(Axum, Direct, Typed), ByHand(Axum, Typed));
        let measured = ratio(&times[&(size, ours)], &times[&(size, by_hand)]);
        check(
            format!("{ours}, to by hand, {size}"),
            Limit::AtMost(0.8),
            measured,
        );
    }
    for (framework, limit) in [(Axum, 1.4), (Actix, 1.0)] {
        let (peer, ours) = (
            Peer(WebhookVerify(framework)),
            Ours(framework, Direct, Typed),
        );
        for size in Size::ALL {
            // Not there without the feature `peers`.
            if let Some(peer_times) = times.get(&(size, peer)) {
                let measured = ratio(peer_times, &times[&(size, ours)]);
                check(
                    format!("{peer}, to ours, {size}"),
                    Limit::AtLeast(limit),
                    measured,
                );
            }
        }
    }
    for framework in [Axum, Actix] {
        let (direct, deduplicated) = (
            Ours(framework, Direct, Envelope),
            Ours(framework, FULL, Envelope),
        );
        for size in Size::ALL {
            let without = &times[&(size, direct)];
            let limit = f64::max(2.0, median(without) / 100.0);
            check(
                format!("{deduplicated}, us added, {size}"),
                Limit::AtMost(limit),
                difference(&times[&(size, deduplicated)], without),
            );
        }
    }
    all_hold
}
