//! Verification, events and the intake pipeline for webhooks of Smile API and Smile.io.
//!
//! This crate knows no web framework. Applications use an adapter, which re-exports all of it:
//! `smile-tower` for axum, hyper and other Tower stacks, `smile-actix` for actix-web. Use this one
//! to write an adapter, or to verify and read deliveries that come another way.
//!
//! # Guarantees
//!
//! - A [`Delivery`] exists only for bytes whose signature was verified: [`Verified`] is the proof,
//!   and [`Verification::finish`] is what makes it.
//! - Signatures are compared decoded, at full length, in constant time, with every secret, over the
//!   bytes as received.
//! - Memory grows with what was received, up to a limit; never with what was declared.
//! - Unknown event types, members and values are kept, and data of an unexpected shape is a
//!   [`DataError`] beside the intact bytes.
//! - All signature failures look the same to the sender. No error, log line or `Debug` text of a
//!   delivery holds a secret, a computed signature or a body.
//! - With [`deduplicate`](IntakeBuilder::deduplicate), the default, each event runs the handler
//!   once, as far as the store remembers, and a repetition is answered 2xx only after a run
//!   succeeded.
//!
//! # What it does not do
//!
//! - Exactly once: a process can die after the handler's effect and before the store records it.
//! - Remember across processes by itself: [`MemoryDedupe`] is this process's. [`DedupeStore`] is
//!   the trait for shared stores, of which `smile-store` has three.
//! - Queue, order, terminate TLS, or limit rates.
//! - Guess the vendor: both use the header `Smile-Signature`, so each endpoint has one.
//!
//! # The steps of a delivery
//!
//! 1. [`Intake::admit`] looks at the head: source address, signature and timestamp, encoding,
//!    declared length. It chooses the secrets, or starts to look them up.
//! 2. [`Intake::receive`] reads the body, within its limit and deadline, through the MACs.
//! 3. It compares the signature with each secret's, and reads the envelope from the front of the
//!    body. What comes out is a [`Delivery`].
//! 4. [`Intake::hand_over`] answers pings, claims the event in the store, and answers repetitions.
//! 5. It runs the handler. After 2xx the store records the event as done; else it releases the
//!    event.
//! 6. The [`Observer`] gets one report, also where an earlier step refused.
//! 7. `data` is read when the handler calls [`Delivery::data`], and not before.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `intake` | yes | [`Intake`], [`Observer`], [`DedupeStore`] and [`MemoryDedupe`]. Pulls in tokio (`rt`, `sync` and `time`), `tracing`, `siphasher` and `futures-core` |
//! | `inbox` | no | [`Inbox`], its endpoint [`InboxIntake`], [`WorkQueue`] and [`Worker`]: store first, handle later |
//! | `metrics` | no | `MetricsObserver`: reports through the facade of the crate `metrics`. Pulls in `metrics` |
//! | `aws-lc-rs` | no | signatures by AWS-LC instead of `hmac` and `sha2`: on some processors an eighth less time for bodies from 8 KB on. Pulls in `aws-lc-rs`, which needs a C compiler; its own feature `fips` makes them its FIPS module's |
//! | `schema` | no | `schema`: a JSON Schema of each event, and both vendors' webhooks as an OpenAPI document. Pulls in nothing |
//! | `testkit` | no | `testkit`: sample events, signatures and an inbox in memory for tests of an application, suites for a [`DedupeStore`] or an inbox of your own. Pulls in nothing |
//!
//! Without `intake`, [`Signature::read`], [`Verification`] and [`Delivery::read`] do steps 1 to 3
//! without I/O and without a runtime.
//!
//! # Example
//!
//! Verifying a delivery that was received in some other way:
//!
//! ```
//! use std::{net::IpAddr, time::{SystemTime, UNIX_EPOCH}};
//!
//! use bytes::Bytes;
//! use smile_core::{
//!     Data, Delivery, Head, KeyRing, Rejection, Secret, Signature, SmileApi, Verification,
//! };
//!
//! struct Received {
//!     headers: Vec<(String, Vec<u8>)>,
//!     body: Bytes,
//! }
//!
//! impl Head for Received {
//!     fn method(&self) -> &str {
//!         "POST"
//!     }
//!
//!     fn path(&self) -> &str {
//!         "/webhooks/smile"
//!     }
//!
//!     fn query(&self) -> Option<&str> {
//!         None
//!     }
//!
//!     fn peer(&self) -> Option<IpAddr> {
//!         None
//!     }
//!
//!     fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
//!         let named = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
//!         named.for_each(|(_, value)| each(value));
//!     }
//! }
//!
//! fn read(ring: &KeyRing<SmileApi>, received: Received) -> Result<Delivery<SmileApi>, Rejection> {
//!     let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
//!     // Only Smile.io's scheme has a timestamp, which `now` and the tolerance are for.
//!     let signature = Signature::read(&received, now, Signature::<SmileApi>::TOLERANCE)?;
//!     let body = Verification::begin(ring, signature, 4 << 20).push(received.body)?.finish()?;
//!     Delivery::read(body)
//! }
//!
//! let ring = KeyRing::new(Secret::new("a little secret")?);
//! let received = Received {
//!     // printf %s '{"id":..}' | openssl dgst -sha512 -hmac 'a little secret'
//!     headers: vec![("Smile-Signature".into(), concat!(
//!         "64f8b0bfed43ecb1240ac61f199441243f6685fb5f696bc7e1ab2794d201eccb",
//!         "d233c3647079768ee0ab97fb38bfe42507543ca9f2957795f31210db3297e61a",
//!     ).into())],
//!     body: r#"{"id":"et-1","type":"ACCOUNT_CONNECTED","data":{"accountId":"a-1"}}"#.into(),
//! };
//!
//! let delivery = read(&ring, received)?;
//! assert_eq!(delivery.id(), "et-1");
//! let Data::AccountConnected(account) = delivery.data()? else { panic!("another type") };
//! assert_eq!(account.account_id.as_deref(), Some("a-1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "intake")]
mod body_error;
#[cfg(feature = "intake")]
mod catch_panic;
mod clock;
mod config_error;
mod data_error;
mod delivery;
mod dispatch;
mod envelope_error;
mod fence;
mod fingerprint;
mod from_delivery;
#[cfg(feature = "intake")]
mod handoff;
mod head;
#[cfg(feature = "inbox")]
mod inbox;
#[cfg(feature = "intake")]
mod intake;
mod key_ring;
mod mac;
pub mod model;
#[cfg(feature = "intake")]
mod observe;
mod rejection;
mod reply;
#[cfg(feature = "schema")]
pub mod schema;
mod secret;
pub mod smile_api;
pub mod smile_io;
mod source_ip;
#[cfg(feature = "intake")]
mod sync;
#[cfg(feature = "testkit")]
pub mod testkit;
mod vendor;
mod verify;

#[cfg(feature = "intake")]
pub use body_error::BodyError;
pub use clock::{Clock, SystemClock};
pub use config_error::ConfigError;
pub use data_error::DataError;
pub use delivery::Delivery;
#[cfg(feature = "intake")]
#[doc(hidden)]
pub use dispatch::log_dispatch_error;
pub use dispatch::{
    Dispatch, DispatchBuilder, DispatchError, DispatchHandler, EventData, Unhandled,
};
pub use envelope_error::EnvelopeError;
pub use fence::Fence;
pub use fingerprint::Fingerprint;
pub use from_delivery::FromDelivery;
#[cfg(feature = "intake")]
pub use handoff::{
    Claim, DedupeBy, DedupeStore, EventKey, MemoryDedupe, Ownership, StoreError, Token,
};
pub use head::{Field, Head};
#[cfg(feature = "inbox")]
pub use inbox::{
    Accepted, DeadLetter, DeadReason, FetchedEvent, Inbox, InboxAdmitted, InboxIntake,
    IntoEndpoint, Job, JobId, NewEvent, Permanent, QueueStats, Settlement, StoredEvent, Take,
    UnknownDeadReason, WorkQueue, Worker, WorkerHandle,
};
#[cfg(feature = "intake")]
pub use intake::{Admitted, Intake, IntakeBuilder, IntakeResponse};
pub use key_ring::{KeyRing, Secrets};
#[cfg(feature = "metrics")]
pub use observe::MetricsObserver;
#[cfg(feature = "intake")]
pub use observe::{Durations, Event, Observer, Origin, Outcome, Report, TracingObserver};
pub use rejection::{Reason, Rejection, RejectionKind};
pub use reply::{Header, Reply};
pub use secret::{EmptySecret, Secret};
pub use smile_api::{Data, EventType, SmileApi};
pub use smile_io::SmileIo;
pub use source_ip::{InvalidNetwork, IpAllowList};
pub use vendor::Vendor;
pub use verify::{Signature, Verification, Verified};

/// Compiles the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
