//! `/deliveries` and its stream, on both frameworks.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use smile_conformance::{Request, Response, sign};

use crate::process::{FRAMEWORKS, Receiver, smile_io_now};

fn on_both(flags: &[&str], check: impl Fn(Receiver)) {
    FRAMEWORKS
        .into_iter()
        .for_each(|framework| check(Receiver::start(framework, flags)));
}

fn get_as(receiver: &Receiver, target: &str, host: &str) -> Response {
    receiver.send(
        &Request {
            method: "GET",
            ..Request::post(target, "")
        }
        .header("host", host),
    )
}

fn local(receiver: &Receiver, target: &str) -> Value {
    let answer = get_as(receiver, target, "localhost");
    answer.expect_status(200, target);
    serde_json::from_slice(&answer.body).unwrap()
}

/// Waits, since a worker's run comes after the answer.
fn deliveries(receiver: &Receiver, at_least: usize) -> Vec<Value> {
    let start = Instant::now();
    loop {
        let list = local(receiver, "/deliveries");
        let list = list.as_array().unwrap().clone();
        if list.len() >= at_least {
            return list;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{list:?}");
        sleep(Duration::from_millis(20));
    }
}

fn replay(receiver: &Receiver, seq: u64, host: &str, origin: &str) -> Response {
    let request = Request::post(&format!("/deliveries/{seq}/replay"), "")
        .header("host", host)
        .header("origin", origin);
    receiver.send(&request)
}

#[test]
fn every_request_to_a_webhook_is_a_delivery_with_its_outcome() {
    on_both(&["--fail-first", "1"], |receiver| {
        let event = sign::event();
        let request = sign::smile_api(event.clone()).header("x-note", "hello");
        for status in [500, 204, 200] {
            receiver.send(&request).expect_status(status, "attempt");
        }
        receiver
            .send(&smile_io_now(sign::ping().into()))
            .expect_status(200, "ping");
        receiver
            .send(&request.clone().without("smile-signature"))
            .expect_status(401, "unsigned");
        receiver
            .send(&sign::smile_api_with("another", event.clone()))
            .expect_status(401, "another secret");
        receiver.get(sign::SMILE_IO).expect_status(405, "GET");

        let list = deliveries(&receiver, 7);
        let of =
            |member: &str| -> Vec<Value> { list.iter().map(|line| line[member].clone()).collect() };
        assert_eq!(of("seq"), [1, 2, 3, 4, 5, 6, 7], "{list:?}");
        assert_eq!(
            of("outcome"),
            [
                "handler_failed",
                "handled",
                "duplicate",
                "ping",
                "rejected",
                "rejected",
                "rejected"
            ]
        );
        assert_eq!(of("status"), [500, 204, 200, 200, 401, 401, 405]);
        assert_eq!(of("kind")[4..], ["signature", "signature", "method"]);
        assert_eq!(of("attempt")[..3], [json!(1), json!(2), json!(null)]);
        assert_eq!(of("reason")[0], "the handler answered 500");
        for (line, reason) in list[4..].iter().zip(["no smile-signature", "", ""]) {
            assert!(line["reason"].as_str().unwrap().contains(reason), "{line}");
            assert!(line["remedy"].as_str().unwrap().len() > 10, "{line}");
            assert!(line["type"].is_null() && line["known"].is_null(), "{line}");
        }
        let first = &list[0];
        let sent: Value = serde_json::from_str(&event).unwrap();
        assert_eq!((&first["id"], &first["type"]), (&sent["id"], &sent["type"]));
        assert_eq!(
            (&first["known"], &first["secretIndex"]),
            (&true.into(), &0.into())
        );
        assert_eq!(
            (&first["origin"], &first["tenant"]),
            (&"request".into(), &Value::Null)
        );
        assert_eq!(first["size"], event.len());
        assert!(first["durationMs"].as_f64().unwrap() > 0.0);
        assert!(first["receivedAt"].as_str().unwrap().ends_with('Z'));
        assert_eq!(list[3]["vendor"], "smile-io");
        assert_eq!(local(&receiver, "/deliveries?after=2&limit=1")[0]["seq"], 3);
        receiver
            .get("/deliveries?after=x")
            .expect_status(400, "no number");

        let detail = local(&receiver, "/deliveries/2");
        assert_eq!(detail["seq"], 2);
        assert_eq!(detail["typed"], sent["data"]);
        assert_eq!(
            (&detail["body"], &detail["bodyEncoding"]),
            (&event.into(), &"utf-8".into())
        );
        assert_eq!(detail["bodyComplete"], true);
        let headers = detail["headers"].to_string();
        assert!(headers.contains(r#"["x-note","hello"]"#), "{headers}");
        assert!(headers.contains("smile-signature"), "{headers}");
        let remote = get_as(&receiver, "/deliveries/2", "smile.example");
        remote.expect_status(200, "another host");
        let remote: Value = serde_json::from_slice(&remote.body).unwrap();
        let headers = remote["headers"].to_string();
        assert!(headers.contains(r#"["x-note","hello"]"#), "{headers}");
        assert!(!headers.contains("smile-signature"), "{headers}");
        assert_eq!(local(&receiver, "/deliveries/6")["body"], detail["body"]);
        for seq in ["0", "8", "x", "18446744073709551616"] {
            receiver
                .get(&format!("/deliveries/{seq}"))
                .expect_status(404, seq);
        }
    });
}

#[test]
fn a_body_that_is_no_text_comes_in_base64() {
    on_both(&[], |receiver| {
        receiver
            .send(&sign::smile_api(&b"\xff\x00'"[..]))
            .expect_status(422, "no JSON");
        let detail = local(&receiver, "/deliveries/1");
        assert_eq!(
            (&detail["body"], &detail["bodyEncoding"]),
            (&"/wAn".into(), &"base64".into())
        );
    });
}

#[test]
fn of_a_long_body_the_beginning_is_kept() {
    on_both(&[], |receiver| {
        let long = 3 << 20;
        receiver
            .send(&sign::smile_api(sign::event_of(long)))
            .expect_status(204, "handled");
        receiver
            .send(&sign::smile_api_with("another", sign::event_of(long)).chunked(1 << 16))
            .expect_status(401, "refused");
        for (seq, kept) in [(1, 1 << 20), (2, 256 << 10)] {
            let detail = local(&receiver, &format!("/deliveries/{seq}"));
            assert_eq!(detail["body"].as_str().unwrap().len(), kept);
            assert_eq!(detail["bodyComplete"], false);
            assert_eq!(detail["size"], long);
            assert!(detail["curl"].is_null());
            replay(&receiver, seq, "localhost", "http://localhost").expect_status(409, "not whole");
        }
    });
}

#[test]
fn a_sample_of_each_type_is_handled() {
    on_both(&[], |receiver| {
        let samples = local(&receiver, "/inspector")["samples"].clone();
        let samples = samples.as_array().unwrap();
        assert_eq!(samples.len(), 39);
        for sample in samples {
            let name = sample["type"].as_str().unwrap();
            let request = Request::post(&format!("/samples?type={name}"), "");
            let answer = receiver.send(&request);
            answer.expect_status(200, name);
        }
        for (line, sample) in deliveries(&receiver, 39).iter().zip(samples) {
            assert_eq!(
                (&line["type"], &line["vendor"]),
                (&sample["type"], &sample["vendor"])
            );
            assert!(
                matches!(line["outcome"].as_str(), Some("handled" | "ping")),
                "{line}"
            );
        }
        for (target, status) in [("/samples?type=MOON_LANDED", 404), ("/samples", 400)] {
            receiver
                .send(&Request::post(target, ""))
                .expect_status(status, target);
        }
        let remote = Request::post("/samples?type=ping", "").header("host", "me.example");
        receiver.send(&remote).expect_status(403, "remote");
    });
}

#[test]
fn refused_bodies_and_reasons_are_for_this_machine_alone() {
    let check = |receiver: &Receiver, hosts: &[&str]| {
        receiver
            .send(&Request::post(sign::SMILE_API, "a stranger's body"))
            .expect_status(401, "unsigned");
        receiver
            .send(&sign::smile_api(sign::event()))
            .expect_status(204, "signed");
        for host in hosts {
            let show = |target| -> Value {
                let answer = get_as(receiver, target, host);
                serde_json::from_slice(&answer.body).unwrap()
            };
            let list = show("/deliveries");
            assert_eq!(list[0]["outcome"], "rejected", "{host}");
            assert!(
                list[0]["reason"].is_null() && list[0]["remedy"].is_null(),
                "{host}: {list}"
            );
            let refused = show("/deliveries/1");
            assert!(refused["body"].is_null(), "{host}: {refused}");
            assert_eq!(refused["headers"], json!([]), "{host}");
            let handled = show("/deliveries/2");
            assert!(
                handled["body"].is_string() && handled["curl"].is_null(),
                "{host}"
            );
            assert!(show("/inspector")["curl"].is_null(), "{host}");
            replay(receiver, 2, host, &format!("http://{host}")).expect_status(403, host);
        }
    };
    on_both(&[], |receiver| {
        check(&receiver, &["me.example", "192.0.2.1:3000"]);
        replay(&receiver, 2, "localhost", "http://evil.example").expect_status(403, "another site");
    });
    for framework in FRAMEWORKS {
        let flags = ["--listen", "0.0.0.0:0"];
        check(
            &Receiver::start(framework, &flags),
            &["me.example", "localhost"],
        );
    }
}

#[test]
fn a_delivery_is_delivered_again_signed_anew() {
    on_both(&["--dedupe", "none"], |receiver| {
        let event = sign::event();
        receiver
            .send(&sign::smile_api(event.clone()))
            .expect_status(204, "smile-api");
        receiver
            .send(&smile_io_now(sign::customer()))
            .expect_status(204, "smile-io");
        receiver
            .send(&sign::smile_api_with("another", event.clone()))
            .expect_status(401, "refused");
        for seq in 1..=3 {
            let answer = replay(&receiver, seq, "127.0.0.1", "http://127.0.0.1");
            answer.expect_status(200, "again");
            assert_eq!(answer.body, br#"{"status":204}"#, "{seq}");
        }
        let again = deliveries(&receiver, 6);
        assert_eq!(again[3]["attempt"], 2);
        assert_eq!(local(&receiver, "/deliveries/6")["body"], event);
        replay(&receiver, 99, "localhost", "http://localhost").expect_status(404, "none");
    });
}

/// By `sh`, `openssl` and `curl`, as a developer pastes them.
#[test]
fn a_delivery_as_a_command_line_is_the_same_delivery() {
    let quotes = r#"{"id":"et-q","type":"USER_CREATED","data":{"userId":"it's `id` $(id) \\ ü"}}"#;
    let control = "{\"id\":\"et-c\",\"type\":\"USER_CREATED\",\"data\":{}}\r\n\t \n";
    let long = sign::event_of(200_000);
    on_both(&["--dedupe", "none"], |receiver| {
        let bodies = [quotes, control, &long, "@/etc/hostname", "{}"];
        for (number, body) in bodies.into_iter().enumerate() {
            for request in [
                sign::smile_api(body.to_owned()),
                smile_io_now(body.to_owned()),
            ] {
                assert_ne!(receiver.send(&request).status, 401, "{body}");
            }
            for vendor in 0..2 {
                let first = number * 4 + vendor + 1;
                let host = receiver.address().to_string();
                let answer = get_as(&receiver, &format!("/deliveries/{first}"), &host);
                let detail: Value = serde_json::from_slice(&answer.body).unwrap();
                let output = paste(detail["curl"].as_str().unwrap());
                let list = deliveries(&receiver, number * 4 + 3 + vendor);
                let again = list.last().unwrap();
                assert_eq!(
                    again["outcome"], detail["outcome"],
                    "{body}: {again}, {output}"
                );
                assert_ne!(again["kind"], "signature", "{body}: {again}");
                let seq = again["seq"].to_string();
                let shown = local(&receiver, &format!("/deliveries/{seq}"));
                assert_eq!(shown["body"], detail["body"], "{body}");
            }
        }
    });
}

/// What the shell wrote to standard error.
fn paste(line: &str) -> String {
    let mut shell = Command::new("sh")
        .env("SMILE_API_SECRET", sign::SECRET)
        .env("SMILE_IO_SECRET", sign::SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = shell.stdin.take().unwrap();
    writeln!(stdin, "{line}").unwrap();
    drop(stdin);
    String::from_utf8_lossy(&shell.wait_with_output().unwrap().stderr).into_owned()
}

#[test]
fn the_stream_tells_each_delivery_and_goes_on_where_a_reader_was() {
    on_both(&[], |receiver| {
        receiver
            .send(&sign::smile_api(sign::event()))
            .expect_status(204, "before");
        let mut stream = Stream::open(&receiver, None);
        let boot = stream.next();
        assert_eq!(boot.event, "boot");
        assert_eq!(boot.data["newest"], 1);
        assert_eq!(boot.data["boot"], local(&receiver, "/inspector")["boot"]);
        receiver
            .send(&sign::smile_api(sign::event()))
            .expect_status(204, "while it is open");
        let delivery = stream.next();
        assert_eq!(delivery.event, "delivery");
        assert_eq!(delivery.data, deliveries(&receiver, 2)[1]);
        drop(stream);

        for _ in 0..2 {
            receiver
                .send(&sign::smile_api(sign::event()))
                .expect_status(204, "missed");
        }
        let mut stream = Stream::open(&receiver, Some(&delivery.id));
        assert_eq!(
            [
                stream.next().data["seq"].clone(),
                stream.next().data["seq"].clone()
            ],
            [3, 4]
        );

        for unknown in ["00000000-2", "nonsense", &format!("{}9", delivery.id)] {
            let mut stream = Stream::open(&receiver, Some(unknown));
            assert_eq!(stream.next().event, "boot", "{unknown}");
        }
    });
}

#[test]
fn an_open_stream_does_not_keep_the_receiver_from_its_end() {
    on_both(&[], |receiver| {
        let mut stream = Stream::open(&receiver, None);
        assert_eq!(stream.next().event, "boot");
        let start = Instant::now();
        assert_eq!(receiver.terminate().code(), Some(0));
        assert!(start.elapsed() < Duration::from_secs(5));
    });
}

#[test]
#[cfg_attr(not(feature = "sqlite"), ignore = "needs --features sqlite")]
fn with_an_inbox_the_workers_runs_are_deliveries_too() {
    for framework in FRAMEWORKS {
        let path = std::env::temp_dir().join(format!("smile-{}.db", sign::fresh_id()));
        let url = format!("sqlite:{}", path.display());
        let receiver = Receiver::start(framework, &["--inbox", &url, "--fail-first", "1"]);
        let event = sign::event();
        for _ in 0..2 {
            receiver
                .send(&sign::smile_api(event.clone()))
                .expect_status(200, "stored");
        }
        let list = deliveries(&receiver, 4);
        let of = |origin: &str, member: &str| -> Vec<Value> {
            let lines = list.iter().filter(|line| line["origin"] == origin);
            lines.map(|line| line[member].clone()).collect()
        };
        assert_eq!(
            of("request", "outcome"),
            ["stored", "duplicate"],
            "{framework}"
        );
        assert_eq!(
            of("worker", "outcome"),
            ["handler_failed", "handled"],
            "{framework}"
        );
        assert_eq!(of("worker", "attempt"), [1, 2], "{framework}");
        assert!(of("worker", "startedAt")[0].is_string(), "{framework}");
        let seq = &of("worker", "seq")[1];
        let detail = local(&receiver, &format!("/deliveries/{seq}"));
        assert_eq!(detail["body"], event, "{framework}");
        assert_eq!(detail["typed"]["userId"], "u-1", "{framework}");
        assert_eq!(local(&receiver, "/inspector")["inbox"], true);
        let _ = std::fs::remove_file(path);
    }
}

/// Server-sent events, as they come.
struct Stream(BufReader<TcpStream>);

struct Event {
    id: String,
    event: String,
    data: Value,
}

impl Stream {
    fn open(receiver: &Receiver, last: Option<&str>) -> Self {
        let mut socket = TcpStream::connect(receiver.address()).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let last = last.map(|id| format!("Last-Event-ID: {id}\r\n"));
        let last = last.unwrap_or_default();
        write!(
            socket,
            "GET /deliveries/stream HTTP/1.1\r\nHost: localhost\r\n{last}\r\n"
        )
        .unwrap();
        Self(BufReader::new(socket))
    }

    /// The next event. Sizes of chunks stand between the lines, and nobody needs them.
    fn next(&mut self) -> Event {
        let mut event = Event {
            id: String::new(),
            event: String::new(),
            data: Value::Null,
        };
        loop {
            let mut line = String::new();
            assert_ne!(
                self.0.read_line(&mut line).unwrap(),
                0,
                "the stream has ended"
            );
            match line.trim_end().split_once(": ") {
                Some(("event", name)) => event.event = name.to_owned(),
                Some(("id", id)) => event.id = id.to_owned(),
                Some(("data", data)) => {
                    event.data = serde_json::from_str(data).unwrap();
                    return event;
                }
                _ => {}
            }
        }
    }
}
