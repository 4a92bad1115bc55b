//! Everything that is compared.

use std::fmt;

use crate::{
    by_hand::{self, Verifier},
    event::{Envelope, Event},
    floor::Floor,
    ours::{self, EnvelopeOnly, Typed},
    subject::{Subject, on_actix},
};

/// One way to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Receiver {
    /// The least that a delivery can cost.
    Floor(Depth),
    ByHand(Framework, Depth),
    Ours(Framework, Handoff, Depth),
    /// Another crate, typed.
    Peer(Peer),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Framework {
    Axum,
    Actix,
}

/// How much of an event the handler reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    Envelope,
    Typed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Handoff {
    /// None of the others remembers events, so this is what to compare with them.
    Direct,
    /// In memory, the default, with room for this many events.
    Deduplicated { capacity: usize },
}

/// The crates that can be set up for HMAC-SHA512, by the same `sha2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    /// `webhook-verify`, and on axum the framework's `Json` behind it.
    WebhookVerify(Framework),
    /// `webhook-verify` on axum, and a handler that gives `Bytes` to `serde_json`.
    WebhookVerifyBytes,
    /// `RequestSignature` of `actix-web-lab`.
    RequestSignature,
}

impl Receiver {
    pub(crate) async fn open(self) -> Box<dyn Subject> {
        use Depth::{Envelope as Front, Typed as All};
        use Framework::{Actix, Axum};

        match self {
            Self::Floor(depth) => Box::new(Floor {
                verifier: Verifier::new(),
                depth,
            }),
            Self::ByHand(Axum, Front) => Box::new(by_hand::axum::app::<Envelope<String>>()),
            Self::ByHand(Axum, All) => Box::new(by_hand::axum::app::<Event<String>>()),
            Self::ByHand(Actix, Front) => {
                on_actix(by_hand::actix::resource::<Envelope<String>>()).await
            }
            Self::ByHand(Actix, All) => on_actix(by_hand::actix::resource::<Event<String>>()).await,
            Self::Ours(framework, handoff, depth) => {
                let intake = ours::intake(handoff);
                match (framework, depth) {
                    (Axum, Front) => Box::new(ours::axum::app::<EnvelopeOnly>(intake)),
                    (Axum, All) => Box::new(ours::axum::app::<Typed>(intake)),
                    (Actix, Front) => on_actix(ours::actix::resource::<EnvelopeOnly>(intake)).await,
                    (Actix, All) => on_actix(ours::actix::resource::<Typed>(intake)).await,
                }
            }
            #[cfg(feature = "peers")]
            Self::Peer(peer) => crate::peers::open(peer).await,
            #[cfg(not(feature = "peers"))]
            Self::Peer(_) => unreachable!("this was built without the feature `peers`"),
        }
    }

    /// The framework; the floor has none.
    pub(crate) fn framework(self) -> Option<Framework> {
        match self {
            Self::Floor(_) => None,
            Self::ByHand(framework, _)
            | Self::Ours(framework, ..)
            | Self::Peer(Peer::WebhookVerify(framework)) => Some(framework),
            Self::Peer(Peer::WebhookVerifyBytes) => Some(Framework::Axum),
            Self::Peer(Peer::RequestSignature) => Some(Framework::Actix),
        }
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.framework() {
            None => "floor: ",
            Some(Framework::Axum) => "axum: ",
            Some(Framework::Actix) => "actix-web: ",
        })?;
        f.write_str(match self {
            Self::Floor(Depth::Envelope) => "signature and copy",
            Self::Floor(Depth::Typed) => "signature, copy and JSON",
            Self::ByHand(_, Depth::Envelope) => "by hand, envelope",
            Self::ByHand(_, Depth::Typed) => "by hand, typed",
            Self::Ours(_, Handoff::Direct, Depth::Envelope) => "ours, envelope",
            Self::Ours(_, Handoff::Direct, Depth::Typed) => "ours, typed",
            Self::Ours(_, Handoff::Deduplicated { .. }, Depth::Envelope) => {
                "ours, envelope, deduplicated"
            }
            Self::Ours(_, Handoff::Deduplicated { .. }, Depth::Typed) => {
                "ours, typed, deduplicated"
            }
            Self::Peer(Peer::WebhookVerify(Framework::Axum)) => "webhook-verify and `Json`, typed",
            Self::Peer(Peer::WebhookVerifyBytes) => "webhook-verify and `Bytes`, typed",
            Self::Peer(Peer::WebhookVerify(Framework::Actix)) => "webhook-verify, typed",
            Self::Peer(Peer::RequestSignature) => "actix-web-lab `RequestSignature`, typed",
        })
    }
}
