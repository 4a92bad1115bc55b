//! Runs a model under many schedules.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
};

use shuttle::{
    Config, MaxSteps, Runner,
    future::block_on,
    scheduler::{PctScheduler, RandomScheduler},
};

/// Schedules of each kind: chosen at random, and at random with three changes of priority (PCT).
const SCHEDULES: usize = 2_000;

/// Expects a model to hold under every schedule tried.
pub(crate) fn explore<Fut>(model: impl Fn() -> Fut + Copy + Send + Sync + 'static)
where
    Fut: Future<Output = ()> + 'static,
{
    let schedules = schedules();
    let run = move || block_on(model());
    Runner::new(RandomScheduler::new(schedules), config()).run(run);
    Runner::new(PctScheduler::new(3, schedules), config()).run(run);
}

/// Expects a faulty model to fail, with this in the message.
#[track_caller]
pub(crate) fn finds<Fut>(fault: &str, model: impl Fn() -> Fut + Copy + Send + Sync + 'static)
where
    Fut: Future<Output = ()> + 'static,
{
    let failed = catch_unwind(AssertUnwindSafe(|| explore(model)));
    let payload = failed.expect_err("the fault was not found");
    let message = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or_default();
    assert!(message.contains(fault), "another fault: {message}");
}

/// More of them with `SCHEDULES=100000` in the environment.
fn schedules() -> usize {
    let chosen = std::env::var("SCHEDULES").ok();
    chosen.map_or(SCHEDULES, |chosen| {
        chosen.parse().expect("SCHEDULES is a number")
    })
}

fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = 256 << 10;
    config.max_steps = MaxSteps::FailAfter(200_000);
    config
}
