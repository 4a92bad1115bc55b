//! Everything that is compared, by name.

use actix_web::{App, test::init_service, web::Data};

use crate::{
    by_hand,
    delivery::Scheme,
    event::{Envelope, Event},
    frames::Frames,
    ours::{self, EnvelopeOnly, Handoff, Typed},
    subject::{Local, OnActix, OnHyper, Subject},
};

/// One way to receive.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) framework: Framework,
    pub(crate) scheme: Scheme,
    pub(crate) kind: Kind,
    open: fn(Depth) -> Local<'static, Box<dyn Subject>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framework {
    Axum,
    Hyper,
    Actix,
}

impl Framework {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Hyper => "hyper",
            Self::Actix => "actix-web",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The handler that everything on its framework is compared with.
    Yardstick,
    ByHand,
    Ours(Handoff),
    #[cfg_attr(not(feature = "peers"), expect(dead_code, reason = "there are none"))]
    Peer,
}

/// How much of an event is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    Envelope,
    Typed,
}

impl Variant {
    pub(crate) fn open(&self, depth: Depth) -> Local<'static, Box<dyn Subject>> {
        (self.open)(depth)
    }

    pub(crate) fn label(&self) -> String {
        format!("{}: {}", self.framework.name(), self.name)
    }
}

/// Opens the one of two that reads as deep as asked.
macro_rules! open {
    ($envelope:ty, $typed:ty, |$type:ident| $subject:expr) => {
        |depth| -> Local<'static, Box<dyn Subject>> {
            Box::pin(async move {
                let subject: Box<dyn Subject> = match depth {
                    Depth::Envelope => {
                        type $type = $envelope;
                        Box::new($subject)
                    }
                    Depth::Typed => {
                        type $type = $typed;
                        Box::new($subject)
                    }
                };
                subject
            })
        }
    };
}

/// What reads with the structs of the handler written by hand.
macro_rules! with_structs {
    (|$type:ident| $subject:expr) => {
        open!(Envelope<String>, Event<String>, |$type| $subject)
    };
}

/// What reads with our events.
macro_rules! with_events {
    (|$type:ident| $subject:expr) => {
        open!(EnvelopeOnly, Typed, |$type| $subject)
    };
}

pub(crate) fn all() -> Vec<Variant> {
    #[cfg_attr(
        not(feature = "peers"),
        expect(unused_mut, reason = "nothing is added")
    )]
    let mut all = vec![
        Variant {
            name: "by hand",
            framework: Framework::Axum,
            scheme: Scheme::Smile,
            kind: Kind::Yardstick,
            open: with_structs!(|E| by_hand::axum::app::<E>()),
        },
        Variant {
            name: "by hand, with care",
            framework: Framework::Axum,
            scheme: Scheme::Smile,
            kind: Kind::ByHand,
            open: with_structs!(|E| by_hand::axum::careful_app::<E>()),
        },
        Variant {
            name: "**ours**, direct",
            framework: Framework::Axum,
            scheme: Scheme::Smile,
            kind: Kind::Ours(Handoff::Direct),
            open: with_events!(|R| ours::axum::app::<R>(ours::intake(Handoff::Direct))),
        },
        Variant {
            name: "**ours**, deduplicated",
            framework: Framework::Axum,
            scheme: Scheme::Smile,
            kind: Kind::Ours(Handoff::Deduplicated),
            open: with_events!(|R| ours::axum::app::<R>(ours::intake_under_way())),
        },
        Variant {
            name: "by hand",
            framework: Framework::Hyper,
            scheme: Scheme::Smile,
            kind: Kind::Yardstick,
            open: with_structs!(|E| OnHyper(by_hand::hyper::service::<E, Frames>())),
        },
        Variant {
            name: "**ours**, direct",
            framework: Framework::Hyper,
            scheme: Scheme::Smile,
            kind: Kind::Ours(Handoff::Direct),
            open: with_events!(|R| OnHyper(ours::hyper::service::<R, Frames>(ours::intake(
                Handoff::Direct
            )))),
        },
        Variant {
            name: "**ours**, deduplicated",
            framework: Framework::Hyper,
            scheme: Scheme::Smile,
            kind: Kind::Ours(Handoff::Deduplicated),
            open: with_events!(|R| OnHyper(ours::hyper::service::<R, Frames>(
                ours::intake_under_way()
            ))),
        },
        Variant {
            name: "by hand",
            framework: Framework::Actix,
            scheme: Scheme::Smile,
            kind: Kind::Yardstick,
            open: with_structs!(|E| {
                let receiver = Data::new(by_hand::Receiver::new());
                let resource = by_hand::actix::resource::<E>(receiver);
                OnActix(init_service(App::new().service(resource)).await)
            }),
        },
        Variant {
            name: "**ours**, direct",
            framework: Framework::Actix,
            scheme: Scheme::Smile,
            kind: Kind::Ours(Handoff::Direct),
            open: with_events!(|R| {
                let smile = ours::actix::middleware(ours::intake(Handoff::Direct));
                let resource = ours::actix::resource::<R>().wrap(smile);
                OnActix(init_service(App::new().service(resource)).await)
            }),
        },
        Variant {
            name: "**ours**, deduplicated",
            framework: Framework::Actix,
            scheme: Scheme::Smile,
            kind: Kind::Ours(Handoff::Deduplicated),
            open: with_events!(|R| {
                let smile = ours::actix::middleware(ours::intake_under_way());
                let resource = ours::actix::resource::<R>().wrap(smile);
                OnActix(init_service(App::new().service(resource)).await)
            }),
        },
    ];
    #[cfg(feature = "peers")]
    all.extend(peers());
    all
}

#[cfg(feature = "peers")]
fn peers() -> [Variant; 8] {
    use crate::peers;

    [
        Variant {
            name: "webhook-verify",
            framework: Framework::Axum,
            scheme: Scheme::Smile,
            kind: Kind::Peer,
            open: with_structs!(|E| peers::webhook_verify::app::<E>()),
        },
        Variant {
            name: "webhook-verify, without `Json`",
            framework: Framework::Axum,
            scheme: Scheme::Smile,
            kind: Kind::Peer,
            open: with_structs!(|E| peers::webhook_verify::app_of_bytes::<E>()),
        },
        Variant {
            name: "axum-standardwebhooks",
            framework: Framework::Axum,
            scheme: Scheme::Standard,
            kind: Kind::Peer,
            open: with_structs!(|E| peers::axum_standardwebhooks::app::<E>()),
        },
        Variant {
            name: "axum-github-webhook-extract",
            framework: Framework::Axum,
            scheme: Scheme::GitHub,
            kind: Kind::Peer,
            open: with_structs!(|E| peers::axum_github_webhook_extract::app::<E>()),
        },
        Variant {
            name: "tower-github-webhook",
            framework: Framework::Axum,
            scheme: Scheme::GitHub,
            kind: Kind::Peer,
            open: with_structs!(|E| peers::tower_github_webhook::app::<E>()),
        },
        Variant {
            name: "octoevents",
            framework: Framework::Axum,
            scheme: Scheme::GitHub,
            kind: Kind::Peer,
            open: with_structs!(|E| peers::octoevents::app::<E>()),
        },
        Variant {
            name: "webhook-verify",
            framework: Framework::Actix,
            scheme: Scheme::Smile,
            kind: Kind::Peer,
            open: with_structs!(|E| {
                let resource = peers::webhook_verify::resource::<E>();
                OnActix(init_service(App::new().service(resource)).await)
            }),
        },
        Variant {
            name: "actix-web-lab `RequestSignature`",
            framework: Framework::Actix,
            scheme: Scheme::Smile,
            kind: Kind::Peer,
            open: with_structs!(|E| {
                let resource = peers::actix_web_lab::resource::<E>();
                OnActix(init_service(App::new().service(resource)).await)
            }),
        },
    ]
}
