//! What is counted.

use crate::{
    delivery::Flaw,
    floor::{Floor, Reads},
    frames::Arrival,
    in_process::Size,
    ours::Handoff,
    subject::{Local, Subject},
    variant::{Depth, Framework, Kind, all},
};

/// Deliveries of one kind to one receiver.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) size: Size,
    pub(super) flaw: Flaw,
    pub(super) arrival: Arrival,
    pub(super) status: u16,
    /// How many deliveries to count.
    pub(super) count: u64,
    receiver: Receiver,
}

enum Receiver {
    Floor(Reads),
    Variant(Framework, Kind, Depth),
}

impl Scenario {
    pub(super) fn open(&self) -> Local<'static, Box<dyn Subject>> {
        match self.receiver {
            Receiver::Floor(reads) => Box::pin(async move {
                let floor: Box<dyn Subject> = Box::new(Floor::new(reads));
                floor
            }),
            Receiver::Variant(framework, kind, depth) => all()
                .iter()
                .find(|variant| (variant.framework, variant.kind) == (framework, kind))
                .expect("there is one of each")
                .open(depth),
        }
    }

    const fn floor(name: &'static str, reads: Reads) -> Self {
        Self {
            receiver: Receiver::Floor(reads),
            ..Self::good(name, Axum, DIRECT, K112, Envelope)
        }
    }

    const fn in_frames(name: &'static str, depth: Depth) -> Self {
        Self {
            arrival: Arrival::InFrames,
            ..Self::good(name, Axum, DIRECT, K112, depth)
        }
    }

    const fn good(
        name: &'static str,
        framework: Framework,
        kind: Kind,
        size: Size,
        depth: Depth,
    ) -> Self {
        Self {
            name,
            size,
            flaw: Flaw::None,
            arrival: Arrival::Whole,
            status: 204,
            count: match size {
                Size::B281 => 200,
                Size::K8 => 50,
                Size::K112 | Size::M1 => 8,
            },
            receiver: Receiver::Variant(framework, kind, depth),
        }
    }

    const fn bad(
        name: &'static str,
        framework: Framework,
        kind: Kind,
        flaw: Flaw,
        status: u16,
    ) -> Self {
        Self {
            flaw,
            status,
            ..Self::good(name, framework, kind, Size::B281, Depth::Envelope)
        }
    }
}

use Depth::{Envelope, Typed};
use Flaw::{Lost, SignatureMissing, SignatureWrong};
use Framework::{Actix, Axum, Hyper};
use Kind::Yardstick;
use Size::{B281, K8, K112};

const DIRECT: Kind = Kind::Ours(Handoff::Direct);
const ONCE: Kind = Kind::Ours(Handoff::Deduplicated);

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario::floor("floor, 112 KB, signature and copy", Reads::Nothing),
    Scenario::floor("floor, 112 KB, signature, copy and JSON", Reads::Borrowed),
    Scenario::good("axum, 281 B, envelope", Axum, DIRECT, B281, Envelope),
    Scenario::good("axum, 281 B, typed", Axum, DIRECT, B281, Typed),
    Scenario::good("axum, 281 B, deduplicated", Axum, ONCE, B281, Envelope),
    Scenario::good("axum, 281 B, by hand", Axum, Yardstick, B281, Typed),
    Scenario::good("axum, 8 KB, envelope", Axum, DIRECT, K8, Envelope),
    Scenario::good("axum, 8 KB, typed", Axum, DIRECT, K8, Typed),
    Scenario::good("axum, 8 KB, by hand", Axum, Yardstick, K8, Typed),
    Scenario::good("axum, 112 KB, envelope", Axum, DIRECT, K112, Envelope),
    Scenario::good("axum, 112 KB, typed", Axum, DIRECT, K112, Typed),
    Scenario::in_frames("axum, 112 KB in frames, envelope", Envelope),
    Scenario::in_frames("axum, 112 KB in frames, typed", Typed),
    Scenario::good("axum, 112 KB, deduplicated", Axum, ONCE, K112, Envelope),
    Scenario::good("axum, 112 KB, by hand", Axum, Yardstick, K112, Typed),
    Scenario::bad("axum, no signature", Axum, DIRECT, SignatureMissing, 401),
    Scenario::bad("axum, wrong signature", Axum, DIRECT, SignatureWrong, 401),
    Scenario::bad("axum, 404", Axum, DIRECT, Lost, 404),
    Scenario::good("hyper, 281 B, envelope", Hyper, DIRECT, B281, Envelope),
    Scenario::good("hyper, 281 B, typed", Hyper, DIRECT, B281, Typed),
    Scenario::good("hyper, 281 B, by hand", Hyper, Yardstick, B281, Typed),
    Scenario::bad("hyper, no signature", Hyper, DIRECT, SignatureMissing, 401),
    Scenario::bad("hyper, 404", Hyper, DIRECT, Lost, 404),
    Scenario::good("actix-web, 281 B, envelope", Actix, DIRECT, B281, Envelope),
    Scenario::good("actix-web, 281 B, typed", Actix, DIRECT, B281, Typed),
    Scenario::good(
        "actix-web, 281 B, deduplicated",
        Actix,
        ONCE,
        B281,
        Envelope,
    ),
    Scenario::good("actix-web, 281 B, by hand", Actix, Yardstick, B281, Typed),
    Scenario::good("actix-web, 112 KB, typed", Actix, DIRECT, K112, Typed),
    Scenario::bad(
        "actix-web, no signature",
        Actix,
        DIRECT,
        SignatureMissing,
        401,
    ),
    Scenario::bad("actix-web, 404", Actix, DIRECT, Lost, 404),
];
