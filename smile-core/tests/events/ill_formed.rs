//! Strings that are JSON and no Unicode text, and bodies that are no UTF-8: each costs itself only.

use serde_json::Value;
use smile_core::{
    model::Text,
    smile_api::{Data, EventType, data::AccountConnected, wink::Hint},
};

use super::fixtures::{self, Exact};

/// Escapes of surrogates without a partner, and what a reader sees of them.
const LONE_SURROGATES: [(&str, &str); 7] = [
    (r"\ud83d", "\u{fffd}"),
    (r"\uDE00", "\u{fffd}"),
    (r"a\ud83d-\n", "a\u{fffd}-\n"),
    (r"\ud83d\u0041", "\u{fffd}A"),
    (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
    (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
    (r"é\udfffé", "é\u{fffd}é"),
];

#[test]
fn a_lone_surrogate_costs_its_own_string() {
    for (escaped, shown) in LONE_SURROGATES {
        let json = format!(
            r#"{{"userId":"{escaped}","accountId":"a-1","providers":["p","{escaped}"],"loginName":"jane"}}"#
        );
        let Data::AccountConnected(account) = read(EventType::AccountConnected, &json) else {
            panic!("another type")
        };
        assert_eq!(account.user_id.as_deref(), Some(shown), "{escaped}");
        assert_eq!(account.account_id.as_deref(), Some("a-1"));
        assert_eq!(account.providers, ["p", shown]);
        assert_eq!(account.login_name.as_deref(), Some("jane"));
        let mended: Value = serde_json::to_value(&account).unwrap();
        assert_eq!(mended["userId"], shown);
    }
}

#[test]
fn a_lone_surrogate_in_place_of_any_string_leaves_the_rest_as_it_is() {
    for fixture in fixtures::all() {
        let mut data: Value = serde_json::from_str(fixture.data.get()).unwrap();
        let count = replace_text(&mut data, usize::MAX, &mut 0);
        for place in 0..count {
            let mut data = data.clone();
            replace_text(&mut data, place, &mut 0);
            let marked = data.to_string();
            let json = marked.replace(MARK, r"\ud83d");
            let read = fixture
                .event
                .read(&json)
                .unwrap_or_else(|err| panic!("{}: {err}", fixture.name));
            let written = read.to_json().replace(r"\ufffd", MARK);
            let written = written.replace("\u{fffd}", MARK).replace(r"\ud83d", MARK);
            assert_eq!(Exact::of(&written), Exact::of(&marked), "{}", fixture.name);
        }
    }
}

#[test]
fn a_lone_surrogate_in_a_name_makes_an_unknown_member() {
    let json = r#"{"userId":"u","a\ud83db":{"x":"\ud83d"},"errorMessage":"m"}"#;
    let Data::AccountFailed(failed) = read(EventType::AccountFailed, json) else {
        panic!("another type")
    };
    assert_eq!(failed.user_id.as_deref(), Some("u"));
    assert_eq!(failed.error_message.as_deref(), Some("m"));
    assert!(failed.unknown.get("a\u{fffd}b").is_some());
    let json = r#"{"payload":{"incomes":{"\ud83d":1,"items":[{"id":"i"}]},"insight":{"features":{"\ud83d":1,"identity_age":7}}}}"#;
    let Data::TaskFinished(task) = read(EventType::TaskFinished, json) else {
        panic!("another type")
    };
    let payload = task.payload().unwrap();
    assert_eq!(payload.incomes.as_ref().map(|list| list.len()), Some(1));
    let insight = payload.insight.as_ref().unwrap();
    let age = insight.features.as_ref().unwrap().identity_age();
    assert_eq!(age.value().unwrap().to_i64(), Some(7));
}

#[test]
fn raw_json_keeps_a_lone_surrogate_as_it_was_sent() {
    let json = r#"{"userId":"u","new":["\ud83d",{"\ud83d":1}]}"#;
    let data = read(EventType::AccountCreated, json);
    assert_eq!(serde_json::to_string(&data).unwrap(), json);
    let data = read(EventType::from("MOON_LANDED"), json);
    assert_eq!(serde_json::to_string(&data).unwrap(), json);
}

#[test]
fn an_error_in_a_member_with_a_lone_surrogate_in_its_name_is_located() {
    let err = Data::from_json(&EventType::AccountCreated, r#"{"\ud83d":tru}"#).unwrap_err();
    assert_eq!(err.path(), "data.\u{fffd}");
}

#[test]
fn what_is_no_json_stays_an_error() {
    for json in [
        r#"{"userId":"\ud8"}"#,
        r#"{"userId":"\udzzzz"}"#,
        r#"{"userId":"\x"}"#,
        "{\"userId\":\"a\u{0}b\"}",
        "{\"userId\":\"a\nb\"}",
        r#"{"userId":1e}"#,
        r#"{"userId":NaN}"#,
    ] {
        let err = Data::from_json(&EventType::AccountCreated, json).unwrap_err();
        assert_eq!(err.path(), "data.userId", "{json}");
    }
}

#[test]
fn escaped_control_characters_and_numbers_of_any_size_are_taken() {
    let json = r#"{"userId":"a\u0000b","accountId":1e999,"providers":[-0,1E+400]}"#;
    let account: AccountConnected<'_> = serde_json::from_str(json).unwrap();
    assert_eq!(account.user_id.as_deref(), Some("a\0b"));
    assert_eq!(account.account_id.as_ref().map(Text::as_str), Some("1e999"));
    assert_eq!(serde_json::to_string(&account).unwrap(), json);
}

#[test]
fn callbacks_are_read_alike() {
    let lone = "\u{feff}{\"\\ud83d\":1,\"callback\":\"onAccountCreated\",\"payload\":{\"userId\":\"\\ud83d\",\"accountId\":\"a\"}}";
    let latin = b"{\"callback\":\"onAccountCreated\",\"payload\":{\"userId\":\"\xe9\",\"accountId\":\"a\"}}";
    for body in [lone.as_bytes(), latin] {
        let hint = Hint::parse(body).unwrap();
        assert_eq!(hint.payload().account_id(), Some("a"));
        assert_eq!(hint.payload().user_id(), Some("\u{fffd}"));
    }
}

#[track_caller]
fn read(event_type: EventType, json: &str) -> Data<'_> {
    Data::from_json(&event_type, json).unwrap_or_else(|err| panic!("{err} in {json}"))
}

/// Puts the mark into the string at this place, and counts the strings. Numbers in strings are left
/// out: where a number is documented, another string is an error.
fn replace_text(value: &mut Value, place: usize, at: &mut usize) -> usize {
    match value {
        Value::String(text) if text.parse::<f64>().is_err() => {
            if *at == place {
                *text = MARK.to_owned();
            }
            *at += 1;
        }
        Value::Array(items) => {
            for item in items {
                replace_text(item, place, at);
            }
        }
        Value::Object(members) => {
            for member in members.values_mut() {
                replace_text(member, place, at);
            }
        }
        _ => {}
    }
    *at
}

const MARK: &str = "<MARK>";
