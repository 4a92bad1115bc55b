//! The schemas accept what the models read, by a validator that is not ours.

use jsonschema::Validator;
use serde_json::{Value, json};
use smile_core::{EventType, RejectionKind, schema, smile_io::Topic};

use super::fixtures::{self, Event};

/// The validator of an event's whole body.
fn validator(name: &str) -> Validator {
    let schema = schema::event(name).unwrap_or_else(|| panic!("{name} has no schema"));
    let schema = serde_json::from_str(&schema).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|err| panic!("{name}: {err}"));
    jsonschema::draft202012::new(&schema).unwrap()
}

#[track_caller]
fn assert_valid(validator: &Validator, body: &Value, name: &str) {
    if let Err(err) = validator.validate(body) {
        panic!("{name}: {}: {err}", err.instance_path());
    }
}

impl Event {
    fn name(&self) -> &str {
        match self {
            Self::SmileApi(event_type) => event_type.as_str(),
            Self::SmileIo(topic) => topic.as_str(),
        }
    }

    fn body(&self, data: &Value) -> Value {
        match self {
            Self::SmileApi(name) => json!({"id": "et-1", "type": name.as_str(), "data": data}),
            Self::SmileIo(name) => json!({"topic": name.as_str(), "data": data}),
        }
    }
}

#[test]
fn every_event_has_a_schema_and_no_other_name_has() {
    let smile_api = EventType::ALL.iter().map(EventType::as_str);
    for name in smile_api.chain(Topic::ALL.iter().map(Topic::as_str)) {
        validator(name);
    }
    validator("ACCOUNT_ANALYZED");
    for name in ["MOON_LANDED", "", "account_connected", "AccountConnected"] {
        assert_eq!(schema::event(name), None, "{name}");
    }
}

#[test]
fn every_fixture_is_valid() {
    for fixture in fixtures::all() {
        let body = serde_json::from_str(&fixture.body).unwrap();
        assert_valid(&validator(fixture.event.name()), &body, &fixture.name);
    }
}

#[cfg(feature = "testkit")]
#[test]
fn every_sample_is_valid() {
    for sample in smile_core::testkit::Sample::all() {
        let validator = validator(sample.event_name());
        for sample in [sample.clone(), sample.full(3)] {
            let body = serde_json::from_str(&sample.to_json()).unwrap();
            assert_valid(&validator, &body, sample.event_name());
        }
    }
}

/// The pointers to all values in it.
fn pointers(value: &Value, pointer: String, all: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                pointers(value, format!("{pointer}/{name}"), all);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                pointers(value, format!("{pointer}/{at}"), all);
            }
        }
        _ => {}
    }
    all.push(pointer);
}

#[test]
fn data_is_valid_where_the_model_reads_it_and_only_there() {
    let others = [
        json!(null),
        json!(true),
        json!(-7),
        json!(1.5),
        json!("007.50e1"),
        json!("1."),
        json!("any text"),
        json!([]),
        json!([null]),
        json!(["a", 1]),
        json!([{}]),
        json!({}),
        json!({"items": [null], "nextCursor": 7}),
        json!({"items": {}}),
    ];
    let (mut valid, mut invalid) = (0, 0);
    for fixture in fixtures::all() {
        let event = &fixture.event;
        let validator = validator(event.name());
        let mut data: Value = serde_json::from_str(fixture.data.get()).unwrap();
        let mut places = Vec::new();
        pointers(&data, String::new(), &mut places);
        // One event is enough for the payload that several of them have.
        let has_own =
            |place: &String| event.name() == "TASK_FINISHED" || !place.starts_with("/payload/");
        for place in places.into_iter().filter(has_own) {
            let kept = data.pointer(&place).unwrap().clone();
            for other in &others {
                *data.pointer_mut(&place).unwrap() = other.clone();
                let json = data.to_string();
                let read = event.read(&json);
                let is_valid = validator.is_valid(&event.body(&data));
                let name = &fixture.name;
                assert_eq!(
                    is_valid,
                    read.is_ok(),
                    "{name}: {place} is {other}: {read:?}"
                );
                if is_valid { valid += 1 } else { invalid += 1 }
            }
            *data.pointer_mut(&place).unwrap() = kept;
        }
    }
    assert!(
        valid > 3_000 && invalid > 3_000,
        "{valid} valid, {invalid} invalid"
    );
}

#[cfg(feature = "testkit")]
#[test]
fn a_valid_body_is_a_delivery_and_only_names_and_ids_are_required() {
    use smile_core::testkit::delivery;
    let smile_api = json!({"id": "et-1", "version": 1, "type": "INVITE_LINKED", "createdAt": "x"});
    let smile_io = json!({"topic": "ping", "account_id": 7});
    for (whole, name) in [(smile_api, "INVITE_LINKED"), (smile_io, "ping")] {
        let validator = validator(name);
        let mut required = Vec::new();
        for member in whole.as_object().unwrap().keys() {
            let mut bodies = Vec::new();
            for other in [
                json!(null),
                json!("7"),
                json!(7),
                json!(7.0),
                json!({}),
                json!([]),
            ] {
                let mut body = whole.clone();
                body[member] = other;
                bodies.push(body);
            }
            let mut body = whole.clone();
            body.as_object_mut().unwrap().remove(member);
            if !validator.is_valid(&body) {
                required.push(member.as_str());
            }
            bodies.push(body);
            for body in bodies.iter().filter(|body| validator.is_valid(body)) {
                // Either panics on a body that is no event.
                if name == "ping" {
                    delivery::<smile_core::SmileIo>(body.to_string());
                } else {
                    delivery::<smile_core::SmileApi>(body.to_string());
                }
            }
        }
        let expected = if name == "ping" {
            &["topic"][..]
        } else {
            &["id", "type"]
        };
        assert_eq!(required, expected);
    }
}

#[test]
fn the_document_has_every_event_with_the_headers_and_answers_of_its_vendor() {
    let document: Value = serde_json::from_str(&schema::openapi()).unwrap();
    let webhooks = document["webhooks"].as_object().unwrap();
    assert_eq!(webhooks.len(), EventType::ALL.len() + Topic::ALL.len());
    for (name, headers) in [
        ("TASK_FINISHED", &["Smile-Signature"][..]),
        ("customer/updated", &["Smile-Signature", "Smile-Timestamp"]),
    ] {
        let post = &webhooks[name]["post"];
        let parameters = post["parameters"].as_array().unwrap();
        let found: Vec<_> = parameters
            .iter()
            .map(|parameter| refer(&document, parameter)["name"].as_str().unwrap())
            .collect();
        assert_eq!(found, headers, "{name}");
        let body = &post["requestBody"]["content"]["application/json"]["schema"];
        let data = &refer(&document, body)["properties"]["data"];
        assert!(refer(&document, data)["properties"].is_object(), "{name}");
        for kind in RejectionKind::ALL {
            let answer = &post["responses"][kind.status().to_string()];
            if *kind == RejectionKind::Method {
                assert!(answer.is_null());
                continue;
            }
            let content = &refer(&document, answer)["content"]["application/problem+json"];
            let example = &content["examples"][kind.label()]["value"];
            assert_eq!(
                *example,
                serde_json::from_str::<Value>(kind.document()).unwrap()
            );
            let problem = refer(&document, &content["schema"]);
            assert!(
                jsonschema::draft202012::new(problem)
                    .unwrap()
                    .is_valid(example)
            );
        }
    }
}

/// The component that a reference leads to.
#[track_caller]
fn refer<'d>(document: &'d Value, reference: &Value) -> &'d Value {
    let target = reference["$ref"].as_str().unwrap();
    document.pointer(target.strip_prefix('#').unwrap()).unwrap()
}

#[test]
#[ignore = "needs Redocly CLI"]
fn the_document_is_valid_openapi_by_another_tool() {
    let redocly = std::env::var_os("REDOCLY").expect("REDOCLY is the path of Redocly CLI");
    let path = std::env::temp_dir().join(format!("smile-openapi-{}.json", std::process::id()));
    std::fs::write(&path, schema::openapi()).unwrap();
    let run = std::process::Command::new(redocly)
        .args(["lint", "--extends=spec"])
        .arg(&path)
        .output()
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    let said = [run.stdout, run.stderr].concat();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&said));
}
