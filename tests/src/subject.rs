//! The things under test, all with one face.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use smile_core::{
    Delivery, Fence, InboxIntake, Intake, IntakeBuilder, Secret, SmileApi, SmileIo, Vendor,
    testkit::{FixedClock, MemoryInbox},
};

use crate::{Connection, Request, Response, sign};

mod actix;
mod axum;
mod core;
mod hyper;

pub use self::{actix::to_actix, core::as_head};

/// What a case runs against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The intake, called directly with a head and a stream.
    Core,
    /// `smile-tower` in an axum router.
    Axum,
    /// `smile-tower` in a bare hyper server.
    Hyper,
    /// `smile-actix` in actix-web.
    Actix,
}

impl Kind {
    /// Those that speak HTTP over a socket.
    pub const SERVERS: [Self; 3] = [Self::Axum, Self::Hyper, Self::Actix];
}

/// What the handler does in its n-th run, counted from 0.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// Answers with this status at once.
    Answer(u16),
    /// Answers with this status after a while.
    AnswerAfter(Duration, u16),
    /// Panics.
    Panic,
}

/// A run of the handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The vendor's name.
    pub vendor: &'static str,
    /// The event's name.
    pub event: String,
    /// The bytes that the delivery holds.
    pub raw: Bytes,
    /// The bytes that the framework's own extractor found in the body; the core has none.
    pub body: Option<Bytes>,
    /// The secret that matched.
    pub secret_index: usize,
    /// The tenant.
    pub tenant: Option<String>,
    /// The number of the claim.
    pub fence: Option<Fence>,
}

/// Two intakes and a handler, and the endpoints of an inbox, ready to be served by any subject.
#[derive(Clone)]
#[must_use]
pub struct Setup {
    smile_api: Intake<SmileApi>,
    smile_io: Intake<SmileIo>,
    handler: Handler,
    inbox: MemoryInbox,
    inbox_smile_api: InboxIntake<SmileApi>,
    inbox_smile_io: InboxIntake<SmileIo>,
}

type React = dyn Fn(usize) -> Reaction + Send + Sync;

impl Setup {
    /// Both vendors with [`sign::SECRET`], a clock that stands at [`sign::NOW`], and a handler that
    /// answers 204.
    pub fn new() -> Self {
        let inbox = MemoryInbox::default();
        Self {
            smile_api: Self::smile_api_builder().build(),
            smile_io: Self::smile_io_builder().build(),
            handler: Handler::new(|_| Reaction::Answer(204)),
            inbox_smile_api: Self::smile_api_builder().inbox(inbox.clone()),
            inbox_smile_io: Self::smile_io_builder().inbox(inbox.clone()),
            inbox,
        }
    }

    /// The builder for Smile API that [`new`](Self::new) starts from.
    pub fn smile_api_builder() -> IntakeBuilder<SmileApi> {
        Intake::smile_api(secret(sign::SECRET)).clock(FixedClock(sign::NOW))
    }

    /// The builder for Smile.io that [`new`](Self::new) starts from.
    pub fn smile_io_builder() -> IntakeBuilder<SmileIo> {
        Intake::smile_io(secret(sign::SECRET)).clock(FixedClock(sign::NOW))
    }

    /// With another intake for Smile API.
    pub fn smile_api(mut self, intake: Intake<SmileApi>) -> Self {
        self.smile_api = intake;
        self
    }

    /// With another intake for Smile.io.
    pub fn smile_io(mut self, intake: Intake<SmileIo>) -> Self {
        self.smile_io = intake;
        self
    }

    /// With another endpoint of Smile API that stores.
    pub fn inbox_smile_api(mut self, endpoint: InboxIntake<SmileApi>) -> Self {
        self.inbox_smile_api = endpoint;
        self
    }

    /// With another handler.
    pub fn react(mut self, react: impl Fn(usize) -> Reaction + Send + Sync + 'static) -> Self {
        self.handler = Handler::new(react);
        self
    }

    /// Starts the subject.
    pub fn start(self, kind: Kind) -> Running {
        let handler = self.handler.clone();
        let intake = self.smile_api.clone();
        let address = match kind {
            Kind::Core => None,
            Kind::Axum => Some(axum::start(self.clone())),
            Kind::Hyper => Some(hyper::start(self.clone())),
            Kind::Actix => Some(actix::start(self.clone())),
        };
        Running {
            setup: self,
            handler,
            intake,
            address,
        }
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").finish_non_exhaustive()
    }
}

/// A subject that runs until the process ends.
#[derive(Debug)]
pub struct Running {
    setup: Setup,
    handler: Handler,
    intake: Intake<SmileApi>,
    address: Option<SocketAddr>,
}

impl Running {
    /// Sends a request over a connection of its own.
    #[track_caller]
    pub fn send(&self, request: &Request) -> Response {
        match self.address {
            Some(address) => {
                let mut connection = Connection::open(address).expect("the server listens");
                connection.send(request).expect("the server answers")
            }
            None => core::send(&self.setup, request),
        }
    }

    /// Where a server listens; the core has no address.
    pub fn address(&self) -> SocketAddr {
        self.address.expect("a server")
    }

    /// The intake for Smile API.
    pub fn intake(&self) -> &Intake<SmileApi> {
        &self.intake
    }

    /// What the endpoints of the inbox stored.
    pub fn inbox(&self) -> &MemoryInbox {
        &self.setup.inbox
    }

    /// The runs of the handler so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.handler
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The handler that all subjects run.
#[derive(Clone)]
struct Handler {
    react: Arc<React>,
    runs: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Handler {
    fn new(react: impl Fn(usize) -> Reaction + Send + Sync + 'static) -> Self {
        Self {
            react: Arc::new(react),
            runs: Arc::default(),
            seen: Arc::default(),
        }
    }

    async fn run<V: Vendor>(&self, delivery: &Delivery<V>, body: Option<Bytes>) -> u16 {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Seen {
                vendor: V::NAME,
                event: delivery.event_name().to_owned(),
                raw: delivery.raw().clone(),
                body,
                secret_index: delivery.secret_index(),
                tenant: delivery.tenant().map(str::to_owned),
                fence: delivery.fence(),
            });
        tracing::info!(target: "handler", "the handler starts");
        match (self.react)(self.runs.fetch_add(1, Ordering::Relaxed)) {
            Reaction::Answer(status) => status,
            Reaction::AnswerAfter(delay, status) => {
                tokio::time::sleep(delay).await;
                tracing::info!(target: "handler", "the handler ends");
                status
            }
            Reaction::Panic => panic!("the handler was told to panic"),
        }
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("runs", &self.runs)
            .finish_non_exhaustive()
    }
}

/// A secret of text.
pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text).expect("not empty")
}
