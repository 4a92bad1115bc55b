//! Stores of seen webhook events for smile-core, in SQLite, Redis and PostgreSQL, and inboxes.
//!
//! By default `smile-core` remembers events in the process's memory, which suits one process that
//! seldom restarts. Several processes share these stores, so that an event takes effect once among
//! all of them.
//!
//! | Store | Feature | For | Needs |
//! |---|---|---|---|
//! | `SqliteDedupe` | `sqlite` | the processes of one machine | a file on a local disk |
//! | `RedisDedupe` | `redis` | many machines | Redis 5 or Valkey, one server or a cluster |
//! | `PostgresDedupe` | `postgres` | many machines | PostgreSQL 13 or later, also behind PgBouncer |
//!
//! The feature `inbox` adds `SqliteInbox` and `PostgresInbox`, with the feature of the engine: an
//! endpoint stores events there, and a [`Worker`](smile_core::Worker) handles them later. An inbox needs
//! no store of seen events. Each type says what it promises; [`CompleteIn`] completes an event in a
//! transaction of yours.
//!
//! No feature is on by default. `tls-rustls` adds TLS to Redis (`rediss://`) and PostgreSQL, with
//! the machine's own certificates.
//!
//! [`sqlx`] and [`redis`] are re-exported, in the versions whose types the stores take.
//!
//! # What a store promises
//!
//! - Of any number of claims of one event, by any number of processes, exactly one is granted until
//!   its lease ends or it is settled. Each step is one atomic operation.
//! - Time is the store's, so replicas with wrong clocks agree. If the store's clock is set forward,
//!   leases end early: two runs of one handler may then overlap, and the fence tells them apart.
//! - Leases and retentions are in milliseconds, rounded up, and at most a hundred years: a longer
//!   one counts as a hundred years.
//! - A claim whose lease is over can still be finished, extended or released by its own token, for
//!   an hour, while nobody else has claimed the event.
//! - The fence of a later claim of an event is larger, also after the store released, forgot or
//!   deleted the event. It comes from the store's clock, so it orders claims and does not count
//!   them; a clock that is set back by more than an hour can break the order.
//! - A call answers or fails within 1.4 s. A call that fails may still take effect, even later,
//!   when a frozen server resumes: an event claimed in this way is in flight until its lease ends.
//!   After an outage calls succeed again at once: the tests stop each server for seconds and see
//!   the first success within half a second of its return.
//! - If a server answers but takes no writes, such as a demoted primary, the store closes the
//!   connections to it and looks the host's name up again, at a bounded rate. The tests move the
//!   name to another server and see the first success within two seconds.
//! - A caller whose thread is blocked delays no other call: each store has a thread for its
//!   connections, until its last clone is dropped.
//! - The `source()` of a `StoreError` says in a few words what failed, and what to do if a step of
//!   the set-up is missing. Its own `source()` is the driver's error. Neither shows a password.
//! - A row that the store cannot read is an error, and never counts as done.
//!
//! Each type documents what it can forget in a crash or a fail-over. The handler runs again for a
//! forgotten event if the vendor sends it again; none is lost.
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
//! `cargo test -p smile-store --all-features` tests what needs no server. The tests behind
//! `-- --include-ignored` start their own `redis-server`, `postgres` and `pgbouncer` (on Debian:
//! `apt-get install redis-server postgresql pgbouncer`).
//! `smile_core::testkit::dedupe_store_suite` tests a store of your own by the same rules.
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
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod purges;
#[cfg(feature = "redis")]
mod redis_store;
#[cfg(feature = "postgres")]
mod renewals;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod schema_version;
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
/// The driver whose connections [`RedisDedupe`] takes.
#[cfg(feature = "redis")]
pub use redis;
#[cfg(feature = "redis")]
pub use redis_store::{RedisConnection, RedisDedupe};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteDedupe;
#[cfg(all(feature = "inbox", feature = "sqlite"))]
pub use sqlite::SqliteInbox;
/// The driver whose pools and connections the stores in SQLite and PostgreSQL take.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use sqlx;

/// Compiles the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
