//! The page shows these files as they are.

use std::{fs, path::Path};

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|err| panic!("{path}: {err}"))
}

/// The blocks of Rust in a page.
fn blocks(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page.split("```rust\n").skip(1);
    blocks.filter_map(|block| block.split("```").next())
}

/// The code of all files here, without their first lines of documentation.
fn code() -> Vec<String> {
    let names = [
        "actix",
        "axum",
        "direct",
        "duplicates",
        "refusals",
        "tower",
        "worker",
    ];
    let path = |name| format!("tests/tests/testing/{name}.rs");
    names.map(|name| read(&path(name))).to_vec()
}

#[test]
fn every_block_of_the_page_is_in_a_file_that_runs() {
    let (page, code) = (read("docs/testing.md"), code());
    let mut shown = 0;
    for block in blocks(&page) {
        let is_here = code.iter().any(|file| file.contains(block));
        assert!(
            is_here,
            "no file of tests/tests/testing has this block:\n{block}"
        );
        shown += 1;
    }
    assert_eq!(
        shown,
        code.len() + 1,
        "one block for each file, and one more for axum"
    );
}

#[test]
fn a_test_on_each_framework_takes_ten_lines_at_most() {
    for name in ["actix", "axum", "direct", "tower"] {
        let file = read(&format!("tests/tests/testing/{name}.rs"));
        let test = file.split("::test]\n").nth(1).expect("a test");
        let lines = test.lines().take_while(|line| *line != "}").count() + 1;
        assert!((4..=10).contains(&lines), "{name}: {lines} lines");
    }
}

#[test]
fn the_readme_shows_the_test_for_axum() {
    let readme = read("README.md");
    let shown = blocks(&readme).find(|block| block.contains("#[tokio::test]"));
    let shown = shown.expect("a test in the README");
    assert!(
        read("tests/tests/testing/axum.rs").contains(shown),
        "{shown}"
    );
}
