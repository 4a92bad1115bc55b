//! The page and the forwarder in headless Chromium, on both frameworks.
//!
//! `browser/*.test.mjs` are the tests. They run in Node, and start receivers of their own.

#![expect(
    clippy::expect_used,
    reason = "a test ends where something does not hold"
)]

use std::process::Command;

#[test]
#[ignore = "needs chromium, node, and playwright-core and axe-core in NODE_MODULES"]
fn the_page_works_in_a_browser_on_axum() {
    run("axum");
}

#[test]
#[ignore = "needs chromium, node, and playwright-core and axe-core in NODE_MODULES"]
fn the_page_works_in_a_browser_on_actix() {
    run("actix");
}

fn run(framework: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser");
    let mut node = Command::new("node");
    node.arg("--test")
        .args(["inspector.test.mjs", "wink.test.mjs"])
        .current_dir(folder)
        .env("RECEIVER", env!("CARGO_BIN_EXE_smile-receiver"))
        .env("FRAMEWORK", framework);
    if cfg!(feature = "sqlite") {
        node.arg("dead.test.mjs");
    }
    let status = node.status().expect("node");
    assert!(status.success(), "{framework}: see the lines above");
}
