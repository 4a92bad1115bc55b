//! Stores of seen webhook events for smile-core: SQLite, Redis and PostgreSQL.
//!
//! The default of `smile-core` remembers events in the process's memory, which is right for one
//! process that seldom restarts. These stores remember them where several processes can see them,
//! so that an event takes effect once among all of them.
//!
//! | Store | Feature | For | Needs |
//! |---|---|---|---|
//! | `SqliteDedupe` | `sqlite` | the processes of one machine | a file on a local disk |
//! | `RedisDedupe` | `redis` | many machines | Redis 5 or Valkey, one server or a cluster |
//! | `PostgresDedupe` | `postgres` | many machines | PostgreSQL 13 or later, also behind PgBouncer |
//!
//! No feature is on by default. `tls-rustls` adds TLS to Redis (`rediss://`) and PostgreSQL, with
//! the machine's own certificates.
//!
//! # What a store promises
//!
//! - Of any number of claims of one event, by any number of processes, exactly one is granted until
//!   its lease ends or it is settled. Each step is one atomic operation.
//! - Time is the store's, so replicas with wrong clocks agree. Set forward, the store's clock ends
//!   leases early; two runs of one handler may then overlap, and the fence tells them apart.
//! - Leases and retentions count to the millisecond, rounded up, and for a hundred years at most: a
//!   longer one is taken for a hundred years.
//! - A claim whose lease is over can still be confirmed, extended or released by its own token, for
//!   an hour, as long as nobody else has claimed the event.
//! - The fence of a later claim of an event is larger, also after it was released, forgotten or
//!   deleted. It comes from the store's clock, so it says which claim is later and not how many
//!   there were; a clock that is set back by more than an hour can break it.
//! - A call is answered, or fails, within 1.4 s. One that fails may have taken effect, also later,
//!   when a frozen server goes on: an event that was claimed so is in flight until its lease ends,
//!   then it is handled. After an outage calls succeed again at once: the tests take each server
//!   away for seconds and see the first success within half a second of its return.
//! - A server that is there and cannot be written to, such as a primary that was demoted, costs its
//!   connections: they are closed, and the host's name is looked up again. The tests move the name
//!   to another server and see the first success within two seconds. How often a store connects
//!   again is bounded.
//! - A caller whose thread is blocked delays nobody else's calls: each store has a thread of its own
//!   for its connections, from when it is opened until its last clone is dropped.
//! - An error says in a few words what failed and, where the user forgot something, what to do. It is
//!   the first `source()` of the `StoreError`; the driver's error is the next. None shows a password.
//! - Nothing is answered as done that is not: a row that makes no sense is an error.
//!
//! What each can forget, in a crash or a fail-over, is said with the type. A forgotten event is
//! handled again if its vendor sends it again; none is lost.
//!
//! # What a store costs
//!
//! Measured in a debug build on two cores that were busy with other work, so for comparison only,
//! by 64 callers at once on a disk that takes 4 ms to sync. Measure your own with the example
//! `claims_per_second`.
//!
//! | Store | New events a second (claim and finish) | Duplicates a second |
//! |---|---|---|
//! | memory | 50,000 to 83,000 | 140,000 to 380,000 |
//! | SQLite | 700 to 1,200 | 3,400 to 21,000 |
//! | Redis, `appendfsync always` | 1,200 to 3,500 | 3,400 to 12,000 |
//! | PostgreSQL | 410 to 720 | 740 to 2,400 |
//!
//! An event that is done takes some 270 bytes in Redis and SQLite and 330 in PostgreSQL, indexes
//! included, until its retention is over (PostgreSQL and SQLite: an hour longer).
//!
//! # Testing
//!
//! `cargo test -p smile-store --all-features` tries what needs no server. With `-- --include-ignored`
//! the tests start their own `redis-server`, `postgres` and `pgbouncer` (on Debian:
//! `apt-get install redis-server postgresql pgbouncer`). A store of your own can be held to the same rules
//! with `smile_core::testkit::dedupe_store_suite`.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
mod answer;
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
mod call;
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
mod cause;
#[cfg(all(feature = "inbox", any(feature = "postgres", feature = "sqlite")))]
mod complete_in;
#[cfg(all(feature = "inbox", any(feature = "postgres", feature = "sqlite")))]
mod inbox_row;
#[cfg(all(feature = "inbox", any(feature = "postgres", feature = "sqlite")))]
mod inbox_schema;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod purges;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "postgres")]
mod renewals;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
mod thread;

#[cfg(all(feature = "inbox", any(feature = "postgres", feature = "sqlite")))]
pub use complete_in::{CompleteError, CompleteIn};
#[cfg(feature = "postgres")]
pub use postgres::PostgresDedupe;
#[cfg(all(feature = "inbox", feature = "postgres"))]
pub use postgres::PostgresInbox;
#[cfg(feature = "redis")]
pub use redis::{RedisConnection, RedisDedupe};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteDedupe;
#[cfg(all(feature = "inbox", feature = "sqlite"))]
pub use sqlite::SqliteInbox;
