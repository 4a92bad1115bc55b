//! The README shows the quick starts as they are.

use std::path::Path;

#[track_caller]
fn shows(example: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| {
        std::fs::read_to_string(root.join(path)).unwrap_or_else(|err| panic!("{path}: {err}"))
    };
    let source = read(&format!("examples/{example}/src/main.rs"));
    let Some((_docs, code)) = source.split_once("\n\n") else {
        panic!("{example}: docs, a blank line, code");
    };
    assert!(
        read("README.md").contains(&format!("```rust,no_run\n{code}```\n")),
        "README.md does not show {example} as it is: copy it there"
    );
    assert!(source.lines().count() < 40, "{example} is no quick start");
}

#[test]
fn shows_the_quick_start_for_axum() {
    shows("quickstart-axum");
}

#[test]
fn shows_the_quick_start_for_actix() {
    shows("quickstart-actix");
}
