//! The table: every way to receive, in this process, on one thread.

use crate::{
    body::Template,
    delivery::{Delivery, Flaw, Scheme},
    frames::Arrival,
    options::Options,
    ours::Handoff,
    samples::Samples,
    subject::Subject,
    variant::{Depth, Framework, Kind, Variant, all},
};

/// What `--only` chooses of this.
pub(crate) const PART: &str = "in-process";
pub(crate) const PART_DEDUPLICATION: &str = "deduplication";

/// One cell of the table: body, variant, use.
pub(crate) type Cell = (Size, String, Use);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Size {
    B281,
    K8,
    K112,
    M1,
}

impl Size {
    pub(crate) const ALL: [Self; 4] = [Self::B281, Self::K8, Self::K112, Self::M1];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::B281 => "281 B",
            Self::K8 => "8 KB",
            Self::K112 => "112 KB",
            Self::M1 => "1 MiB",
        }
    }

    pub(crate) fn template(self) -> Template {
        match self {
            Self::B281 => Template::account_connected(),
            Self::K8 => Template::task_finished(8 << 10),
            Self::K112 => Template::task_finished(112 << 10),
            Self::M1 => Template::task_finished(1 << 20),
        }
    }

    /// Deliveries in a lap: ten milliseconds of work or so, so that the first few, which find the caches
    /// full of what ran before, are not most of it. A server runs one app.
    fn lap(self, uses: &[Use]) -> u64 {
        match (self, uses) {
            (Self::B281, _) => 512,
            (Self::K8, _) => 96,
            (Self::K112, _) => 48,
            // The first of three would be a third of what is looked for here.
            (Self::M1, [Use::Alone]) => 24,
            (Self::M1, _) => 3,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    Envelope,
    Typed,
    SignatureMissing,
    SignatureWrong,
    /// The framework's 404, with the body unread.
    Lost,
    /// The envelope once more, of ours alone and without the hash: a difference of two microseconds is
    /// not seen between others, each of which leaves its mark on the caches, nor beside a hash.
    Alone,
}

impl Use {
    fn depth(self) -> Depth {
        match self {
            Self::Envelope | Self::Alone => Depth::Envelope,
            _ => Depth::Typed,
        }
    }

    fn flaw(self) -> Flaw {
        match self {
            Self::Envelope | Self::Typed | Self::Alone => Flaw::None,
            Self::SignatureMissing => Flaw::SignatureMissing,
            Self::SignatureWrong => Flaw::SignatureWrong,
            Self::Lost => Flaw::Lost,
        }
    }

    fn arrival(self) -> Arrival {
        match self {
            Self::Alone => Arrival::HashUntimed,
            _ => Arrival::Whole,
        }
    }

    fn is_head_only(self) -> bool {
        matches!(self, Self::SignatureMissing | Self::Lost)
    }

    fn is_answered(self, status: u16) -> bool {
        match self {
            Self::Envelope | Self::Typed | Self::Alone => status == 204,
            Self::SignatureMissing | Self::SignatureWrong => matches!(status, 400 | 401),
            Self::Lost => status == 404,
        }
    }
}

struct Contestant<'v> {
    variant: &'v Variant,
    usage: Use,
    subject: Box<dyn Subject>,
}

/// Runs everything that the options choose; the samples are microseconds for one delivery.
pub(crate) async fn run(options: &Options) -> (Vec<Variant>, Samples<Cell>) {
    let variants: Vec<_> = all()
        .into_iter()
        .filter(|variant| variant.kind == Kind::Yardstick || options.chooses(&variant.label()))
        .collect();
    let mut samples = Samples::new();
    let mut fresh = 0;
    for size in Size::ALL {
        if !options.chooses_size(size.name()) {
            continue;
        }
        // What is compared runs in the same rounds.
        for (part, uses) in [
            (PART, &[Use::Envelope, Use::Typed][..]),
            (PART, &[Use::SignatureMissing, Use::Lost]),
            (PART, &[Use::SignatureWrong]),
            (PART_DEDUPLICATION, &[Use::Alone]),
        ] {
            if !options.chooses_part(part) {
                continue;
            }
            let mut contestants = contestants(&variants, uses).await;
            // Of a difference as small as this many are needed before it is seen.
            let rounds = options.rounds(match (size, uses) {
                (Size::M1, [Use::Alone]) => 241,
                (_, [Use::Alone]) => 121,
                (Size::M1, _) => 31,
                _ => 61,
            });
            for round in 0..=rounds {
                let bodies: Vec<_> = if uses.iter().all(|usage| usage.is_head_only()) {
                    // Nobody looks at these, but many are needed to see what the head costs.
                    vec![size.template().with_id(fresh); 512]
                } else {
                    let template = size.template();
                    (0..size.lap(uses))
                        .map(|n| template.with_id(fresh + n))
                        .collect()
                };
                fresh += size.lap(uses);
                // In any order: whoever ran before leaves its mark on caches and on the allocator.
                fastrand::shuffle(&mut contestants);
                if uses == [Use::Alone] {
                    // Next to what it is compared with: from one tenth of a second to the next a
                    // machine's caches change by more than there is to be seen.
                    let turns: Vec<_> = contestants.iter().map(|c| c.variant.framework).collect();
                    contestants
                        .sort_by_key(|c| turns.iter().position(|f| *f == c.variant.framework));
                }
                let times = one_round(&mut contestants, &bodies).await;
                // The first round warms up.
                if round > 0 {
                    for (label, usage, time) in times {
                        samples.add((size, label, usage), time);
                    }
                }
            }
            eprintln!("{} {uses:?} done", size.name());
        }
    }
    (variants, samples)
}

async fn contestants<'v>(variants: &'v [Variant], uses: &[Use]) -> Vec<Contestant<'v>> {
    let mut contestants = Vec::new();
    for variant in variants {
        for usage in uses {
            let takes_part = match usage {
                Use::Lost => variant.kind == Kind::Yardstick,
                Use::Alone => matches!(variant.kind, Kind::Ours(_)),
                _ => true,
            };
            if !takes_part {
                continue;
            }
            contestants.push(Contestant {
                variant,
                usage: *usage,
                subject: variant.open(usage.depth()).await,
            });
        }
    }
    contestants
}

async fn one_round(
    contestants: &mut [Contestant<'_>],
    bodies: &[bytes::Bytes],
) -> Vec<(String, Use, f64)> {
    let mut signed: Vec<(Scheme, Flaw, Vec<Delivery>)> = Vec::new();
    let mut times = Vec::new();
    for contestant in contestants {
        let (scheme, usage) = (contestant.variant.scheme, contestant.usage);
        let known = signed
            .iter()
            .position(|(s, f, _)| (*s, *f) == (scheme, usage.flaw()));
        let at = known.unwrap_or_else(|| {
            let sign = |body: &bytes::Bytes| {
                Delivery::new(scheme, usage.flaw(), body.clone()).coming(usage.arrival())
            };
            let deliveries = if usage.is_head_only() {
                vec![sign(&bodies[0]); bodies.len()]
            } else {
                bodies.iter().map(sign).collect()
            };
            signed.push((scheme, usage.flaw(), deliveries));
            signed.len() - 1
        });
        let lap = contestant.subject.lap(&signed[at].2).await;
        let label = contestant.variant.label();
        assert!(
            lap.statuses.iter().all(|status| usage.is_answered(*status)),
            "{label}, {usage:?}: answered {:?}",
            lap.statuses
        );
        let count = u32::try_from(bodies.len()).expect("a lap is short");
        times.push((
            label,
            usage,
            lap.time.as_secs_f64() * 1e6 / f64::from(count),
        ));
    }
    times
}

/// Writes the tables of all sizes.
pub(crate) fn print(variants: &[Variant], samples: &Samples<Cell>) {
    let measured = |size: &Size| {
        variants
            .iter()
            .any(|v| samples.median(&(*size, v.label(), Use::Typed)).is_some())
    };
    let sizes: Vec<_> = Size::ALL.into_iter().filter(measured).collect();
    if sizes.is_empty() {
        return;
    }
    for size in sizes {
        println!(
            "\n### {} (in-process, us of processor time for one delivery)\n",
            size.name()
        );
        println!(
            "| | HMAC | envelope only | fully typed | signature missing | signature wrong |\n\
             |---|---|---|---|---|---|"
        );
        for framework in [Framework::Axum, Framework::Hyper, Framework::Actix] {
            let here = || variants.iter().filter(|v| v.framework == framework);
            let Some(base) = here()
                .find(|v| v.kind == Kind::Yardstick)
                .map(Variant::label)
            else {
                continue;
            };
            for variant in here() {
                let cell = |usage, to| {
                    let (of, to) = ((size, variant.label(), usage), (size, base.clone(), to));
                    match (samples.median(&of), samples.ratio(&of, &to)) {
                        (Some(time), Some(ratio)) => format!("{time:.2} ({ratio:.2}x)"),
                        _ => "-".to_owned(),
                    }
                };
                println!(
                    "| {} | {} | {} | {} | {} | {} |",
                    variant.label(),
                    variant.scheme.hash(),
                    cell(Use::Envelope, Use::Typed),
                    cell(Use::Typed, Use::Typed),
                    cell(Use::SignatureMissing, Use::Lost),
                    cell(Use::SignatureWrong, Use::SignatureWrong),
                );
            }
            let lost = samples.median(&(size, base.clone(), Use::Lost));
            println!(
                "| {}: 404, body unread | - | - | - | {:.2} (1.00x) | - |",
                framework.name(),
                lost.unwrap_or(f64::NAN)
            );
        }
    }
    println!(
        "\nRatios: of the envelope and typed columns to the typed handler written by hand on the \
         same framework, of a missing signature to the framework's 404, of a wrong one to the \
         handler written by hand."
    );
}

/// Writes what it costs to remember events.
pub(crate) fn print_deduplication(variants: &[Variant], samples: &Samples<Cell>) {
    println!(
        "\n### What deduplication adds (in-process, envelope only, us of processor time)\n\n\
         | | size | direct | deduplicated | adds |\n|---|---|---|---|---|"
    );
    for size in Size::ALL {
        for variant in variants {
            let direct = (size, variant.label(), Use::Alone);
            let deduplicated = (size, deduplicated(&variant.label()), Use::Alone);
            let times = [&direct, &deduplicated].map(|cell| samples.median(cell));
            let adds = samples.difference(&deduplicated, &direct);
            if let (Kind::Ours(Handoff::Direct), [Some(without), Some(with)], Some(adds)) =
                (variant.kind, times, adds)
            {
                println!(
                    "| {} | {} | {without:.2} | {with:.2} | {adds:.2} |",
                    variant.framework.name(),
                    size.name(),
                );
            }
        }
    }
}

/// The label of ours with events remembered, by that of ours without.
pub(crate) fn deduplicated(direct: &str) -> String {
    direct.replace("direct", "deduplicated")
}
