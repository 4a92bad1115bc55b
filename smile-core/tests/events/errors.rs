//! What is said of data that is not what the vendor documents.

use serde_json::{Value, json};
use smile_core::{
    DataError,
    smile_api::{Data, EventType},
};

use super::fixtures;

#[test]
fn the_path_leads_to_the_member() {
    let mut data: Value = serde_json::from_str(&fixtures::data_of("TASK_FINISHED")).unwrap();
    let income = data["payload"]["incomes"]["items"][0].clone();
    data["payload"]["incomes"]["items"] = Value::Array(vec![income; 20]);
    data["payload"]["incomes"]["items"][17]["currency"] = json!(true);
    let err = read(&EventType::TaskFinished, &data.to_string());
    assert_eq!(err.path(), "data.payload.incomes.items[17].currency");
    assert_eq!(sentence(&err), "expected a string, found a boolean");
}

#[test]
fn each_kind_of_mismatch_is_named_without_its_value() {
    for (json, path, expected) in [
        (
            json!({"userId": {"SECRET": 1}}),
            "data.userId",
            "expected a string, found an object",
        ),
        (
            json!({"userId": ["SECRET"]}),
            "data.userId",
            "expected a string, found an array",
        ),
        (
            json!({"providers": "SECRET"}),
            "data.providers",
            "expected an array, found a string",
        ),
        (
            json!({"providers": {"SECRET": 1}}),
            "data.providers",
            "expected an array, found an object",
        ),
        (
            json!({"providers": [null]}),
            "data.providers[0]",
            "expected a string, found null",
        ),
        (
            json!({"payload": "SECRET"}),
            "data.payload",
            "expected an object, found a string",
        ),
        (
            json!({"payload": 7}),
            "data.payload",
            "expected an object, found a number",
        ),
        (
            json!({"payload": -7.5}),
            "data.payload",
            "expected an object, found a number",
        ),
        (
            json!({"payload": []}),
            "data.payload",
            "expected an object, found an array",
        ),
        (
            json!({"payload": {"incomes": 3}}),
            "data.payload.incomes",
            "expected a list, found a number",
        ),
        (
            json!({"payload": {"incomes": [{"netAmount": "SECRET"}]}}),
            "data.payload.incomes[0].netAmount",
            "expected a number, found a string that holds none",
        ),
        (
            json!({"payload": {"incomes": [{"netAmount": true}]}}),
            "data.payload.incomes[0].netAmount",
            "expected a number, found a boolean",
        ),
        (
            json!({"payload": {"insight": {"features": "SECRET"}}}),
            "data.payload.insight.features",
            "expected an object, found a string",
        ),
        (
            json!("SECRET"),
            "data",
            "expected an object, found a string",
        ),
        (
            json!(["SECRET"]),
            "data",
            "expected an object, found an array",
        ),
    ] {
        let err = read(&EventType::TaskFinished, &json.to_string());
        assert_eq!((err.path(), &*sentence(&err)), (path, expected), "{json}");
        for shown in [err.to_string(), format!("{err:?}")] {
            assert!(!shown.contains("SECRET"), "{shown}");
        }
    }
}

#[test]
fn booleans_take_nothing_else() {
    let json = r#"{"result":{"finalMatches":"SECRET"}}"#;
    let err = read(&EventType::VerificationCompleted, json);
    assert_eq!(err.path(), "data.result.finalMatches");
    assert_eq!(sentence(&err), "expected a boolean, found a string");
}

#[test]
fn broken_json_is_located() {
    let err = read(
        &EventType::AccountCreated,
        "{\"userId\": \"u\",\n \"accountId\": tru}",
    );
    assert_eq!((err.path(), err.line()), ("data.accountId", 2));
    assert_eq!(
        err.to_string(),
        "data.accountId: expected ident (line 2, column 18)"
    );
    let err = read(&EventType::AccountCreated, r#"{"userId": "u", "x": [1, "#);
    assert!(
        err.to_string().contains("end of the text while parsing"),
        "{err}"
    );
    let err = read(&EventType::AccountCreated, r#"{"userId": "u"} x"#);
    assert_eq!(sentence(&err), "trailing characters");
}

#[test]
fn names_from_the_body_cannot_forge_a_log_line() {
    let name = format!("a\nERROR {}", "x".repeat(1000));
    let json = format!("{{{}: tru}}", Value::String(name));
    let err = read(&EventType::AccountCreated, &json);
    assert!(err.path().starts_with("data.a\\nERROR xxx"), "{err}");
    assert!(err.path().len() < 100);
    assert!(!err.to_string().contains('\n'));
}

#[test]
fn deep_nesting_is_kept_raw_where_nobody_reads_it_and_an_error_where_somebody_does() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let json = format!(r#"{{"userId":"u","more":{deep}}}"#);
    let data = Data::from_json(&EventType::AccountCreated, &json).unwrap();
    assert_eq!(serde_json::to_string(&data).unwrap(), json);
    let err = read(
        &EventType::AccountCreated,
        &format!(r#"{{"providers":{deep}}}"#),
    );
    assert_eq!(err.path(), "data.providers[0]");
    let err = read(&EventType::AccountCreated, &deep);
    assert_eq!(
        err.to_string(),
        "data: expected an object, found an array (line 1, column 1)"
    );
}

#[test]
fn data_that_would_take_too_much_memory_is_an_error_that_says_so() {
    let json = format!(
        r#"{{"payload":{{"incomes":[{}{{}}]}}}}"#,
        "{},".repeat(200_000)
    );
    let err = read(&EventType::TaskFinished, &json);
    assert!(err.path().starts_with("data.payload.incomes["), "{err}");
    assert_eq!(
        sentence(&err),
        "expected data that takes at most 32 MiB of memory, found more"
    );
}

#[track_caller]
fn read(event_type: &EventType, json: &str) -> DataError {
    match Data::from_json(event_type, json) {
        Ok(data) => panic!("{data:?}"),
        Err(err) => err,
    }
}

/// The message without path and position.
fn sentence(err: &DataError) -> String {
    let text = err.to_string();
    let text = text.strip_prefix(err.path()).unwrap_or(&text);
    let text = text.strip_prefix(": ").unwrap_or(text);
    text.rsplit_once(" (line")
        .map_or(text, |(text, _)| text)
        .to_owned()
}
