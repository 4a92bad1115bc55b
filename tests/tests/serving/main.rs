//! Serving on the open internet: deadlines, a limit of connections and a shutdown that ends, by
//! `smile_tower::serve` and by the settings of actix-web.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

mod limits;
mod peer;
mod server;
mod settings;
mod shutdown;
