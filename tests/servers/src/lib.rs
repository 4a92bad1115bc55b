//! Redis, PostgreSQL, PgBouncer, NATS, nginx and Prometheus for tests: each started from the installed program
//! in a temporary folder and on a free port, and there to be frozen, killed and restarted.
//!
//! ```no_run
//! let mut redis = smile_test_servers::Redis::start();
//! let url = redis.url();
//! redis.freeze();
//! redis.thaw();
//! redis.kill();
//! redis.restart();
//! ```
//!
//! The calls block, for as long as the server takes; what they cannot do they panic about, since
//! all of this runs in tests. A server ends when its value is dropped.
//!
//! A [`Forwarder`] stands for the name of a server, which can be moved to another one.

mod folder;
mod forwarder;
mod nats;
mod nginx;
mod pgbouncer;
mod postgres;
mod process;
mod prometheus;
mod redis;

pub use forwarder::Forwarder;
pub use nats::Nats;
pub use nginx::Nginx;
pub use pgbouncer::{PgBouncer, PoolMode};
pub use postgres::Postgres;
pub use prometheus::{Prometheus, promtool};
pub use redis::Redis;
