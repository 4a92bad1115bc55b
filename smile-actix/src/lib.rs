//! actix-web middleware and extractors that receive webhooks of Smile API and Smile.io.
//!
//! [`SmileMiddleware`] verifies a request over the exact bytes received, answers by itself whatever
//! is not to be handled, and hands the rest inside as a verified event. [`SmileEvent`] takes it in
//! a handler's signature. Everything of `smile-core` is re-exported here: the options are the
//! methods of [`IntakeBuilder`], the events are in [`smile_api`] and [`smile_io`].
//!
//! # Guarantees
//!
//! - What is inside the middleware sees verified requests only. Without the middleware the
//!   extractors answer 500 and log which middleware to add.
//! - The signature is verified over the raw payload. actix-web's own `Bytes` would decompress it,
//!   so an encoded body is refused.
//! - Refusals by the head come before the body is read. The body has a limit (4 MiB) and a deadline
//!   (10 s).
//! - Each event runs the handler once, as far as the store of seen events remembers: by default the
//!   last 100,000, in memory, shared by all workers. A handler that fails releases its event. A
//!   sender that goes away cancels nothing.
//!
//! # What it does not do
//!
//! - Exactly once, queueing, order, TLS or rate limits. See `smile-core`.
//! - Raise actix-web's own limits: `Bytes` and `String` inside take 256 KiB and `Json` 2 MiB unless
//!   `PayloadConfig` and `JsonConfig` say otherwise. [`SmileEvent`] and [`VerifiedBody`] have no
//!   second limit.
//! - Finish on Ctrl-C: actix-web then stops at once. SIGTERM lets requests end, for up to
//!   `HttpServer::shutdown_timeout`.
//! - End the connection of a refused sender that goes on writing, if a middleware outside replaces
//!   the body of our answer: actix-web then reads a chunked request for as long as it comes.
//!
//! # The way of a request
//!
//! 1. The middleware shows the head to the core; the source address is the connection's, or a
//!    [`PeerAddr`] where it has none.
//! 2. The raw payload goes to the core. After a refusal the core reads on for up to a second, so
//!    that the sender sees the answer.
//! 3. The delivery goes into the request's extensions, and the verified bytes become its payload.
//! 4. The inner service is called, in place. If actix-web drops the request while the event is
//!    claimed, the rest runs in a task of the same worker. It stays in the request's `tracing`
//!    span, but the task-locals of outer middlewares are gone.
//! 5. Its answer goes out unchanged. Our own answers are problem documents, or what
//!    [`SmileMiddleware::on_rejection`] makes; the [`Rejection`] is in their extensions.
//!
//! Outer middlewares, such as `Logger` and `ErrorHandlers`, get every answer of ours as a response.
//! After a panic or a handler's time-out its `request()` has the method, URI, version and peer
//! address of the request, but not its headers, app data and extensions, which the handler took.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `inbox` | no | `SmileInbox`, `Worker`: store events first and handle them later, see `smile-core` |
//! | `schema` | no | `schema`: JSON Schemas of all events and an OpenAPI document, see `smile-core` |
//! | `testkit` | no | `testkit`: signed requests and sample events for tests of your own, see `smile-core` |
//! | `aws-lc-rs` | no | signatures by AWS-LC, see `smile-core` |
//!
//! actix-web's default features are not needed.
//!
//! # Example
//!
//! ```no_run
//! use actix_web::{App, HttpResponse, HttpServer, web};
//! use smile_actix::{Data, Secret, SmileEvent, SmileMiddleware};
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let secret = Secret::new(std::env::var("SMILE_API_SECRET")?)?;
//!     // Outside the factory, which runs once for each worker: one memory of events for all.
//!     let smile = SmileMiddleware::smile_api(secret).build();
//!     let inside = smile.clone();
//!     let server = HttpServer::new(move || {
//!         let webhook = web::resource("/webhooks/smile").wrap(inside.clone());
//!         App::new().service(webhook.route(web::post().to(on_event)))
//!     });
//!     server.bind("127.0.0.1:3000")?.run().await?;
//!     smile.drain().await;
//!     Ok(())
//! }
//!
//! async fn on_event(event: SmileEvent) -> HttpResponse {
//!     match event.data() {
//!         Ok(Data::TaskFinished(task)) => println!("{:?}", task.status),
//!         Ok(_) => {} // every other type, known or new
//!         Err(err) => eprintln!("{err}"), // names the path; `event.raw()` has every byte
//!     }
//!     HttpResponse::NoContent().finish() // anything but 2xx: the vendor sends the event again
//! }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod bare_request;
mod body;
mod dispatch;
mod extract;
mod head;
#[cfg(feature = "inbox")]
mod inbox;
mod middleware;
mod payload;
mod response;
mod spawn_on_drop;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use extract::{NotVerified, SmileEvent, VerifiedBody};
pub use head::PeerAddr;
#[cfg(feature = "inbox")]
pub use inbox::SmileInbox;
pub use middleware::SmileMiddleware;
#[doc(hidden)]
pub use middleware::SmileService;
pub use smile_core::*;

/// Compiles the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
