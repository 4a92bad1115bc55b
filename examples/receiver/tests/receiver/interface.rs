//! Routes and flags, on both frameworks.

use std::time::{Duration, Instant};

use smile_conformance::{Request, sign};

use crate::process::{FRAMEWORKS, Receiver, smile_io_now};

fn on_both(flags: &[&str], check: impl Fn(Receiver)) {
    FRAMEWORKS
        .into_iter()
        .for_each(|framework| check(Receiver::start(framework, flags)));
}

#[test]
fn handled_events_are_listed_with_all_that_is_known_of_them() {
    on_both(&[], |receiver| {
        assert_eq!(receiver.get("/events").body, b"[]");
        let event = sign::event();
        receiver
            .send(&sign::smile_api(event.clone()))
            .expect_status(204, "smile-api");
        receiver
            .send(&smile_io_now(sign::customer()))
            .expect_status(204, "smile-io");
        let strange = r#"{"id":"et-new","type":"MOON_LANDED","data":[1]}"#;
        receiver
            .send(&sign::smile_api(strange))
            .expect_status(204, "unknown type");
        let broken = r#"{"id":"et-b","type":"USER_CREATED","data":{"userId":{}}}"#;
        receiver
            .send(&sign::smile_api(broken))
            .expect_status(204, "another shape");

        let events = receiver.events("");
        assert_eq!(events.len(), 4);
        let raw: serde_json::Value = serde_json::from_str(&event).unwrap();
        let first = &events[0];
        assert_eq!(first["seq"], 1);
        assert_eq!(first["vendor"], "smile-api");
        assert_eq!(first["id"], raw["id"]);
        assert_eq!(first["type"], "ACCOUNT_CONNECTED");
        assert_eq!(
            (&first["known"], &first["typed"]),
            (&true.into(), &true.into())
        );
        assert_eq!(first["data"], raw["data"]);
        assert_eq!(first["raw"], raw);
        assert_eq!(first["attempt"], 1);
        assert!(first["receivedAt"].as_str().unwrap().ends_with('Z'));
        assert_eq!(
            (&events[1]["vendor"], &events[1]["type"]),
            (&"smile-io".into(), &"customer/updated".into())
        );
        assert!(events[1]["id"].is_null());
        assert_eq!(
            (&events[2]["known"], &events[2]["typed"]),
            (&false.into(), &true.into())
        );
        assert_eq!(
            (&events[3]["known"], &events[3]["typed"]),
            (&true.into(), &false.into())
        );
        assert!(events[3]["data"].is_null());
    });
}

#[test]
fn events_are_listed_a_page_at_a_time() {
    on_both(&[], |receiver| {
        for _ in 0..5 {
            receiver
                .send(&sign::smile_api(sign::event()))
                .expect_status(204, "event");
        }
        let seqs = |query| {
            let events = receiver.events(query);
            events
                .iter()
                .map(|event| event["seq"].as_u64().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(seqs("?after=2&limit=2"), [3, 4]);
        assert_eq!(seqs("?after=3"), [4, 5]);
        assert_eq!(seqs("?limit=1"), [1]);
        assert_eq!(seqs("?after=5"), [0; 0]);
        assert_eq!(seqs("?after=18446744073709551615"), [0; 0]);
        for query in ["?after=x", "?limit=-1", "?page=2"] {
            receiver
                .get(&format!("/events{query}"))
                .expect_status(400, query);
        }
    });
}

#[test]
fn forwarded_callbacks_are_listed_apart_from_events() {
    on_both(&[], |receiver| {
        let post = |body: &str| receiver.send(&Request::post("/callbacks/wink", body.to_owned()));
        for body in [
            r#"{"callback":"onAccountConnected","payload":{"accountId":"a-1","new":1}}"#,
            r#"{"callback":"onClose","payload":"exit"}"#,
            r#"{"callback":"onClose","payload":{"reason":"exit"}}"#,
            r#"{"callback":"onTokenExpired"}"#,
            r#"{"callback":"onSomethingNew","payload":[1]}"#,
        ] {
            post(body).expect_status(204, body);
        }
        post("nonsense").expect_status(400, "nonsense");
        post(&format!("{{\"callback\":\"{}\"}}", "x".repeat(16 << 10))).expect_status(413, "long");
        let long = Request::post("/callbacks/wink", vec![b' '; 17 << 10]).chunked(1 << 10);
        receiver.send(&long).expect_status(413, "long, chunked");
        let list = |query: &str| -> Vec<serde_json::Value> {
            serde_json::from_slice(&receiver.get(&format!("/callbacks{query}")).body).unwrap()
        };
        let all = list("");
        assert_eq!(all.len(), 5);
        assert_eq!(
            (&all[0]["seq"], &all[0]["known"]),
            (&1.into(), &true.into())
        );
        assert_eq!(all[0]["callback"], "onAccountConnected");
        assert_eq!(all[0]["payload"]["accountId"], "a-1");
        assert_eq!(all[1]["payload"], "exit");
        assert_eq!(all[4]["known"], false);
        assert_eq!(list("?after=4").len(), 1);
        assert_eq!(receiver.get("/events").body, b"[]");
    });
}

#[test]
fn the_other_routes_answer() {
    on_both(&[], |receiver| {
        receiver.get("/healthz").expect_status(200, "healthz");
        let page = receiver.get("/");
        page.expect_status(200, "page");
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        receiver.get("/nowhere").expect_status(404, "nowhere");
        let answer = receiver.get(sign::SMILE_API);
        answer.expect_status(405, "GET");
        assert_eq!(answer.header("allow"), Some("POST"));
        receiver
            .send(&Request::post(sign::SMILE_API, "{}"))
            .expect_status(401, "unsigned");
        receiver
            .send(&sign::smile_api(sign::event()))
            .expect_status(204, "signed");
        let metrics = String::from_utf8(receiver.get("/metrics").body).unwrap();
        for line in [
            "smile_webhook_deliveries_total{vendor=\"smile-api\",origin=\"request\",outcome=\"handled\"} 1",
            "smile_webhook_deliveries_total{vendor=\"smile-api\",origin=\"request\",outcome=\"signature\"} 1",
            "smile_webhook_stage_duration_seconds_count{vendor=\"smile-api\",origin=\"request\",stage=\"handler\"} 1",
            "smile_webhook_body_bytes_bucket{vendor=\"smile-api\",le=\"1024\"} 1",
        ] {
            assert!(metrics.contains(line), "{metrics}");
        }
    });
}

#[test]
fn a_handler_that_fails_first_is_run_again() {
    on_both(&["--fail-first", "2"], |receiver| {
        let request = sign::smile_api(sign::event());
        for status in [500, 500, 204, 200, 200] {
            receiver.send(&request).expect_status(status, "attempt");
        }
        let events = receiver.events("");
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["attempt"], 3);
    });
}

#[test]
fn without_deduplication_every_delivery_is_handled() {
    on_both(&["--dedupe", "none"], |receiver| {
        let request = sign::smile_api(sign::event());
        for _ in 0..3 {
            receiver.send(&request).expect_status(204, "every time");
        }
        let attempts: Vec<_> = receiver
            .events("")
            .iter()
            .map(|event| event["attempt"].clone())
            .collect();
        assert_eq!(attempts, [1, 2, 3]);
    });
}

#[test]
fn flags_reach_the_intake() {
    on_both(
        &["--body-limit", "1000", "--smile-api-secret", "next"],
        |receiver| {
            receiver
                .send(&sign::smile_api(sign::event_of(1001)))
                .expect_status(413, "limit");
            receiver
                .send(&sign::smile_api_with("next", sign::event()))
                .expect_status(204, "rotation");
        },
    );
    on_both(&["--allow-from", "192.0.2.0/24"], |receiver| {
        receiver
            .send(&sign::smile_api(sign::event()))
            .expect_status(403, "not allowed");
    });
    let flags = [
        "--allow-from",
        "192.0.2.0/24",
        "--trusted-proxy",
        "127.0.0.1",
    ];
    on_both(&flags, |receiver| {
        let request = sign::smile_api(sign::event()).header("x-forwarded-for", "192.0.2.7");
        receiver
            .send(&request)
            .expect_status(204, "through a proxy");
    });
    on_both(&["--handler-delay", "300"], |receiver| {
        let start = Instant::now();
        receiver
            .send(&sign::smile_api(sign::event()))
            .expect_status(204, "slow");
        assert!(start.elapsed() >= Duration::from_millis(300));
    });
}

/// With a second receiver as the app. Its secrets are the same, so it verifies what came.
#[test]
fn an_event_is_handed_on_signed_as_it_came() {
    on_both(&["--fail-first", "1"], |app| {
        for framework in FRAMEWORKS {
            for request in [
                sign::smile_api(sign::event()),
                smile_io_now(sign::customer()),
            ] {
                let url = format!("http://{}{}", app.address(), request.target);
                let receiver = Receiver::start(framework, &["--forward-to", &url]);
                for status in [500, 204, 200] {
                    receiver
                        .send(&request)
                        .expect_status(status, "the app's, then a duplicate's");
                }
                let list = receiver.get("/deliveries").body;
                let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
                assert_eq!(list[0]["reason"], format!("the app at {url} answered 500"));
                assert_eq!(list[0]["remedy"], "look at the app's log");
                receiver
                    .send(&request.clone().without("smile-signature"))
                    .expect_status(401, "refused, and not handed on");
            }
        }
        let attempts = app.events("");
        assert_eq!(attempts.len(), 4);
        assert!(
            attempts.iter().all(|event| event["attempt"] == 2),
            "{attempts:?}"
        );
    });
}

#[test]
#[cfg_attr(not(feature = "sqlite"), ignore = "needs --features sqlite")]
fn a_worker_hands_events_on_signed_anew() {
    on_both(&[], |app| {
        let path = std::env::temp_dir().join(format!("smile-{}.db", sign::fresh_id()));
        let inbox = format!("sqlite:{}", path.display());
        let url = format!("http://{}/webhooks/smile-io", app.address());
        let flags = ["--inbox", &inbox, "--forward-to", &url];
        let receiver = Receiver::start("axum", &flags);
        receiver
            .send(&smile_io_now(sign::customer()))
            .expect_status(200, "stored");
        let start = Instant::now();
        while app.events("").is_empty() {
            assert!(start.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = std::fs::remove_file(path);
    });
}

#[test]
fn an_app_that_is_away_is_a_bad_gateway() {
    let away = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", away.local_addr().unwrap());
    drop(away);
    on_both(&["--forward-to", &url], |receiver| {
        receiver
            .send(&sign::smile_api(sign::event()))
            .expect_status(502, "away");
        let list = receiver.get("/deliveries").body;
        let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
        let reason = format!("the app at {url} could not be reached");
        assert_eq!(list[0]["reason"], reason);
        assert_eq!(list[0]["remedy"], "does the app run, and listen there?");
    });
}

#[test]
fn a_flag_that_cannot_be_meant_is_told() {
    for (flags, expected) in [
        (
            &["--smile-api-secret", ""][..],
            "--smile-api-secret: the secret is empty or blank",
        ),
        (&["--body-limit", "0"], "`body_limit` is zero"),
        (&["--body-timeout=-1"], "--body-timeout -1"),
        (
            &["--allow-from", "10.0.0.0/33"],
            "\"10.0.0.0/33\" is neither an address nor a network",
        ),
        (
            &["--dedupe", "mysql://x"],
            "--dedupe: expected memory, none",
        ),
        #[cfg(not(feature = "redis"))]
        (
            &["--dedupe", "redis://127.0.0.1"],
            "--dedupe: run with the driver",
        ),
        (
            &["--forward-to", "https://127.0.0.1/"],
            "--forward-to https://127.0.0.1/: expected http://HOST:PORT/PATH",
        ),
        (
            &["--inbox", "mysql://x"],
            "--inbox takes sqlite:PATH or postgres://..",
        ),
        #[cfg(not(feature = "postgres"))]
        (&["--inbox", "postgres://x"], "--inbox: run with the driver"),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_smile-receiver"))
            .args(["--listen", "127.0.0.1:0"])
            .args(flags)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{flags:?}");
        assert!(stderr.contains(expected), "{flags:?}: {stderr}");
    }
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for framework in ["axum", "actix"] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_smile-receiver"))
            .args(["--listen", &address, "--framework", framework])
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{framework}");
        let expected = format!("--listen {address}: Address already in use");
        assert!(stderr.contains(&expected), "{framework}: {stderr}");
    }
}

#[test]
fn schemas_are_the_same_on_both_frameworks_and_lead_to_each_event() {
    let documents = FRAMEWORKS.map(|framework| {
        let receiver = Receiver::start(framework, &[]);
        let get = |path: &str| {
            let answer = receiver.get(path);
            assert_eq!(
                answer.header("content-type"),
                Some("application/json"),
                "{path}"
            );
            String::from_utf8(answer.body.to_vec()).unwrap()
        };
        let openapi = get("/openapi.json");
        let document: serde_json::Value = serde_json::from_str(&openapi).unwrap();
        let names = document["webhooks"].as_object().unwrap().keys();
        let schemas: Vec<_> = names
            .map(|name| get(&format!("/schemas/{name}.json")))
            .collect();
        assert_eq!(schemas.len(), 39);
        for path in [
            "/schemas/MOON_LANDED.json",
            "/schemas/TASK_FINISHED",
            "/schemas/ping.json/",
        ] {
            let answer = receiver.get(path);
            assert_eq!(answer.status, 404, "{path}");
            assert!(
                answer.body.starts_with(b"no such schema: expected "),
                "{path}"
            );
        }
        (openapi, schemas)
    });
    let [axum, actix] = documents;
    assert_eq!(axum, actix);
}
