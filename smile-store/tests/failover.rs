//! What a store does when its server cannot be written to although its connections are alive: a
//! primary was demoted, a password was changed, a name was moved to another server.
#![expect(clippy::unwrap_used, reason = "tests")]

mod failover {
    pub(crate) mod claims;
    mod postgres;
    mod redis;
    mod scripted;
    pub(crate) mod scripted_redis;
}
