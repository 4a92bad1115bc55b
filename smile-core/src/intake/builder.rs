//! All settings of an intake.

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use super::{Intake, IntakeId, Pings, Settings};
use crate::{
    Clock, ConfigError, DedupeBy, DedupeStore, Delivery, EventKey, IpAllowList, MemoryDedupe,
    Observer, Secret, Secrets, SmileApi, SmileIo, SystemClock, TracingObserver, Vendor,
    config_error::{checked_name, nonzero},
    handoff::{Handoff, Running, Store, Timing, Waiting},
    key_ring::Source,
    source_ip::SourcePolicy,
    verify::Signature,
};

/// Builds an [`Intake`], or an adapter's layer or middleware around one.
///
/// Only the secrets must be given. An invalid setting is an error at its setter. A duration over
/// 100 years counts as 100 years.
///
/// | Setting | Default |
/// |---|---|
/// | [`also_accept`](Self::also_accept) | one secret |
/// | [`allow_from`](Self::allow_from), [`trusted_proxies`](Self::trusted_proxies) | everybody, none |
/// | [`body_limit`](Self::body_limit) | 4 MiB |
/// | [`body_timeout`](Self::body_timeout) | 10 s |
/// | [`lookup_timeout`](Self::lookup_timeout) | 5 s |
/// | [`deduplicate`](Self::deduplicate) or [`direct`](Self::direct) | the last 100,000 events, in memory |
/// | [`retention`](Self::retention) | Smile API 24 h, Smile.io 48 h |
/// | [`lease`](Self::lease), [`handler_timeout`](Self::handler_timeout) | 15 s, 60 s |
/// | [`wait_for_first_run`](Self::wait_for_first_run) | 2 s |
/// | [`scope`](Self::scope), [`dedupe_by`](Self::dedupe_by) | `default`, the vendor's own key |
/// | [`observer`](Self::observer) | `tracing` |
/// | [`clock`](Self::clock) | the system's |
/// | [`tolerance`](IntakeBuilder::tolerance) (Smile.io) | 5 min |
/// | [`deliver_pings`](IntakeBuilder::deliver_pings) (Smile.io) | the intake answers pings |
/// | [`max_event_age`](IntakeBuilder::max_event_age) (Smile API) | none |
#[must_use = "a builder does nothing until `build`"]
pub struct IntakeBuilder<V: Vendor, T = Intake<V>> {
    settings: Settings<V>,
    product: PhantomData<fn() -> T>,
}

impl<V: Vendor, T: From<Intake<V>>> IntakeBuilder<V, T> {
    /// Begins with the secrets: a [`Secret`], a [`KeyRing`](crate::KeyRing) or a
    /// [lookup](Secrets::lookup).
    pub fn new(secrets: impl Into<Secrets<V>>) -> Self {
        let settings = Settings {
            id: IntakeId::next(),
            secrets: secrets.into().0,
            sources: SourcePolicy::default(),
            clock: Arc::new(SystemClock),
            tolerance: Signature::<V>::TOLERANCE,
            body_limit: 4 << 20,
            body_timeout: Duration::from_secs(10),
            lookup_timeout: Duration::from_secs(5),
            max_event_age: None,
            pings: Pings::Answer,
            scope: "default".into(),
            key_prefix: EventKey::prefix::<V>("default"),
            dedupe_key: None,
            handoff: Handoff::Deduplicated(Store::new(MemoryDedupe::default())),
            timing: Timing {
                lease: Timing::DEFAULT_LEASE,
                retention: V::RETENTION,
                handler: Timing::DEFAULT_HANDLER,
                wait: Timing::DEFAULT_WAIT,
            },
            waiting: Waiting::default(),
            running: Running::default(),
            observer: Arc::new(TracingObserver),
        };
        Self {
            settings,
            product: PhantomData,
        }
    }

    /// Accepts this secret, too, for rotation; up to [`KeyRing::MAX`](crate::KeyRing::MAX) in all.
    ///
    /// # Errors
    ///
    /// [`ConfigError::TooManySecrets`], or [`ConfigError::SecretBesideLookup`] where secrets are
    /// looked up.
    pub fn also_accept(mut self, secret: Secret) -> Result<Self, ConfigError> {
        self.settings.secrets = match self.settings.secrets {
            Source::Fixed(ring) => Source::Fixed(ring.also_accept(secret)?),
            Source::Lookup(_) => return Err(ConfigError::SecretBesideLookup),
        };
        Ok(self)
    }

    /// Refuses requests from other addresses, before any other check.
    ///
    /// Where the server gives no peer address, every request is refused. `smile_tower::serve` and
    /// actix-web give it; `axum::serve` needs `into_make_service_with_connect_info::<SocketAddr>()`.
    pub fn allow_from(mut self, addresses: IpAllowList) -> Self {
        self.settings.sources.allowed = Some(addresses);
        self
    }

    /// Trusts these proxies to name the source address of a request. `X-Forwarded-For` and
    /// `Forwarded` are read from the right, up to the first hop that is none of these proxies.
    ///
    /// Matters only with [`allow_from`](Self::allow_from). A header that breaks its grammar is
    /// refused, and so are the two headers where they disagree: let your proxy drop the one that it
    /// does not write.
    pub fn trusted_proxies(mut self, proxies: IpAllowList) -> Self {
        self.settings.sources.proxies = Some(proxies);
        self
    }

    /// Accepts bodies of up to this many bytes. Default: 4 MiB, enough for a `TASK_FINISHED` with
    /// eight lists of 300 items, the most that Smile API puts into one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`].
    pub fn body_limit(mut self, bytes: usize) -> Result<Self, ConfigError> {
        self.settings.body_limit = nonzero("body_limit", bytes)?;
        Ok(self)
    }

    /// Waits this long for a body to be complete. Default: 10 s.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`].
    pub fn body_timeout(mut self, timeout: Duration) -> Result<Self, ConfigError> {
        self.settings.body_timeout = bounded("body_timeout", timeout)?;
        Ok(self)
    }

    /// Waits this long for a [secret lookup](Secrets::lookup), then answers 503. Default: 5 s.
    ///
    /// The body is not read meanwhile, so an unverified request can last for both times.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`].
    pub fn lookup_timeout(mut self, timeout: Duration) -> Result<Self, ConfigError> {
        self.settings.lookup_timeout = bounded("lookup_timeout", timeout)?;
        Ok(self)
    }

    /// Runs the handler for every delivery, repeated or not, and inside the request's own task. On
    /// axum and hyper a sender that goes away cancels the handler; actix-web lets it end.
    ///
    /// For handlers whose effects are idempotent by themselves.
    pub fn direct(mut self) -> Self {
        self.settings.handoff = Handoff::Direct;
        self
    }

    /// Remembers events in this store. Default: [`MemoryDedupe`] with its default capacity.
    pub fn deduplicate(mut self, store: impl DedupeStore) -> Self {
        self.settings.handoff = Handoff::Deduplicated(Store::new(store));
        self
    }

    /// Remembers handled events for this long. Default: 24 h for Smile API, whose two re-sends come
    /// within minutes; 48 h for Smile.io, which sends again for 24 h.
    ///
    /// The time counts from the end of the handler, by the store's clock.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`].
    pub fn retention(mut self, retention: Duration) -> Result<Self, ConfigError> {
        self.settings.timing.retention = bounded("retention", retention)?;
        Ok(self)
    }

    /// Claims an event for this long, and extends the claim every third of it while the handler
    /// runs. Default: 15 s. When a process dies, its events can be handled again after at most this
    /// long; Smile API sends only twice more, a few dozen seconds apart.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ShortLease`] below one second.
    pub fn lease(mut self, lease: Duration) -> Result<Self, ConfigError> {
        if lease < Duration::from_secs(1) {
            return Err(ConfigError::ShortLease);
        }
        self.settings.timing.lease = lease.min(Timing::LONGEST);
        Ok(self)
    }

    /// Stops a handler that holds a claim after this long, and answers 503. Default: 60 s.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`].
    pub fn handler_timeout(mut self, timeout: Duration) -> Result<Self, ConfigError> {
        self.settings.timing.handler = bounded("handler_timeout", timeout)?;
        Ok(self)
    }

    /// Lets a repeated delivery wait this long for the first run of its event; then the answer is
    /// 503. Default: 2 s; zero does not wait.
    pub fn wait_for_first_run(mut self, wait: Duration) -> Self {
        self.settings.timing.wait = wait.min(Timing::LONGEST);
        self
    }

    /// Names this endpoint where several share a store: 1 to 64 of `A-Z a-z 0-9 . _ -`. Endpoints
    /// of one vendor and scope share their events. Default: `default`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Name`].
    pub fn scope(mut self, name: &str) -> Result<Self, ConfigError> {
        self.settings.scope = checked_name(name)?.into();
        self.settings.key_prefix = EventKey::prefix::<V>(name);
        Ok(self)
    }

    /// Identifies events by a key of your own in place of the vendor's. The function runs for
    /// verified events only; if it panics, the answer is 500.
    ///
    /// # Security
    ///
    /// Take the key from the body: headers other than the signature are not signed.
    pub fn dedupe_by(
        mut self,
        key: impl Fn(&Delivery<V>) -> DedupeBy + Send + Sync + 'static,
    ) -> Self {
        self.settings.dedupe_key = Some(Arc::new(key));
        self
    }

    /// Reports the end of each request to this observer. Default: [`TracingObserver`].
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.settings.observer = Arc::new(observer);
        self
    }

    /// Asks this clock for the time. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.clock = Arc::new(clock);
        self
    }

    /// Ends the configuration. Logs a warning for each secret with white space or quotes
    /// around it.
    pub fn build(self) -> T {
        self.build_intake().into()
    }
}

impl<V: Vendor, T> IntakeBuilder<V, T> {
    pub(crate) fn build_intake(self) -> Intake<V> {
        if let Source::Fixed(ring) = &self.settings.secrets {
            for (secret, _) in (0..).zip(ring.keys()).filter(|(_, key)| key.is_padded) {
                tracing::warn!(
                    target: "smile",
                    vendor = V::NAME,
                    secret,
                    "secret {secret}, counted from 0, has white space or quotes around it: \
                     remove them, unless the vendor's has the same",
                );
            }
        }
        Intake(Arc::new(self.settings))
    }
}

impl<T: From<Intake<SmileApi>>> IntakeBuilder<SmileApi, T> {
    /// Refuses events whose signed `createdAt` is longer ago, or missing. Default: no maximum.
    ///
    /// Smile API's deliveries have no timestamp of their own, so an old one can be replayed once
    /// its id is forgotten; a maximum no longer than the retention closes that.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`].
    pub fn max_event_age(mut self, age: Duration) -> Result<Self, ConfigError> {
        self.settings.max_event_age = Some(nonzero("max_event_age", age)?);
        Ok(self)
    }
}

impl<T: From<Intake<SmileIo>>> IntakeBuilder<SmileIo, T> {
    /// Accepts timestamps that are off by this much, in both directions. Default: five minutes
    /// (webhooks guide, "Verifying signatures"). Fractions of a second are ignored.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.settings.tolerance = tolerance;
        self
    }

    /// Hands pings to the handler. By default the intake answers them with 200. Smile.io sends one
    /// to create a webhook, and creates it only on a 2xx (webhooks guide, "Creating a webhook").
    pub fn deliver_pings(mut self) -> Self {
        self.settings.pings = Pings::Deliver;
        self
    }
}

impl<V: Vendor, T> fmt::Debug for IntakeBuilder<V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntakeBuilder")
            .field("vendor", &V::NAME)
            .finish_non_exhaustive()
    }
}

fn bounded(setting: &'static str, time: Duration) -> Result<Duration, ConfigError> {
    nonzero(setting, time.min(Timing::LONGEST))
}
