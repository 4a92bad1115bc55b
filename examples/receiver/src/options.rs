//! Flags and environment variables, and the settings that they make.

use std::{error::Error, io, net::SocketAddr, num::NonZeroUsize, time::Duration};

use clap::{Parser, ValueEnum};
use http::Uri;
use smile_core::{IntakeBuilder, IpAllowList, KeyRing, Observer, Secret, Vendor};

use crate::{inbox::Inbox, store::Store};

/// Receives webhooks of Smile API and Smile.io, and shows them.
#[derive(Debug, Parser)]
#[command(name = "smile-receiver", version)]
pub(crate) struct Options {
    /// The web framework to serve with
    #[arg(long, env = "SMILE_FRAMEWORK", default_value = "axum")]
    framework: Framework,

    /// Where to listen; port 0 takes a free one
    #[arg(
        long,
        env = "SMILE_LISTEN",
        default_value = "127.0.0.1:3000",
        value_name = "ADDR"
    )]
    listen: SocketAddr,

    /// A secret of Smile API; repeat for rotation [default: a generated one, printed]
    #[arg(
        long,
        env = "SMILE_API_SECRET",
        value_name = "S",
        hide_env_values = true
    )]
    smile_api_secret: Vec<String>,

    /// A client secret of Smile.io; repeat for rotation [default: a generated one, printed]
    #[arg(
        long,
        env = "SMILE_IO_SECRET",
        value_name = "S",
        hide_env_values = true
    )]
    smile_io_secret: Vec<String>,

    /// Where to remember events: memory, none, sqlite:PATH, redis://.. or postgres://..
    #[arg(
        long,
        env = "SMILE_DEDUPE",
        default_value = "memory",
        value_name = "STORE"
    )]
    dedupe: String,

    /// Stores events in an inbox first, sqlite:PATH or postgres://.., and handles them with a worker
    #[arg(long, env = "SMILE_INBOX", value_name = "URL", hide_env_values = true)]
    inbox: Option<String>,

    /// The largest body accepted
    #[arg(long, env = "SMILE_BODY_LIMIT", default_value_t = 4 << 20, value_name = "BYTES")]
    body_limit: usize,

    /// The longest time for a body
    #[arg(
        long,
        env = "SMILE_BODY_TIMEOUT",
        default_value_t = 10.0,
        value_name = "SECONDS"
    )]
    body_timeout: f64,

    /// The deliveries and events that the page and the lists show, as far as they fit into 256 MiB
    #[arg(long, env = "SMILE_KEEP", default_value = "100000", value_name = "N")]
    keep: NonZeroUsize,

    /// The longest time for a request's head
    #[arg(
        long,
        env = "SMILE_HEAD_TIMEOUT",
        default_value_t = 10.0,
        value_name = "SECONDS"
    )]
    head_timeout: f64,

    /// The most connections at a time; further ones wait
    #[arg(
        long,
        env = "SMILE_MAX_CONNECTIONS",
        default_value = "512",
        value_name = "N"
    )]
    max_connections: NonZeroUsize,

    /// The longest time from Ctrl-C or SIGTERM to the end; a second signal ends it at once
    #[arg(
        long,
        env = "SMILE_DRAIN_TIMEOUT",
        default_value_t = 25,
        value_name = "SECONDS"
    )]
    drain_timeout: u64,

    /// A network that may deliver; repeat for more [default: everybody]
    #[arg(
        long,
        env = "SMILE_ALLOW_FROM",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    allow_from: Vec<String>,

    /// A proxy to trust for the source address of a request; repeat for more
    #[arg(
        long,
        env = "SMILE_TRUSTED_PROXY",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    trusted_proxy: Vec<String>,

    /// The time that the handler takes
    #[arg(
        long,
        env = "SMILE_HANDLER_DELAY",
        default_value_t = 0,
        value_name = "MS"
    )]
    handler_delay: u64,

    /// The handler answers 500 to the first N runs of each event
    #[arg(long, env = "SMILE_FAIL_FIRST", default_value_t = 0, value_name = "N")]
    fail_first: u64,

    /// Hands each event on to another app, signed as it came; the app's answer is the handler's
    #[arg(long, env = "SMILE_FORWARD_TO", value_name = "URL")]
    forward_to: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Framework {
    Axum,
    Actix,
}

/// The checked options.
pub(crate) struct Settings {
    pub(crate) framework: Framework,
    pub(crate) listen: SocketAddr,
    pub(crate) smile_api: Secrets,
    pub(crate) smile_io: Secrets,
    pub(crate) handler_delay: Duration,
    pub(crate) fail_first: u64,
    pub(crate) forward_to: Option<Uri>,
    pub(crate) dedupe: String,
    pub(crate) inbox: Option<String>,
    pub(crate) keep: NonZeroUsize,
    pub(crate) head_timeout: Duration,
    pub(crate) max_connections: usize,
    pub(crate) drain_timeout: Duration,
    body_limit: usize,
    body_timeout: Duration,
    allow_from: Option<IpAllowList>,
    trusted_proxies: Option<IpAllowList>,
}

/// A vendor's secrets, and the text of a generated one, which is printed.
pub(crate) struct Secrets {
    first: Secret,
    others: Vec<Secret>,
    pub(crate) generated: Option<String>,
}

pub(crate) type Failure = Box<dyn Error>;

impl Options {
    pub(crate) fn settings(self) -> Result<Settings, Failure> {
        let networks = |texts: Vec<String>| {
            Some(texts)
                .filter(|texts| !texts.is_empty())
                .map(IpAllowList::parse)
                .transpose()
        };
        let seconds = |flag, seconds| {
            Duration::try_from_secs_f64(seconds).map_err(|err| format!("{flag} {seconds}: {err}"))
        };
        Ok(Settings {
            framework: self.framework,
            listen: self.listen,
            smile_api: Secrets::given_or_generated("--smile-api-secret", self.smile_api_secret)?,
            smile_io: Secrets::given_or_generated("--smile-io-secret", self.smile_io_secret)?,
            handler_delay: Duration::from_millis(self.handler_delay),
            fail_first: self.fail_first,
            forward_to: self.forward_to.as_deref().map(forward_url).transpose()?,
            dedupe: self.dedupe,
            inbox: self.inbox,
            keep: self.keep,
            head_timeout: seconds("--head-timeout", self.head_timeout)?,
            max_connections: self.max_connections.get(),
            drain_timeout: Duration::from_secs(self.drain_timeout),
            body_limit: self.body_limit,
            body_timeout: seconds("--body-timeout", self.body_timeout)?,
            allow_from: networks(self.allow_from)?,
            trusted_proxies: networks(self.trusted_proxy)?,
        })
    }
}

impl Settings {
    /// Opens the inbox, where there is one.
    pub(crate) async fn open_inbox(&self) -> Result<Option<Inbox>, Failure> {
        match &self.inbox {
            Some(flag) => Ok(Some(Inbox::open(flag).await?)),
            None => Ok(None),
        }
    }

    /// Says why the server cannot listen, and what to do about it.
    pub(crate) fn cannot_listen(&self, err: &io::Error) -> Failure {
        let listen = self.listen;
        format!("--listen {listen}: {err}; give it another address, or port 0 for a free one")
            .into()
    }

    /// Makes the builder of either vendor, on either framework, from the flags.
    pub(crate) fn configure<V: Vendor, T: From<smile_core::Intake<V>>>(
        &self,
        secrets: &Secrets,
        store: &Store,
        observer: impl Observer,
    ) -> Result<IntakeBuilder<V, T>, Failure> {
        let mut builder = IntakeBuilder::new(secrets.ring::<V>()?)
            .body_limit(self.body_limit)?
            .body_timeout(self.body_timeout)?
            .observer(observer);
        if let Some(allowed) = &self.allow_from {
            builder = builder.allow_from(allowed.clone());
        }
        if let Some(proxies) = &self.trusted_proxies {
            builder = builder.trusted_proxies(proxies.clone());
        }
        Ok(store.apply(builder))
    }
}

fn forward_url(text: &str) -> Result<Uri, Failure> {
    let url: Uri = text
        .parse()
        .map_err(|err| format!("--forward-to {text}: {err}"))?;
    match (url.scheme_str(), url.authority()) {
        (Some("http"), Some(_)) => Ok(url),
        _ => Err(format!("--forward-to {text}: expected http://HOST:PORT/PATH").into()),
    }
}

impl Secrets {
    fn given_or_generated(flag: &str, texts: Vec<String>) -> Result<Self, Failure> {
        let mut texts = texts.into_iter();
        let Some(first) = texts.next() else {
            return Self::generated();
        };
        let secret = |text: String| Secret::new(text).map_err(|err| format!("{flag}: {err}"));
        Ok(Self {
            first: secret(first)?,
            others: texts.map(secret).collect::<Result<_, _>>()?,
            generated: None,
        })
    }

    fn generated() -> Result<Self, Failure> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let generated: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            first: Secret::new(generated.clone())?,
            others: Vec::new(),
            generated: Some(generated),
        })
    }

    /// The secret that the receiver signs with itself.
    pub(crate) fn first(&self) -> &Secret {
        &self.first
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.first).chain(&self.others)
    }

    fn ring<V: Vendor>(&self) -> Result<KeyRing<V>, Failure> {
        let ring = KeyRing::new(self.first.clone());
        let mut others = self.others.iter().cloned();
        Ok(others.try_fold(ring, KeyRing::also_accept)?)
    }
}
