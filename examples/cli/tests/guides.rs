//! The commands of the guides run as they are written.
//!
//! The blocks of a page run in one shell, in order, in an empty folder. There `cargo run` takes programs
//! that are built already, and a server runs on until the next one starts. `cargo test` does nothing:
//! the tests run by themselves.

#![expect(clippy::unwrap_used, reason = "a test that lacks its data fails")]

use std::{env, fs, path::Path, process::Stdio};

use axum::http::StatusCode;
use serde_json::json;
use tokio::process::Command;

mod stand_in;

use stand_in::Vendor;

/// Pages that run. Before each block come commands that bring about what the page takes for granted.
const RUN: &[(&str, &[&str])] = &[
    ("README.md", &["", "serve quickstart-axum"]),
    ("README.md", &["", "serve quickstart-actix"]),
    ("docs/receiver.md", &[""]),
    ("docs/registration.md", &[""]),
    ("docs/rotation.md", &["", "", "", "", "", ""]),
    (
        "docs/moving.md",
        &["serve smile-receiver; sample > body.json"],
    ),
    ("docs/schemas.md", &[""]),
    ("docs/servers.md", &[""]),
    (
        "docs/signatures.md",
        &[
            "serve smile-receiver
             smile send USER_CREATED --to http://127.0.0.1:3000/webhooks/smile-api",
            "BODY=$(sample) TIMESTAMP=$(date +%s)
             printf %s \"$BODY\" > body.json
             SIGNATURE=$(openssl dgst -sha512 -hmac 'a little secret' -r < body.json | cut -d' ' -f1)
             IO_SIGNATURE=$(printf %s \"$TIMESTAMP.$BODY\" |
                 openssl dgst -sha256 -hmac 'a client secret' -binary | openssl base64 -A)",
            "",
        ],
    ),
    (
        "docs/tool.md",
        &[
            "serve smile-receiver --inbox sqlite:inbox.db
             URL=http://127.0.0.1:3000/webhooks/smile-api
             for number in 1 2 3 4 5 6 7; do
                 echo \"no event $number\" > dead.txt
                 smile send --vendor smile-api --file dead.txt --to $URL
             done
             sample > body.json",
            "",
            "",
        ],
    ),
];

/// Pages that do not run, and why.
const NOT_RUN: &[(&str, &str)] = &[
    (
        "docs/speed.md",
        "minutes of measurements, for a quiet machine",
    ),
    (
        "docs/hostile-load.md",
        "an hour; `.ci/run` has the small size",
    ),
    (
        "docs/proofs.md",
        "an hour; `.ci/run` has a short run of each",
    ),
    ("CONTRIBUTING.md", "the checks themselves"),
    ("RELEASING.md", "it publishes; `.ci/run` packages"),
];

#[tokio::test]
#[ignore = "needs port 3000 and the programs (cargo build --workspace --all-features --bins)"]
async fn the_commands_of_each_page_run() {
    let vendor = Vendor::start(StatusCode::OK, json!([])).await;
    for (page, before) in RUN {
        let blocks = blocks(page);
        assert_eq!(blocks.len(), before.len(), "{page}");
        let mut script = SHELL.to_owned();
        for (before, block) in before.iter().zip(&blocks) {
            script.push_str(&format!("{before}\nset -x\n{block}\n{{ set +x; }} 2>&-\n"));
        }
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(folder.path())
            .env(
                "PROGRAMS",
                Path::new(env!("CARGO_BIN_EXE_smile")).parent().unwrap(),
            )
            .env("SMILE_API_SECRET", "a little secret")
            .env("SMILE_IO_SECRET", "a client secret")
            .env("SMILE_BASE_URL", &vendor.base_url)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        assert!(
            output.status.success(),
            "{page}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    // Of the pages on registration and rotation.
    let calls = vendor.calls();
    let deleted = calls.iter().filter(|call| *call == "DELETE ID");
    assert_eq!(deleted.count(), 2, "{calls:?}");
}

#[test]
fn each_page_with_commands_runs_or_says_why_not() {
    for page in pages() {
        let listed = RUN.iter().any(|(run, _)| *run == page)
            || NOT_RUN.iter().any(|(not_run, _)| *not_run == page);
        assert_eq!(listed, !blocks(&page).is_empty(), "{page}");
    }
}

const SHELL: &str = r#"
set -euo pipefail
smile() { "$PROGRAMS/smile" "$@"; }
sample() {
    echo '{"id":"et-'$RANDOM'","version":1,"type":"USER_CREATED","createdAt":"2026-01-01T00:00:00Z",' \
        '"data":{"userId":"u-1"}}'
}
serve() {
    [ -z "${server:-}" ] || { kill "$server"; wait "$server" || true; }
    "$PROGRAMS/$1" "${@:2}" > server.log 2>&1 &
    server=$!
    until grep -q 'listening on' server.log; do
        kill -0 "$server" || { cat server.log; return 1; }
        sleep 0.05
    done
}
trap '[ -z "${server:-}" ] || kill "$server"' EXIT
cargo() {
    local program
    [ "$1" = run ] || return 0
    shift
    while [ $# != 0 ]; do
        case $1 in
            -p | --bin) program=$2; shift 2 ;;
            --features) shift 2 ;;
            -q) shift ;;
            --) shift; break ;;
            *) echo "cargo run $1: unknown here"; return 2 ;;
        esac
    done
    case $program in
        smile-cli) smile "$@" ;;
        *) serve "$program" "$@" ;;
    esac
}
"#;

/// The shell blocks of a page.
fn blocks(page: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(page)).unwrap_or_else(|err| panic!("{page}: {err}"));
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while lines.any(|line| line.trim_start() == "```sh") {
        let block = lines.by_ref().take_while(|line| line.trim_start() != "```");
        blocks.push(block.collect::<Vec<_>>().join("\n"));
    }
    blocks
}

/// The pages at the root and in `docs`.
fn pages() -> Vec<String> {
    let names = ["", "docs/"].into_iter().flat_map(|folder| {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        entries.map(move |entry| format!("{folder}{}", entry.unwrap().file_name().display()))
    });
    names.filter(|name| name.ends_with(".md")).collect()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
