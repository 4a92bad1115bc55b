//! The most memory that the typed data of one delivery takes, for bodies of every shape.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that lacks its data fails"
)]

use peak_alloc::PeakAlloc;
use serde_json::Value;
use smile_core::{
    model::MAX_DATA_MEMORY,
    smile_api::{self, EventType, wink::Hint},
    smile_io::{self, Topic},
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// One test, since tests of one process run side by side and would count each other's memory.
#[test]
fn the_data_of_no_body_takes_more_memory_than_the_limit_allows() {
    let mut worst = Vec::new();
    for (name, start, item, end) in SHAPES {
        let body = filled(start, item, end);
        let peak = peak_of(|| read(name, &body));
        worst.push((peak >> 20, item));
    }
    worst.sort_unstable();
    let largest = vendors_largest();
    let peak = peak_of(|| read("TASK_FINISHED", &largest));
    println!(
        "the vendor's largest: {peak} bytes for {} bytes",
        largest.len()
    );
    assert!(
        peak < MAX_DATA_MEMORY / 8,
        "{peak} bytes for what the vendor sends"
    );
    println!("MiB for 4 MiB of each shape: {worst:#?}");
    let (peak, shape) = worst.pop().expect("there are shapes");
    assert!(peak <= CEILING_MIB, "{peak} MiB for 4 MiB of {shape:?}");
}

/// The data of the fixture with each of its lists at the vendor's limit.
fn vendors_largest() -> String {
    let body = include_str!("fixtures/smile_api/TASK_FINISHED.json");
    let mut body: Value = serde_json::from_str(body).expect("the fixture is JSON");
    for list in body["data"]["payload"]
        .as_object_mut()
        .unwrap()
        .values_mut()
    {
        if let Some(items) = list.get_mut("items").and_then(Value::as_array_mut) {
            *items = items.iter().cycle().take(300).cloned().collect();
        }
    }
    body["data"].to_string()
}

/// Reads data of either vendor, or a callback, in the way that a delivery does.
fn read(name: &str, body: &str) {
    let _ = match name {
        "wink" => Hint::parse(body.as_bytes()).map(drop).map_err(drop),
        name if name.contains('/') => smile_io::Data::from_json(&Topic::from(name), body)
            .map(drop)
            .map_err(drop),
        name => smile_api::Data::from_json(&EventType::from(name), body)
            .map(drop)
            .map_err(drop),
    };
}

/// What a call took at its peak, beyond what was there before, in bytes.
fn peak_of(call: impl FnOnce()) -> usize {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    call();
    MEMORY.peak_usage() - before
}

/// A text of 4 MiB, the default limit of a body, with as many items as fit.
fn filled(start: &str, item: &str, end: &str) -> String {
    let count = ((4 << 20) - start.len() - end.len()) / (item.len() + 1);
    let items = vec![item; count].join(",");
    format!("{start}{items}{end}")
}

/// An event, and what stands before, as, and after the items.
const SHAPES: &[(&str, &str, &str, &str)] = &[
    ("TASK_FINISHED", r#"{"payload":{"incomes":["#, "{}", "]}}"),
    ("TASK_FINISHED", r#"{"payload":{"documents":["#, "{}", "]}}"),
    (
        "TASK_FINISHED",
        r#"{"payload":{"liabilities":{"items":["#,
        "{}",
        "]}}}",
    ),
    (
        "TASK_FINISHED",
        r#"{"payload":{"transactions":["#,
        "null",
        "]}}",
    ),
    (
        "TASK_FINISHED",
        r#"{"payload":{"identity":{"addresses":["#,
        r#"{"tags":[]}"#,
        "]}}}",
    ),
    (
        "TASK_FINISHED",
        r#"{"payload":{"identity":{"addresses":[{"tags":["#,
        r#""""#,
        "]}]}}}",
    ),
    (
        "TASK_FINISHED",
        r#"{"payload":{"insight":{"features":{"#,
        r#""":0"#,
        "}}}}",
    ),
    (
        "TASK_FINISHED",
        r#"{"payload":{"incomes":{"#,
        r#""\n":0"#,
        "}}}",
    ),
    (
        "TASK_FINISHED",
        r#"{"payload":{"identity":{"emails":["#,
        r#"{"address":"\n"}"#,
        "]}}}",
    ),
    ("ACCOUNT_CREATED", r#"{"providers":["#, r#""""#, "]}"),
    ("ACCOUNT_CREATED", r#"{"providers":["#, r#""\n""#, "]}"),
    ("ACCOUNT_CREATED", r#"{"providers":["#, "7", "]}"),
    ("ACCOUNT_CREATED", "{", r#""":0"#, "}"),
    ("ACCOUNT_CREATED", "{", r#""\n":0"#, "}"),
    ("ACCOUNT_CREATED", r#"{"userId":1,"#, r#""userid":0"#, "}"),
    ("ACCOUNT_CREATED", r#"{"userId":""#, r"\n", r#""}"#),
    (
        "ACCOUNT_CREATED",
        r#"{"providers":[""#,
        r#"","\ud83d"#,
        r#""]}"#,
    ),
    ("ACCOUNT_CREATED", "{", r#""\ud83d":0"#, "}"),
    (
        "USER_SESSION_COMPLETED",
        r#"{"payload":{"forms":["#,
        "{}",
        "]}}",
    ),
    (
        "USER_SESSION_COMPLETED",
        r#"{"payload":{"accounts":["#,
        r#"{"payload":{}}"#,
        "]}}",
    ),
    (
        "USER_SESSION_COMPLETED",
        r#"{"payload":{"archives":["#,
        r#"{"payload":{"identity":{"emails":[],"phones":[],"addresses":[]},"rating":{},"insight":{}}}"#,
        "]}}",
    ),
    (
        "USER_SESSION_COMPLETED",
        r#"{"payload":{"accounts":["#,
        r#"{"payload":{"incomes":[{}],"documents":[{}],"links":[{}],"eincomes":[{}]}}"#,
        "]}}",
    ),
    ("MOON_LANDED", "[", "{}", "]"),
    ("customer/updated", r#"{"customer":{"#, r#""":0"#, "}}"),
    (
        "customer/updated",
        r#"{"customer":{"vip_status":{"#,
        r#""\n":0"#,
        "}}}",
    ),
    ("points/spent", "[", r#"{"":[[]]}"#, "]"),
    (
        "wink",
        r#"{"callback":"onUIEvent","payload":{"#,
        r#""":0"#,
        "}}",
    ),
    ("wink", r#"{"callback":"onClose","payload":["#, "{}", "]}"),
];

const CEILING_MIB: usize = 64;
