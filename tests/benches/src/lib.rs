//! What it costs to receive, beside handlers written by hand and beside other crates.
//!
//! `docs/speed.md` says how to run the programs and what they showed. Each has its module here:
//! `table`, `budget`, `load` and `timing`. What they compare is in `receiver`.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot run should say so and stop"
)]

mod body;
mod budget;
mod by_hand;
mod delivery;
mod event;
mod floor;
mod frames;
mod load;
mod ours;
#[cfg(feature = "peers")]
mod peers;
mod receiver;
mod statistics;
mod subject;
mod table;
mod targets;
mod timing;
mod welch;

pub use budget::budget;
pub use load::load;
pub use table::table;
pub use timing::timing;
