//! `smile send`, `replay` and `dead` against the receiver, on both frameworks.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

const SECRET: &str = "a little secret";
const FRAMEWORKS: [&str; 2] = ["axum", "actix"];

#[test]
#[ignore = "needs smile-receiver (cargo build -p smile-receiver --features sqlite)"]
fn every_event_of_both_vendors_is_accepted_and_typed() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &[]);
        let lines = receiver.send(&["--all"], 0);
        assert_eq!(lines.len(), 39, "{framework}");
        let events = receiver.events();
        // The layer answers the ping.
        assert_eq!(events.len(), 38, "{framework}");
        for event in &events {
            assert_eq!(event["known"], true, "{framework}: {event}");
            assert_eq!(event["typed"], true, "{framework}: {event}");
        }
    }
}

#[test]
#[ignore = "needs smile-receiver (cargo build -p smile-receiver --features sqlite)"]
fn each_fault_is_answered_as_documented() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &["--body-timeout", "0.2"]);
        let lines = receiver.send(&["--fault", "all", "--concurrency", "8"], 0);
        // 13 for Smile.io; Smile API has no timestamp.
        assert_eq!(lines.len(), 11 + 13, "{framework}");
        for line in &lines {
            assert_eq!(line["status"], line["expected"], "{framework}: {line}");
        }
        assert!(receiver.events().is_empty(), "{framework}");
    }
}

#[test]
#[ignore = "needs smile-receiver (cargo build -p smile-receiver --features sqlite)"]
fn smile_api_s_second_attempt_runs_a_handler_that_failed() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &["--fail-first", "2"]);
        let flags = ["TASK_FINISHED", "--resend-after", "0.01"];
        let lines = receiver.send(&flags, 0);
        assert_eq!(statuses(&lines), [500, 500, 204], "{framework}");
        assert_eq!(receiver.events()[0]["attempt"], 3, "{framework}");
    }
}

#[test]
#[ignore = "needs smile-receiver (cargo build -p smile-receiver --features sqlite)"]
fn a_delivery_that_a_receiver_keeps_is_verified() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &[]);
        receiver.send(&["USER_CREATED", "--fault", "wrong-secret"], 0);
        receiver.send(&["customer/updated", "--no-ping"], 0);
        receiver.send(&["USER_CREATED", "--fault", "missing"], 0);
        let verify = |delivery: &str, secret: &str| {
            let mut command = smile();
            command.args(["verify", "--json", "--from", &receiver.address]);
            command.args(["--delivery", delivery, "--secret", secret]);
            let output = command.output().unwrap();
            let text = [output.stdout, output.stderr].concat();
            (output.status.code(), String::from_utf8(text).unwrap())
        };
        let (status, text) = verify("1", SECRET);
        assert_eq!(status, Some(1), "{text}");
        assert!(text.contains(r#""kind":"unknown""#), "{text}");
        let (status, text) = verify("2", SECRET);
        assert_eq!(status, Some(0), "{text}");
        let (status, text) = verify("2", &format!("'{SECRET}'"));
        assert_eq!(status, Some(1), "{text}");
        assert!(text.contains(r#""kind":"secret-quotes""#), "{text}");
        let (status, text) = verify("3", SECRET);
        assert_eq!(status, Some(1), "{text}");
        assert!(
            text.contains("the delivery has no Smile-Signature"),
            "{text}"
        );
        let (status, text) = verify("9", SECRET);
        assert_eq!(status, Some(1), "{text}");
        assert!(text.contains("404"), "{text}");
    }
}

#[test]
#[ignore = "needs smile-receiver (cargo build -p smile-receiver --features sqlite)"]
fn a_signature_that_matches_here_and_not_at_the_app_is_no_end() {
    let app = Receiver::start("axum", &[]);
    // The other vendor's route refuses it.
    let url = format!("{}/webhooks/smile-io", app.address);
    let receiver = Receiver::start("axum", &["--forward-to", &url]);
    receiver.send(&["USER_CREATED", "--resend-after", "0.01"], 1);
    let mut command = smile();
    command.args(["verify", "--from", &receiver.address, "--delivery", "1"]);
    let output = command.args(["--secret", SECRET]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let note = format!("the app at {url} answered 401; give the secret that the app has");
    assert!(text.contains("the signature matches"), "{text}");
    assert!(text.contains(&note), "{text}");
}

#[test]
#[ignore = "needs smile-receiver (cargo build -p smile-receiver --features sqlite)"]
fn smile_api_gives_up_after_three_attempts() {
    let receiver = Receiver::start("axum", &["--fail-first", "3"]);
    let lines = receiver.send(&["TASK_FINISHED", "--resend-after", "0.01"], 1);
    assert_eq!(statuses(&lines), [500, 500, 500]);
}

#[test]
#[ignore = "needs smile-receiver (cargo build -p smile-receiver --features sqlite)"]
fn repetitions_are_seen_as_duplicates_and_handled_once() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &[]);
        let flags = [
            "USER_CREATED",
            "customer/updated",
            "--duplicate",
            "2",
            "--no-ping",
        ];
        let lines = receiver.send(&flags, 0);
        let duplicates: Vec<_> = lines.iter().map(|line| line["duplicate"] == true).collect();
        assert_eq!(
            duplicates,
            [false, true, true, false, true, true],
            "{framework}"
        );
        assert_eq!(receiver.events().len(), 2, "{framework}");
    }
}

#[test]
#[ignore = "needs smile-receiver (cargo build -p smile-receiver --features sqlite)"]
fn a_full_payload_arrives_in_chunks_and_with_the_members_that_were_set() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &[]);
        let flags = ["--payload", "full", "--items", "300", "--chunked"];
        let set = [
            "--set",
            "data.userId=tenant-7",
            "--set",
            "data.providers=[\"one\"]",
        ];
        receiver.send(&[&["TASK_FINISHED"], &flags[..], &set].concat(), 0);
        let data = &receiver.events()[0]["data"];
        assert_eq!(data["userId"], "tenant-7");
        assert_eq!(data["providers"], serde_json::json!(["one"]));
        let documents = data["payload"]["documents"]["items"].as_array().unwrap();
        assert_eq!(documents.len(), 300);
    }
}

#[test]
#[ignore = "needs smile-receiver (cargo build -p smile-receiver --features sqlite)"]
fn an_event_is_replayed_byte_for_byte_to_another_receiver() {
    let (from, to) = (Receiver::start("axum", &[]), Receiver::start("actix", &[]));
    from.send(&["RATING_ADDED", "customer/updated"], 0);
    let output = to.run(&["replay", "--from", &from.address, "--last", "2", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let raw = |receiver: &Receiver| -> Vec<Value> {
        receiver
            .events()
            .iter()
            .map(|event| event["raw"].clone())
            .collect()
    };
    assert_eq!(raw(&from), raw(&to));

    // Replayed from a file that holds the answer of /events, it is known already.
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("events.json");
    fs::write(&file, from.get("/events")).unwrap();
    let output = to.run(&["replay", file.to_str().unwrap(), "--json"]);
    let lines = lines(&output);
    assert_eq!(lines.len(), 2);
    assert!(
        lines.iter().all(|line| line["duplicate"] == true),
        "{lines:?}"
    );
}

#[test]
#[ignore = "needs smile-receiver (cargo build -p smile-receiver --features sqlite)"]
fn a_dead_letter_is_listed_shown_and_replayed() {
    for framework in FRAMEWORKS {
        let directory = tempfile::tempdir().unwrap();
        let inbox = format!("sqlite:{}", directory.path().join("inbox.db").display());
        let receiver = Receiver::start(framework, &["--inbox", &inbox]);
        let sent = receiver.send(
            &["--fault", "not-json", "--inbox", "--vendor", "smile-api"],
            0,
        );
        assert_eq!(sent.len(), 1, "{framework}");
        let dead = |arguments: &[&str]| {
            let mut command = smile();
            command
                .arg("dead")
                .args(arguments)
                .args(["--to", &receiver.address]);
            command.output().unwrap()
        };
        let letter = within(|| lines(&dead(&["list", "--json"])).into_iter().next());
        let id = letter["id"].to_string();
        assert_eq!(letter["vendor"], "smile-api");
        let table = String::from_utf8(dead(&["list"]).stdout).unwrap();
        assert!(table.starts_with("ID  VENDOR"), "{table}");
        let shown: Value = serde_json::from_slice(&dead(&["show", &id]).stdout).unwrap();
        assert_eq!(shown["reason"], letter["reason"], "{framework}");
        assert!(dead(&["replay", &id]).status.success(), "{framework}");
        assert_eq!(dead(&["show", "999"]).status.code(), Some(1), "{framework}");
    }
}

#[test]
fn a_receiver_that_is_not_there_is_an_error_that_says_so() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let output = smile()
        .args(["dead", "list", "--to", &address])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("is the receiver running there?"), "{text}");
}

/// Killed when dropped.
struct Receiver {
    child: Child,
    address: String,
}

impl Receiver {
    fn start(framework: &str, flags: &[&str]) -> Self {
        let mut child = Command::new(program())
            .args(["--framework", framework, "--listen", "127.0.0.1:0"])
            .args(["--smile-api-secret", SECRET, "--smile-io-secret", SECRET])
            .args(flags)
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the receiver starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let address = lines
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
            .expect("the receiver says where it listens");
        // Reads on, so that the receiver never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// The lines of `smile send`, which has to end with this status.
    #[track_caller]
    fn send(&self, flags: &[&str], status: i32) -> Vec<Value> {
        let output = self.run(&[&["send", "--json"], flags].concat());
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        lines(&output)
    }

    /// Runs the tool with this receiver as the endpoint.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = smile();
        command
            .args(arguments)
            .args(["--to", &self.address, "--secret", SECRET]);
        command.output().unwrap()
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let output = Command::new("curl")
            .args(["-sS", "--fail", &format!("{}{path}", self.address)])
            .output()
            .expect("curl");
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }

    fn events(&self) -> Vec<Value> {
        serde_json::from_slice(&self.get("/events")).expect("a list")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn smile() -> Command {
    Command::new(env!("CARGO_BIN_EXE_smile"))
}

/// From the environment variable `SMILE_RECEIVER`, or else beside the tool.
fn program() -> PathBuf {
    let beside = Path::new(env!("CARGO_BIN_EXE_smile")).with_file_name("smile-receiver");
    env::var_os("SMILE_RECEIVER").map_or(beside, PathBuf::from)
}

fn lines(output: &Output) -> Vec<Value> {
    let lines = str::from_utf8(&output.stdout).unwrap().lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn statuses(lines: &[Value]) -> Vec<u64> {
    lines
        .iter()
        .map(|line| line["status"].as_u64().unwrap())
        .collect()
}

/// Asks until there is an answer.
#[track_caller]
fn within<T>(ask: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing came");
        std::thread::sleep(Duration::from_millis(20));
    }
}
