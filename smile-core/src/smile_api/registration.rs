//! Registers webhooks with Smile API, without I/O.
//!
//! A [`Registration`] makes [`Call`]s: a request to send, and a way to read the answer. Any HTTP
//! client sends them. The vendor's limits are checked before a request exists.
//!
//! ```
//! use smile_core::smile_api::{
//!     EventType,
//!     registration::{
//!         Credentials, EnsureStep, Ensured, Environment, NewWebhook, Registration, Request,
//!     },
//! };
//! # fn send(request: &Request) -> Result<(u16, Vec<u8>), std::io::Error> {
//! #     Ok((200, match request.method().as_str() {
//! #         "GET" => br#"{"code":"OK","data":{"nextCursor":null,"items":[]}}"#.to_vec(),
//! #         _ => br#"{"code":"OK","data":{"id":"1","url":"https://app.example/hook"}}"#.to_vec(),
//! #     }))
//! # }
//!
//! let registration = Registration::new(Environment::Sandbox, Credentials::new("key", "secret")?);
//! let webhook = NewWebhook::new("orders", "https://app.example/hook", "a secret of ours")?
//!     .events([EventType::TaskFinished, EventType::AccountFailed])?
//!     .include_payload();
//!
//! let mut call = registration.ensure(webhook);
//! let ensured = loop {
//!     let (status, body) = send(call.request())?;
//!     match call.receive(status, &body)? {
//!         EnsureStep::Send(next) => call = next,
//!         EnsureStep::Done(ensured) => break ensured,
//!     }
//! };
//! assert!(matches!(ensured, Ensured::Created(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The vendor has no call that changes a webhook, though its older pages mention one: create the
//! new webhook, and delete the old one when events arrive by the new one.
//!
//! The vendor allows 20 requests per second and IP address. An answer 429 has no `Retry-After`
//! (Smile API documentation, chapter 2); its kind is [`ApiErrorKind::RateLimited`].

mod access;
mod api_error;
mod call;
mod ensure;
mod invalid;
mod new_webhook;
mod webhook;

pub use self::access::{BaseUrl, Credentials, Environment};
pub use self::api_error::{ApiCode, ApiError, ApiErrorKind};
pub use self::call::{Call, Method, PageRequest, Registration, Request};
pub use self::ensure::{EnsureCall, EnsureError, EnsureStep, Ensured, SecretMatch};
pub use self::invalid::InvalidInput;
pub use self::new_webhook::NewWebhook;
pub use self::webhook::{Redacted, Subscription, Webhook, WebhookPage};
