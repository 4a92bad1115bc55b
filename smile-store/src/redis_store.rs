//! Seen events in Redis.

use std::{fmt, sync::Arc, time::Duration};

#[cfg(feature = "tls-rustls")]
use redis::ConnectionAddr;
use redis::{
    Client, FromRedisValue, IntoConnectionInfo, Script, ScriptInvocation, aio::ConnectionLike, cmd,
    io::tcp::TcpSettings,
};
use smile_core::{Claim, DedupeStore, EventKey, Fingerprint, Ownership, StoreError, Token};

use self::cause::explain;
pub use self::connection::RedisConnection;
use crate::{
    answer::{acquired, changed, refused},
    call::{ANSWER, GRACE, STEP, millis, within},
    thread::StoreThread,
};

mod cause;
mod connection;

/// Remembers events in Redis 5 or later, or Valkey: for any number of replicas on any number of
/// machines.
///
/// ```no_run
/// # async fn example() -> Result<(), smile_core::StoreError> {
/// use smile_store::RedisDedupe;
///
/// let store = RedisDedupe::connect("redis://:password@cache.internal:6379/0").await?;
/// # Ok(()) }
/// ```
///
/// Each event has one Redis key, `smile:dedupe:` and its event key, and each step is one script on
/// it, so a cluster works, too. There is no schema to create and nothing to purge: keys expire.
///
/// Time is the server's clock, to the millisecond.
///
/// # What Redis can forget
///
/// Redis copies to its replicas after it has answered, and by default writes to its disk once a
/// second. After a fail-over or a crash the last claims and results may be gone: the handler runs
/// again for such an event if the vendor sends it again, and none is lost. If that matters, use
/// `appendfsync always`, or one of the other stores.
///
/// Set `maxmemory-policy noeviction`. With any other policy a full server forgets events. With this
/// one it refuses claims: senders get 503, and vendors send again.
///
/// A claim stays its token's for an hour after its lease, unless another takes it over. Fences are
/// microseconds since 1970, or one more than the last where that is greater, so that they grow
/// even after a fail-over.
#[derive(Clone)]
pub struct RedisDedupe<C = RedisConnection> {
    connection: C,
    scripts: Arc<Scripts>,
}

impl RedisDedupe {
    /// Connects with `redis://:password@host:port/database`.
    ///
    /// All calls share the one connection. If it is lost, or the server refuses or does not answer
    /// a call, the store connects again, at most five times a second, and looks the host's name up
    /// again: so claims follow a name that moves from a demoted primary to a new one.
    ///
    /// With the feature `tls-rustls`, `rediss://` is TLS. If the program has installed no
    /// cryptography provider for rustls by then, the store installs `ring`.
    ///
    /// # Errors
    ///
    /// If the URL is not Redis's, the server does not answer within two seconds, no thread can be
    /// started, or the server is a node of a cluster, which needs [`new`](Self::new).
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let failed = |err| StoreError::new(explain(err));
        let info = url.into_connection_info().map_err(failed)?;
        #[cfg(feature = "tls-rustls")]
        if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            install_provider();
        }
        let client = Client::open(info.set_tcp_settings(tcp_settings())).map_err(failed)?;
        let thread = StoreThread::start()?;
        let on = thread.clone();
        let open = async { RedisConnection::open(client, on).await.map_err(explain) };
        let connection = thread.run_within(STEP * 2, open).await?;
        refuse_cluster(&connection).await?;
        Ok(Self::new(connection))
    }
}

/// A node of a cluster answers `MOVED` for most keys.
async fn refuse_cluster(connection: &RedisConnection) -> Result<(), StoreError> {
    let info = cmd("INFO").arg("cluster").to_owned();
    let info = info.query_async::<String>(&mut connection.clone()).await;
    // If the user may not ask, the claims fail with `MOVED`.
    if info.is_ok_and(|info| info.contains("cluster_enabled:1")) {
        return Err(StoreError::new(
            "expected one Redis server, found a node of a cluster: give RedisDedupe::new a \
             redis::cluster_async::ClusterConnection (feature cluster-async of the crate redis)",
        ));
    }
    Ok(())
}

impl<C> RedisDedupe<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    /// Uses a connection of your own that may be shared, such as a cluster's `ClusterConnection`
    /// (feature `cluster-async` of the crate redis).
    ///
    /// A call fails after 1.4 s, even if the connection's own limits are longer. The connection
    /// decides when to connect again: redis's `ConnectionManager` stays with a demoted server while
    /// that keeps the connection open. The connection belongs to the runtime that made it, and all
    /// calls stop while that runtime's thread is blocked.
    pub fn new(connection: C) -> Self {
        Self {
            connection,
            scripts: Arc::default(),
        }
    }

    async fn call<T>(&self, script: &ScriptInvocation<'_>) -> Result<T, StoreError>
    where
        T: FromRedisValue,
    {
        let mut connection = self.connection.clone();
        let call = async { script.invoke_async(&mut connection).await.map_err(explain) };
        within(ANSWER, call).await
    }

    async fn change(&self, script: &ScriptInvocation<'_>) -> Result<Ownership, StoreError> {
        changed(self.call(script).await?)
    }
}

impl<C> fmt::Debug for RedisDedupe<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisDedupe").finish_non_exhaustive()
    }
}

impl<C> DedupeStore for RedisDedupe<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    async fn claim(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        let mut script = self.scripts.claim.key(name(key));
        script
            .arg(token.to_hex())
            .arg(fingerprint.to_hex())
            .arg(millis(lease))
            .arg(millis(GRACE));
        let answer: (String, i64, String) = self.call(&script).await?;
        let (state, number, fingerprint) = answer;
        match state.as_str() {
            "acquired" => acquired(number),
            state => refused(state, number, &fingerprint),
        }
    }

    async fn extend(
        &self,
        key: &EventKey,
        token: Token,
        lease: Duration,
    ) -> Result<Ownership, StoreError> {
        let mut script = self.scripts.extend.key(name(key));
        script
            .arg(token.to_hex())
            .arg(millis(lease))
            .arg(millis(GRACE));
        self.change(&script).await
    }

    async fn finish(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Result<Ownership, StoreError> {
        let mut script = self.scripts.finish.key(name(key));
        script
            .arg(token.to_hex())
            .arg(fingerprint.to_hex())
            .arg(millis(retention));
        self.change(&script).await
    }

    async fn release(&self, key: &EventKey, token: Token) -> Result<Ownership, StoreError> {
        let mut script = self.scripts.release.key(name(key));
        script.arg(token.to_hex()).arg(millis(GRACE));
        self.change(&script).await
    }
}

/// One script for each step, so that each is atomic. The store calls a script by its digest, and
/// sends its text to a server that does not know it.
struct Scripts {
    claim: Script,
    extend: Script,
    finish: Script,
    release: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        Self {
            claim: Script::new(include_str!("redis_store/claim.lua")),
            extend: Script::new(include_str!("redis_store/extend.lua")),
            finish: Script::new(include_str!("redis_store/finish.lua")),
            release: Script::new(include_str!("redis_store/release.lua")),
        }
    }
}

/// The one Redis key of an event. It needs no hash tag, since no script touches two keys.
fn name(key: &EventKey) -> String {
    format!("smile:dedupe:{key}")
}

/// If a program has several providers and has installed none, redis panics.
#[cfg(feature = "tls-rustls")]
fn install_provider() {
    use rustls::crypto::{CryptoProvider, ring::default_provider};

    if CryptoProvider::get_default().is_none() {
        // Fails if another thread was faster, which does no harm.
        let _ = default_provider().install_default();
    }
}

fn tcp_settings() -> TcpSettings {
    let settings = TcpSettings::default().set_nodelay(true);
    // Without it, a server that is gone without a word is noticed a quarter of an hour later.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let settings = settings.set_user_timeout(STEP * 2);
    settings
}
