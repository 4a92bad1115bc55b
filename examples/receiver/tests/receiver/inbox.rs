//! The flag `--inbox`: events are stored first and handled by a worker.

use std::{
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use smile_conformance::{Request, sign};
use smile_test_servers::Postgres;

use crate::process::{FRAMEWORKS, Receiver};

/// A new file's path, deleted at the end.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("smile-{}.db", sign::fresh_id())))
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.0.display())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}

#[track_caller]
fn wait_for_events(receiver: &Receiver, count: usize) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let events = receiver.events("");
        if events.len() >= count {
            return events;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{events:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn dead(receiver: &Receiver) -> Vec<Value> {
    let answer = receiver.get("/dead");
    answer.expect_status(200, "dead");
    serde_json::from_slice(&answer.body).expect("a list")
}

fn an_inbox_stores_and_handles(url: &str, framework: &str) {
    let receiver = Receiver::start(framework, &["--inbox", url]);
    let api = sign::smile_api(sign::event());
    let io = sign::smile_io_at(&now(), sign::customer());
    for request in [&api, &io] {
        let answer = receiver.send(request);
        answer.expect_status(200, framework);
        assert_eq!(answer.header("smile-duplicate"), None);
        let again = receiver.send(request);
        again.expect_status(200, framework);
        assert_eq!(again.header("smile-duplicate"), Some("true"));
    }
    let events = wait_for_events(&receiver, 2);
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["attempt"], 1);
    assert_eq!(events[0]["typed"], true);
    // No event, but signed.
    let request = sign::smile_api("[1, 2]");
    receiver.send(&request).expect_status(200, framework);
    let letters = dead(&receiver);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["reason"], "not_an_event");
    let shown = receiver.get(&format!("/dead/{}", letters[0]["id"]));
    let shown: Value = serde_json::from_slice(&shown.body).expect("one letter");
    assert_eq!(shown["raw"], serde_json::json!([1, 2]));
}

fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("after 1970").as_secs().to_string()
}

#[test]
#[cfg_attr(not(feature = "sqlite"), ignore = "needs --features sqlite")]
fn an_inbox_in_sqlite_stores_and_handles() {
    for framework in FRAMEWORKS {
        an_inbox_stores_and_handles(&File::new().url(), framework);
    }
}

#[test]
#[ignore = "needs postgresql and --features postgres"]
fn an_inbox_in_postgres_stores_and_handles() {
    for framework in FRAMEWORKS {
        let server = Postgres::start();
        an_inbox_stores_and_handles(&server.url(), framework);
    }
}

#[test]
#[cfg_attr(not(feature = "sqlite"), ignore = "needs --features sqlite")]
fn an_event_that_fails_is_tried_again_and_counts_its_attempts() {
    let file = File::new();
    let receiver = Receiver::start("axum", &["--inbox", &file.url(), "--fail-first", "2"]);
    receiver
        .send(&sign::smile_api(sign::event()))
        .expect_status(200, "stored");
    let events = wait_for_events(&receiver, 1);
    assert_eq!(events[0]["attempt"], 3);
    assert!(dead(&receiver).is_empty());
}

#[test]
#[cfg_attr(not(feature = "sqlite"), ignore = "needs --features sqlite")]
fn a_dead_letter_is_replayed() {
    for framework in FRAMEWORKS {
        let file = File::new();
        let receiver = Receiver::start(framework, &["--inbox", &file.url()]);
        let event = sign::event();
        let other = event.replace("jane", "joan");
        for body in [event, other] {
            receiver
                .send(&sign::smile_api(body))
                .expect_status(200, framework);
        }
        wait_for_events(&receiver, 1);
        let letters = dead(&receiver);
        assert_eq!(letters[0]["reason"], "id_reuse");
        let replay = |id: &str| {
            receiver.send(&Request {
                method: "POST",
                ..Request::post(&format!("/dead/{id}/replay"), "")
            })
        };
        let id = letters[0]["id"].to_string();
        let foreign = Request::post(&format!("/dead/{id}/replay"), "");
        let foreign = receiver.send(&foreign.header("origin", "http://evil.test"));
        foreign.expect_status(403, "another site's page");
        replay(&id).expect_status(204, framework);
        replay(&id).expect_status(404, "it is no dead letter any more");
        wait_for_events(&receiver, 2);
        assert!(dead(&receiver).is_empty());
    }
}

#[test]
#[cfg_attr(not(feature = "sqlite"), ignore = "needs --features sqlite")]
fn a_dead_letter_that_is_no_event_shows_its_body() {
    for framework in FRAMEWORKS {
        let file = File::new();
        let receiver = Receiver::start(framework, &["--inbox", &file.url()]);
        for (body, shown, encoding) in [
            (&b"no event"[..], "no event", "utf-8"),
            (b"\xff\xfe", "//4=", "base64"),
        ] {
            let answer = receiver.send(&sign::smile_api(body));
            answer.expect_status(200, framework);
            let last = dead(&receiver).pop().expect("a dead letter");
            let answer = receiver.get(&format!("/dead/{}", last["id"]));
            let letter: Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert_eq!(letter["body"], shown, "{framework}");
            assert_eq!(letter["bodyEncoding"], encoding, "{framework}");
        }
    }
}

#[test]
#[cfg_attr(not(feature = "sqlite"), ignore = "needs --features sqlite")]
fn what_was_stored_is_handled_after_a_restart() {
    let file = File::new();
    let slow = ["--inbox", &file.url(), "--handler-delay", "60000"];
    let receiver = Receiver::start("axum", &slow);
    for _ in 0..30 {
        let request = sign::smile_api(sign::event());
        receiver.send(&request).expect_status(200, "stored");
    }
    drop(receiver);
    let receiver = Receiver::start("actix", &["--inbox", &file.url()]);
    // Sixteen were running, and their lease has to end.
    assert_eq!(wait_for_events(&receiver, 30).len(), 30);
}

#[test]
fn without_an_inbox_there_are_no_dead_letters_to_list() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &[]);
        let answer = receiver.get("/dead");
        answer.expect_status(404, framework);
        assert_eq!(answer.body, b"there is no inbox: start with --inbox");
    }
}

#[test]
fn an_inbox_that_cannot_be_opened_is_an_error_at_start() {
    let start = |inbox: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_smile-receiver"))
            .args(["--listen", "127.0.0.1:0", "--inbox", inbox])
            .output()
            .expect("the receiver runs");
        assert!(!output.status.success(), "{inbox}");
        String::from_utf8(output.stderr).expect("text")
    };
    let unknown = start("mysql://localhost/app");
    assert!(
        unknown.contains("--inbox takes sqlite:PATH or postgres://.."),
        "{unknown}"
    );
    let expected = if cfg!(feature = "sqlite") {
        "cannot be opened"
    } else {
        "--features sqlite"
    };
    let closed = start("sqlite:/no/such/folder/inbox.db");
    assert!(closed.contains(expected), "{closed}");
}
