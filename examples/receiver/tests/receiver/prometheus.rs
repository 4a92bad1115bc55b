//! A real Prometheus scrapes the receiver, and each rule of docs/alerts.yml fires where it should.

use std::{
    env, fs,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;
use smile_conformance::sign;
use smile_test_servers::{Prometheus, Redis, promtool};

use crate::process::{Receiver, smile_io_now};

const ALERTS: [&str; 6] = [
    "SmileStoreUnavailable",
    "SmileDeadLetters",
    "SmileInboxFallsBehind",
    "SmileIoSwitchOffNear",
    "SmileIoKeepsFailing",
    "SmileApiThirdFailure",
];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// The rules, which fire at once and not after hours.
fn rules() -> String {
    let text = fs::read_to_string(docs().join("alerts.yml")).unwrap();
    let quick = |line: &str| match line.trim_start().starts_with("for: ") {
        true => String::new(),
        false => line.replace("> 900", "> 0.5") + "\n",
    };
    text.lines().map(quick).collect()
}

#[test]
#[ignore = "needs prometheus, redis-server and --features redis,sqlite"]
fn each_alert_fires_where_its_cause_is_and_not_before() {
    let file = env::temp_dir().join(format!("smile-prometheus-{}.db", std::process::id()));
    let inbox = format!("sqlite:{}", file.display());
    let mut redis = Redis::start();
    let without_store = Receiver::start("axum", &["--dedupe", &redis.url()]);
    let with_inbox = Receiver::start("actix", &["--inbox", &inbox, "--fail-first", "2"]);
    let failing = Receiver::start("axum", &["--fail-first", "1000"]);
    let targets = [&without_store, &with_inbox, &failing].map(Receiver::address);
    let prometheus = Prometheus::start(&targets, &rules());
    prometheus.wait_for("count(up == 1)", r#""3"]"#);
    without_store
        .send(&sign::smile_api(sign::event()))
        .expect_status(204, "the store is there");
    let quiet = prometheus.query("ALERTS");
    assert!(quiet.contains(r#""result":[]"#), "{quiet}");

    redis.kill();
    with_inbox
        .send(&sign::smile_api("no event"))
        .expect_status(200, "a dead letter");
    let customer = sign::customer();
    let start = Instant::now();
    loop {
        without_store
            .send(&sign::smile_api(sign::event()))
            .expect_status(503, "without the store");
        with_inbox
            .send(&sign::smile_api(sign::event()))
            .expect_status(200, "waits for its third attempt");
        let event = sign::smile_api(sign::event());
        for _ in 0..3 {
            failing.send(&event).expect_status(500, "three failures");
        }
        failing
            .send(&smile_io_now(customer.clone()))
            .expect_status(500, "fails all the time");
        sleep(Duration::from_millis(500));
        let firing = prometheus.query(r#"ALERTS{alertstate="firing"}"#);
        let missing: Vec<_> = ALERTS
            .into_iter()
            .filter(|name| !firing.contains(&format!(r#""alertname":"{name}""#)))
            .collect();
        if missing.is_empty() {
            break;
        }
        let text = || String::from_utf8(failing.get("/metrics").body).unwrap();
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{missing:?} do not fire: {firing}\n{}",
            text()
        );
    }
    // The third attempts succeed a few seconds after the first.
    each_panel_has_something_to_show(&prometheus);
    drop(with_inbox);
    let _ = fs::remove_file(file);
}

fn each_panel_has_something_to_show(prometheus: &Prometheus) {
    let text = fs::read_to_string(docs().join("grafana.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() > 10, "{text}");
    for panel in panels {
        for target in panel["targets"].as_array().unwrap() {
            let query = target["expr"].as_str().unwrap();
            let query = query
                .replace("$vendor", ".*")
                .replace("$__rate_interval", "1m");
            // A rate needs a second scrape.
            prometheus.wait_for(&query, r#""result":[{"#);
        }
    }
}

#[test]
#[ignore = "needs prometheus"]
fn what_takes_hours_fires_by_the_rules_own_tests() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/receiver");
    promtool(&["check", "rules", "alerts.yml"], &docs());
    promtool(&["test", "rules", "alerts.test.yml"], &here);
}
