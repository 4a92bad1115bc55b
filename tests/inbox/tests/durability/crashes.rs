//! Handlers that end or block their process.

use std::{
    collections::{HashMap, HashSet},
    thread,
    time::Duration,
};

use crate::{
    app::{App, FRAMEWORKS, until},
    engine::Engine,
};

/// Restarts the application whenever it has ended, until nothing waits.
fn supervise(engine: &Engine, framework: &str, flags: &[&str]) -> usize {
    let mut restarts = 0;
    let mut app = App::start(framework, &engine.url(), flags);
    until("nothing waits", || {
        if app.has_ended() {
            restarts += 1;
            app = App::start(framework, &engine.url(), flags);
        }
        engine.waiting() == 0
    });
    restarts
}

fn store(engine: &Engine, ids: &[String]) {
    let app = App::start("axum", &engine.url(), &["--no-worker"]);
    for id in ids {
        app.store(id);
    }
}

fn runs(engine: &Engine) -> HashMap<String, usize> {
    let mut runs = HashMap::new();
    for event in engine.texts("SELECT event FROM runs") {
        *runs.entry(event).or_default() += 1;
    }
    runs
}

fn dead(engine: &Engine) -> Vec<String> {
    engine.texts("SELECT event_id || ' ' || dead_reason FROM smile_inbox WHERE state = 'dead'")
}

/// Fifty run beside the one that ends the process.
fn an_event_that_ends_its_process(engine: &Engine, framework: &str) {
    let mut ids: Vec<_> = (0..50).map(|n| format!("et-{n}")).collect();
    ids.insert(25, "abort-1".to_owned());
    store(engine, &ids);
    let flags = [
        "--max-attempts",
        "3",
        "--lease",
        "1",
        "--concurrency",
        "64",
        "--delay",
        "300",
    ];
    let restarts = supervise(engine, framework, &flags);
    assert_eq!(restarts, 3, "one for each attempt");
    assert_eq!(dead(engine), ["abort-1 crashed"]);
    let runs = runs(engine);
    assert_eq!(runs["abort-1"], 3);
    let effects: HashSet<_> = engine.effects().into_iter().collect();
    assert_eq!(effects.len(), 50, "all honest events");
}

#[test]
#[ignore = "takes half a minute"]
fn an_event_that_ends_its_process_is_dead_after_its_attempts_and_takes_no_other_with_it() {
    for framework in FRAMEWORKS {
        an_event_that_ends_its_process(&Engine::sqlite(), framework);
    }
}

#[test]
#[ignore = "needs postgresql"]
fn an_event_that_ends_its_process_is_dead_after_its_attempts_on_postgres() {
    an_event_that_ends_its_process(&Engine::postgres(), "axum");
}

fn an_event_that_panics(engine: &Engine) {
    let ids = ["panic-1", "et-1", "et-2"].map(str::to_owned);
    store(engine, &ids);
    let restarts = supervise(engine, "axum", &["--max-attempts", "3"]);
    assert_eq!(restarts, 0);
    assert_eq!(dead(engine), ["panic-1 failed"]);
    assert_eq!(runs(engine)["panic-1"], 3);
    assert_eq!(engine.effects().len(), 2);
}

#[test]
fn an_event_that_panics_is_dead_after_its_attempts() {
    an_event_that_panics(&Engine::sqlite());
}

#[test]
#[ignore = "needs postgresql"]
fn an_event_that_panics_is_dead_after_its_attempts_on_postgres() {
    an_event_that_panics(&Engine::postgres());
}

/// A worker that is frozen for longer than its lease, and goes on.
fn a_frozen_worker(engine: &Engine) {
    let flags = ["--lease", "1", "--complete-in"];
    let frozen = App::start("axum", &engine.url(), &flags);
    frozen.store("slow-1");
    until("it runs", || runs(engine).contains_key("slow-1"));
    frozen.freeze();
    let other = App::start("actix", &engine.url(), &flags);
    until("the other runs it", || runs(engine)["slow-1"] == 2);
    frozen.thaw();
    until("it is done", || engine.waiting() == 0);
    // The first run would have ended by now.
    thread::sleep(Duration::from_secs(4));
    assert_eq!(engine.effects(), ["slow-1"], "one of both took effect");
    let attempts =
        engine.texts("SELECT CAST(attempts AS text) FROM smile_inbox WHERE state = 'done'");
    assert_eq!(attempts, ["2"]);
    assert_eq!(dead(engine).len(), 0);
    drop((frozen, other));
}

#[test]
fn a_worker_that_was_frozen_past_its_lease_changes_nothing() {
    a_frozen_worker(&Engine::sqlite());
}

#[test]
#[ignore = "needs postgresql"]
fn a_worker_that_was_frozen_past_its_lease_changes_nothing_on_postgres() {
    a_frozen_worker(&Engine::postgres());
}

/// The process ends between the effect and the commit, once for each event.
fn effects_happen_once(engine: &Engine, kills: usize) {
    let ids: Vec<_> = (0..kills).map(|n| format!("once-{n}")).collect();
    store(engine, &ids);
    let flags = ["--lease", "1", "--complete-in", "--concurrency", "1"];
    let restarts = supervise(engine, "axum", &flags);
    assert_eq!(restarts, kills);
    let effects = engine.effects();
    let different: HashSet<_> = effects.iter().collect();
    assert_eq!((effects.len(), different.len()), (kills, kills));
    assert_eq!(dead(engine).len(), 0);
}

#[test]
fn with_complete_in_effects_happen_once_over_20_kills_before_the_commit() {
    effects_happen_once(&Engine::sqlite(), 20);
}

#[test]
#[ignore = "takes a minute"]
fn with_complete_in_effects_happen_once_over_200_kills_before_the_commit() {
    effects_happen_once(&Engine::sqlite(), 200);
}

#[test]
#[ignore = "needs postgresql"]
fn with_complete_in_effects_happen_once_over_200_kills_before_the_commit_on_postgres() {
    effects_happen_once(&Engine::postgres(), 200);
}
