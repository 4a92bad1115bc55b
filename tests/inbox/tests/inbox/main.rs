//! An application with an inbox survives what happens to processes and databases.

mod app;
mod contention;
mod crashes;
mod engine;
mod kills;
mod outages;
mod races;
