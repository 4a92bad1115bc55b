//! `smile send` against an application of a few lines.

#![expect(clippy::unwrap_used, reason = "a test that lacks its data fails")]

use std::{
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use serde_json::Value;
use smile_tower::{Secret, SmileEvent, SmileIo, SmileLayer};
use tokio::{net::TcpListener, process::Command};

const SECRET: &str = "a little secret";

#[tokio::test]
async fn every_event_is_verified_and_typed() {
    let app = App::start(0).await;
    let output = app.send("", &["--all", "--concurrency", "4"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let lines = lines(&output);
    assert_eq!(lines.len(), 39);
    for line in &lines {
        assert_eq!(line["ok"], true, "{line}");
        assert_eq!(line["expected"], "2xx", "{line}");
    }
    // All but the ping, which the layer answers.
    assert_eq!(app.runs(), 38);
}

#[tokio::test]
async fn each_event_of_a_long_run_is_another_one() {
    let app = App::start(0).await;
    let to = &app.address;
    let mut command = smile();
    command.args([
        "send",
        "TASK_STARTED",
        "customer/updated",
        "--to",
        to,
        "--secret",
        SECRET,
    ]);
    command.args(["--count", "50", "--concurrency", "4", "--rate", "10000"]);
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(app.runs(), 100);
    // Of so many, the table has a row for those that are alike.
    let table = String::from_utf8(output.stdout).unwrap();
    let row = table.lines().find(|line| line.starts_with("TASK_STARTED"));
    let cells: Vec<_> = row.unwrap().split_whitespace().collect();
    assert_eq!(
        cells[1..7],
        ["-", "204", "2xx", "yes", "0", "50"],
        "{table}"
    );
    assert!(table.contains("101 deliveries: as expected"), "{table}");
}

#[tokio::test]
async fn the_vendor_of_all_may_come_from_the_path_or_the_flag() {
    let app = App::start(0).await;
    let output = app.send("/webhooks/smile-io", &["--all"]).await;
    assert_eq!(types(&output), ["ping", "customer/updated"]);
    let output = app
        .send("/elsewhere", &["--all", "--vendor", "smile-api"])
        .await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(lines(&output).len(), 37);
    let output = app.send("/elsewhere", &["--all"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("--vendor"), "{output:?}");
}

#[tokio::test]
async fn a_ping_comes_before_smile_io_s_events_and_a_refused_one_ends_them() {
    let app = App::start(0).await;
    let output = app.send("", &["customer/updated"]).await;
    assert_eq!(types(&output), ["ping", "customer/updated"]);

    let flags = ["customer/updated", "--no-resend"];
    let output = app.send("/nothing/here", &flags).await;
    assert_eq!(types(&output), ["ping"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("refused the ping"), "{output:?}");
}

#[tokio::test]
async fn a_failure_is_sent_again_and_a_fault_is_not() {
    let app = App::start(1).await;
    let flags = ["TASK_STARTED", "--resend-after", "0"];
    let output = app.send("", &flags).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let statuses: Vec<_> = lines(&output)
        .iter()
        .map(|line| line["status"].clone())
        .collect();
    assert_eq!(statuses, [500, 204]);

    let output = app.send("", &["TASK_STARTED", "--fault", "missing"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let lines = lines(&output);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["fault"], "missing");
    assert_eq!(
        (&lines[0]["status"], &lines[0]["expected"]),
        (&401.into(), &401.into())
    );
}

#[tokio::test]
async fn another_answer_than_expected_is_status_1_with_a_hint() {
    let app = App::start(0).await;
    let mut command = smile();
    command
        .args(["send", "TASK_STARTED", "--no-resend", "--to", &app.address])
        .env("SMILE_API_SECRET", "another secret");
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let table = String::from_utf8(output.stdout.clone()).unwrap();
    let mut rows = table.lines();
    assert!(
        rows.next()
            .unwrap()
            .starts_with("TYPE          STATUS  EXPECTED  OK"),
        "{table}"
    );
    assert!(
        rows.next()
            .unwrap()
            .starts_with("TASK_STARTED  401     2xx       no"),
        "{table}"
    );
    assert!(errors(&output).contains("SMILE_API_SECRET"), "{output:?}");
    assert_eq!(app.runs(), 0);
}

#[tokio::test]
async fn an_address_without_a_server_is_an_outcome_with_its_error() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let app = App {
        address,
        runs: Arc::default(),
    };
    let output = app.send("", &["TASK_STARTED", "--no-resend"]).await;
    assert_eq!(output.status.code(), Some(1));
    let line = &lines(&output)[0];
    assert!(line["status"].is_null(), "{line}");
    assert!(
        line["error"].as_str().unwrap().contains("refused"),
        "{line}"
    );
}

#[tokio::test]
async fn wrong_calls_end_with_status_2_and_say_what_is_right() {
    let app = App::start(0).await;
    for (flags, text) in [
        (&["TASK_FINISH"][..], "did you mean TASK_FINISHED"),
        (
            &["TASK_STARTED", "--vendor", "smile-io"],
            "is an event of Smile API",
        ),
        (&["TASK_STARTED", "--set", "data.user.id=1"], "which has"),
        (&["TASK_STARTED", "--set", "data.userId"], "PATH=VALUE"),
        (
            &["TASK_STARTED", "--fault", "stale"],
            "Smile API signs no timestamp",
        ),
        (
            &["TASK_STARTED", "--fault", "bad-signatur"],
            "did you mean bad-signature",
        ),
        (&["--file", "/nowhere/at/all"], "/nowhere/at/all"),
        (&[], "required"),
    ] {
        let output = app.send("", flags).await;
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {output:?}");
        assert!(errors(&output).contains(text), "{flags:?}: {output:?}");
    }
    assert_eq!(app.runs(), 0);
}

#[tokio::test]
async fn a_file_is_sent_byte_for_byte() {
    let app = App::start(0).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("body.json");
    let body = "{ \"id\": \"et-file\",\r\n \"type\": \"MOON_LANDED\", \"data\": {} }\n";
    std::fs::write(&path, body).unwrap();
    let file = path.to_str().unwrap();
    let output = app.send("", &["--file", file, "--chunked"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(types(&output), ["MOON_LANDED"]);
    let replayed = app.run("replay", "", &[file]).await;
    assert_eq!(lines(&replayed)[0]["duplicate"], true, "{replayed:?}");
}

/// An application with both layers, whose handlers fail at first.
struct App {
    address: String,
    runs: Arc<AtomicU32>,
}

#[derive(Clone)]
struct Handler {
    runs: Arc<AtomicU32>,
    fail_first: u32,
}

impl App {
    async fn start(fail_first: u32) -> Self {
        let runs = Arc::new(AtomicU32::new(0));
        let handler = Handler {
            runs: runs.clone(),
            fail_first,
        };
        let secret = || Secret::new(SECRET).unwrap();
        let smile_api = || post(on_smile_api).route_layer(SmileLayer::smile_api(secret()).build());
        let smile_io = post(on_smile_io).route_layer(SmileLayer::smile_io(secret()).build());
        let app = Router::new()
            .route("/webhooks/smile-api", smile_api())
            .route("/elsewhere", smile_api())
            .route("/webhooks/smile-io", smile_io)
            .with_state(handler);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, runs }
    }

    async fn send(&self, path: &str, flags: &[&str]) -> Output {
        self.run("send", path, flags).await
    }

    async fn run(&self, command: &str, path: &str, flags: &[&str]) -> Output {
        let to = format!("{}{path}", self.address);
        let mut smile = smile();
        smile
            .args([command, "--json", "--to", &to, "--secret", SECRET])
            .args(flags);
        smile.output().await.unwrap()
    }

    fn runs(&self) -> u32 {
        self.runs.load(Ordering::SeqCst)
    }
}

async fn on_smile_api(State(handler): State<Handler>, event: SmileEvent) -> StatusCode {
    handler.handle(event.data().is_ok())
}

async fn on_smile_io(State(handler): State<Handler>, event: SmileEvent<SmileIo>) -> StatusCode {
    handler.handle(event.data().is_ok())
}

impl Handler {
    fn handle(&self, is_typed: bool) -> StatusCode {
        let earlier = self.runs.fetch_add(1, Ordering::SeqCst);
        match is_typed && earlier >= self.fail_first {
            true => StatusCode::NO_CONTENT,
            false => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

fn smile() -> Command {
    let mut smile = Command::new(env!("CARGO_BIN_EXE_smile"));
    smile.kill_on_drop(true);
    smile
}

fn lines(output: &Output) -> Vec<Value> {
    let lines = str::from_utf8(&output.stdout).unwrap().lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn types(output: &Output) -> Vec<String> {
    let lines = lines(output).into_iter();
    lines
        .map(|line| line["type"].as_str().unwrap().to_owned())
        .collect()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
