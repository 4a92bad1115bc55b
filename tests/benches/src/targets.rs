//! What the project wants to be true of the figures.

use crate::{
    in_process::{Cell, Size, Use, deduplicated},
    samples::Samples,
};

/// One figure and its limit.
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) measured: Option<f64>,
    pub(crate) limit: Limit,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    pub(crate) fn holds(&self) -> Option<bool> {
        self.measured.map(|measured| match self.limit {
            Limit::AtMost(limit) => measured <= limit,
            Limit::AtLeast(limit) => measured >= limit,
        })
    }
}

/// Prints the targets that were measured; whether all of them hold.
pub(crate) fn print(targets: &[Target]) -> bool {
    println!("\n### Targets\n\n| | wanted | measured | |\n|---|---|---|---|");
    let mut all = true;
    for target in targets {
        let (Some(measured), Some(holds)) = (target.measured, target.holds()) else {
            continue;
        };
        let wanted = match target.limit {
            Limit::AtMost(limit) => format!("at most {limit}"),
            Limit::AtLeast(limit) => format!("at least {limit}"),
        };
        let verdict = if holds { "holds" } else { "**misses**" };
        println!("| {} | {wanted} | {measured:.3} | {verdict} |", target.what);
        all &= holds;
    }
    all
}

pub(crate) fn in_process(samples: &Samples<Cell>) -> Vec<Target> {
    let mut targets = Vec::new();
    let mut add = |what: String, measured, limit| {
        targets.push(Target {
            what,
            measured,
            limit,
        });
    };
    let ratio = |size, of: (&str, Use), to: (&str, Use)| {
        samples.ratio(
            &(size, of.0.to_owned(), of.1),
            &(size, to.0.to_owned(), to.1),
        )
    };
    let limits = [
        (Size::B281, 0.75, 0.83),
        (Size::K8, 0.45, 0.80),
        (Size::K112, 0.38, 0.74),
        (Size::M1, 0.38, 0.74),
    ];
    for (size, envelope, typed) in limits {
        let name = size.name();
        for (usage, limit) in [(Use::Envelope, envelope), (Use::Typed, typed)] {
            let measured = ratio(size, (OURS[0], usage), ("axum: by hand", Use::Typed));
            let what = format!("{usage:?}, {name}: ours to by hand, on axum");
            add(what, measured, Limit::AtMost(limit));
        }
    }
    for (size, limit) in [(Size::B281, 1.4), (Size::K112, 1.8)] {
        for (peer, ours) in [
            ("axum: webhook-verify", OURS[0]),
            ("actix-web: webhook-verify", OURS[2]),
            ("actix-web: actix-web-lab `RequestSignature`", OURS[2]),
        ] {
            let measured = ratio(size, (peer, Use::Typed), (ours, Use::Typed));
            let what = format!("Typed, {}: {peer} to ours", size.name());
            add(what, measured, Limit::AtLeast(limit));
        }
    }
    for size in Size::ALL {
        for ours in OURS {
            let of = (size, deduplicated(ours), Use::Alone);
            let measured = samples.difference(&of, &(size, ours.to_owned(), Use::Alone));
            let what = format!("{}: {ours}: what deduplication adds, in us", size.name());
            add(what, measured, Limit::AtMost(2.0));
        }
    }
    targets
}

const OURS: [&str; 3] = [
    "axum: **ours**, direct",
    "hyper: **ours**, direct",
    "actix-web: **ours**, direct",
];
