//! An application with an inbox survives what happens to processes and databases.

mod app;
mod crashes;
mod engine;
mod kills;
mod races;
