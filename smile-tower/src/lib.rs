//! Tower layer and axum extractors that receive webhooks of Smile API and Smile.io.
//!
//! [`SmileLayer`] verifies a request over the exact bytes received, answers by itself whatever is
//! not to be handled, and hands the rest inside as a verified event. [`SmileEvent`] takes it in a
//! handler's signature. Everything of `smile-core` is re-exported here: the options are the methods
//! of [`IntakeBuilder`], the events are in [`smile_api`] and [`smile_io`].
//!
//! # Guarantees
//!
//! - What is inside the layer sees verified requests only. Without the layer the extractors answer
//!   500 and log which layer to add; there is no `Option<SmileEvent>`.
//! - Refusals by the head keep nothing of the body. The body has a limit (4 MiB) and a deadline
//!   (10 s). A refusal before the body's end reads on for up to a second, so that a sender that is
//!   still writing gets the answer.
//! - Each event runs the handler once, as far as the store of seen events remembers: by default the
//!   last 100,000, in memory. A handler that fails releases its event. A sender that goes away
//!   cancels nothing.
//! - The layer's error is its inner service's, so that axum takes it as it is.
//! - Unverified requests take nothing of the inner service. The layer is always ready, and waits
//!   for its inner service only after the verification, under the claim: so a limit or a buffer
//!   inside serves verified requests alone, and the handler's deadline includes the wait.
//!
//! # What it does not do
//!
//! - Exactly once, queueing, order, TLS or rate limits. See `smile-core`.
//! - Deadlines for request heads, with another server than `serve`: `axum::serve` has none.
//! - Raise axum's own limit: `Bytes`, `String` and `Json` inside take 2 MiB unless
//!   `DefaultBodyLimit` says otherwise. [`SmileEvent`] and [`VerifiedBody`] have no second limit.
//!
//! # The way of a request
//!
//! 1. The layer shows the head to the core: the source address is from axum's `ConnectInfo`, or
//!    from [`PeerAddr`] with other servers.
//! 2. The body's data frames go to the core; trailers are skipped, since nobody signs them.
//! 3. The delivery goes into the request's extensions and the verified bytes become its body, of
//!    one type whatever came in: axum's, or the one given to [`SmileLayer::with_body`].
//! 4. The inner service is called when it is ready, in place. If the sender leaves while the event
//!    is claimed, the rest runs in a task of its own. It stays in the request's `tracing` span, but
//!    the task-locals of outer layers are gone.
//! 5. Its answer goes out unchanged as a [`ResponseBody`]. Our own answers are problem documents,
//!    or what [`SmileLayer::on_rejection`] makes; the [`Rejection`] is in their extensions.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `axum` | yes | `SmileEvent`, `VerifiedBody`, `SmileLayer::smile_api` and `smile_io`, `ConnectInfo`. Pulls in axum without its default features |
//! | `inbox` | no | `SmileInbox`, `Worker`: store events first and handle them later, see `smile-core` |
//! | `serve` | no | `serve`: a server with deadlines, a limit of connections and a shutdown that ends |
//! | `registration` | no | `RegistrationClient`, which registers webhooks over any HTTP client that is a Tower service |
//! | `schema` | no | `schema`: JSON Schemas of all events and an OpenAPI document, see `smile-core` |
//! | `testkit` | no | `testkit`: signed requests and sample events for tests of your own, see `smile-core` |
//! | `aws-lc-rs` | no | signatures by AWS-LC, see `smile-core` |
//!
//! Without `axum`, build an [`Intake`] and give it to [`SmileLayer::with_body`]; a service inside
//! finds the event as a [`Delivery`] in the request's extensions.
//!
//! # Example
//!
//! With the feature `serve`:
//!
#![cfg_attr(all(feature = "axum", feature = "serve"), doc = "```no_run")]
#![cfg_attr(not(all(feature = "axum", feature = "serve")), doc = "```text")]
//! use axum::{Router, http::StatusCode, routing::post};
//! use smile_tower::{Data, Secret, SmileEvent, SmileLayer};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let secret = Secret::new(std::env::var("SMILE_API_SECRET")?)?;
//!     let smile = SmileLayer::smile_api(secret).build();
//!     // On the route: unknown paths and health checks are not answered 401.
//!     let app = Router::new()
//!         .route("/webhooks/smile", post(on_event).route_layer(smile.clone()))
//!         .route("/healthz", axum::routing::get(|| async { "ok" }));
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     // Until Ctrl-C or SIGTERM; then what has begun gets 25 s to end.
//!     smile_tower::serve(listener, app).drain(&smile).await?;
//!     Ok(())
//! }
//!
//! async fn on_event(event: SmileEvent) -> StatusCode {
//!     match event.data() {
//!         Ok(Data::TaskFinished(task)) => println!("{:?}", task.status),
//!         Ok(_) => {} // every other type, known or new
//!         Err(err) => eprintln!("{err}"), // names the path; `event.raw()` has every byte
//!     }
//!     StatusCode::NO_CONTENT // anything but 2xx: the vendor sends the event again
//! }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
#[cfg(feature = "axum")]
mod dispatch;
#[cfg(feature = "axum")]
mod extract;
mod future;
mod head;
#[cfg(feature = "inbox")]
mod inbox;
mod layer;
#[cfg(feature = "registration")]
mod registration;
mod response;
#[cfg(feature = "serve")]
mod serve;
mod service;
mod spawn_on_drop;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use body::ResponseBody;
#[cfg(feature = "axum")]
#[doc(hidden)]
pub use dispatch::ViaDispatch;
#[cfg(feature = "axum")]
pub use extract::{NotVerified, SmileEvent, VerifiedBody};
pub use future::ResponseFuture;
pub use head::PeerAddr;
#[cfg(feature = "inbox")]
pub use inbox::SmileInbox;
pub use layer::{DefaultBody, SmileLayer};
#[cfg(feature = "registration")]
pub use registration::{RegistrationClient, RegistrationError};
#[cfg(feature = "serve")]
pub use serve::{Serve, ServeFuture, serve};
pub use service::SmileService;
pub use smile_core::*;

/// Compiles the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
