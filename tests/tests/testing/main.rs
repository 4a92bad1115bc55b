//! The tests of `docs/testing.md` run, and the page shows them as they are.

mod actix;
mod axum;
mod direct;
mod duplicates;
mod page;
mod refusals;
mod tower;
mod worker;
