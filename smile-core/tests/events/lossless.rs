//! What is read is what is written.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use smile_core::{
    model::List,
    smile_api::{self, EventType},
    smile_io::Topic,
};

use super::fixtures::{self, Data, Event, Exact};

#[test]
fn there_is_a_full_fixture_of_every_event() {
    let names: BTreeSet<_> = fixtures::all()
        .into_iter()
        .filter(|f| f.is_full())
        .map(|f| f.name)
        .collect();
    for event_type in EventType::ALL {
        assert!(names.contains(event_type.as_str()), "{event_type}");
    }
    for topic in Topic::ALL {
        assert!(names.contains(&topic.as_str().replace('/', "_")), "{topic}");
    }
}

#[test]
fn fixtures_come_back_to_the_letter() {
    for fixture in fixtures::all() {
        assert_lossless(&fixture.name, &fixture.event, fixture.data.get());
    }
}

#[test]
fn models_know_every_member_of_the_full_fixtures() {
    for fixture in fixtures::all().iter().filter(|fixture| fixture.is_full()) {
        let data = fixture.event.read(fixture.data.get()).unwrap();
        let printed = format!("{data:?}");
        assert!(
            !printed.contains("unknown: {\""),
            "{}: {printed}",
            fixture.name
        );
        assert!(!printed.contains("Other("), "{}: {printed}", fixture.name);
    }
}

#[test]
fn minimal_data_comes_back() {
    for fixture in fixtures::all() {
        for json in ["{}", "null", " { } "] {
            assert_lossless(&fixture.name, &fixture.event, json);
        }
    }
}

#[test]
fn each_member_alone_comes_back() {
    each_full(|name, event, data| {
        for (key, value) in data {
            let alone = Map::from_iter([(key.clone(), value.clone())]);
            assert_lossless(
                &format!("{name}: {key}"),
                event,
                &Value::Object(alone).to_string(),
            );
        }
    });
}

#[test]
fn null_members_come_back() {
    each_full(|name, event, data| {
        let nulls = data.keys().map(|key| (key.clone(), Value::Null)).collect();
        assert_lossless(name, event, &Value::Object(nulls).to_string());
    });
}

#[test]
fn null_members_of_nested_objects_come_back() {
    each_full(|name, event, data| {
        let mut data = Value::Object(data.clone());
        nullify_scalars(&mut data);
        assert_lossless(name, event, &data.to_string());
    });
}

#[test]
fn null_containers_of_nested_objects_come_back() {
    each_full(|name, event, data| {
        for depth in 1..6 {
            let mut data = Value::Object(data.clone());
            nullify_below(&mut data, depth);
            assert_lossless(&format!("{name} below {depth}"), event, &data.to_string());
        }
    });
}

#[test]
fn empty_lists_and_objects_come_back() {
    each_full(|name, event, data| {
        let mut data = Value::Object(data.clone());
        data.as_object_mut().unwrap().values_mut().for_each(empty);
        assert_lossless(name, event, &data.to_string());
    });
}

#[test]
fn lists_of_three_hundred_items_come_back() {
    each_full(|name, event, data| {
        let mut data = Value::Object(data.clone());
        repeat_items(&mut data);
        assert_lossless(name, event, &data.to_string());
    });
}

#[test]
fn a_list_of_three_hundred_items_or_with_a_cursor_may_be_truncated() {
    let mut data: Value = serde_json::from_str(&fixtures::data_of("TASK_FINISHED")).unwrap();
    let payload = |data: &Value| {
        let json = data.to_string();
        match smile_api::Data::from_json(&EventType::TaskFinished, &json).unwrap() {
            smile_api::Data::TaskFinished(task) => task.into_owned().payload.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    let few = payload(&data);
    assert!(
        few.incomes.as_ref().is_some_and(List::may_be_truncated),
        "it names a cursor"
    );
    assert!(!few.documents.as_ref().is_some_and(List::may_be_truncated));
    data["payload"]["incomes"]["nextCursor"] = Value::Null;
    assert!(!payload(&data).may_be_truncated());
    repeat_items(&mut data);
    let many = payload(&data);
    assert!(many.may_be_truncated());
    assert_eq!(many.documents.map(|documents| documents.len()), Some(300));
}

#[test]
fn a_value_that_is_set_wins_over_the_null_that_was_read() {
    let json = r#"{"userId":null,"accountId":null,"providers":null}"#;
    let data = smile_api::Data::from_json(&EventType::AccountCreated, json).unwrap();
    let smile_api::Data::AccountCreated(mut account) = data else {
        panic!("{data:?}")
    };
    account.user_id = Some("u".into());
    account.providers.push("p".into());
    let written = serde_json::to_string(&account).unwrap();
    assert_eq!(
        written,
        r#"{"userId":"u","accountId":null,"providers":["p"]}"#
    );
}

#[track_caller]
fn assert_lossless(name: &str, event: &Event, json: &str) {
    let data = event
        .read(json)
        .unwrap_or_else(|err| panic!("{name}: {err}"));
    assert!(data.is_typed(), "{name} is untyped");
    let written = data.to_json();
    assert_eq!(Exact::of(&written), Exact::of(json), "{name}");
    let value: Value = serde_json::from_str(json).unwrap();
    assert_eq!(to_value(&data), value, "{name} as a value");
    let owned = data.clone().into_owned();
    assert_eq!(owned, data, "{name} owned");
    assert_eq!(owned.to_json(), written, "{name} owned");
}

fn to_value(data: &Data<'_>) -> Value {
    match data {
        Data::SmileApi(data) => serde_json::to_value(data),
        Data::SmileIo(data) => serde_json::to_value(data),
    }
    .unwrap()
}

fn each_full(check: impl Fn(&str, &Event, &Map<String, Value>)) {
    for fixture in fixtures::all().iter().filter(|fixture| fixture.is_full()) {
        let data = serde_json::from_str(fixture.data.get()).unwrap();
        check(&fixture.name, &fixture.event, &data);
    }
}

fn nullify_scalars(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for member in members.values_mut() {
                if member.is_object() || member.is_array() {
                    nullify_scalars(member);
                } else {
                    *member = Value::Null;
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(nullify_scalars),
        _ => {}
    }
}

/// Makes the members of all objects at a depth null.
fn nullify_below(value: &mut Value, depth: usize) {
    match value {
        Value::Object(members) if depth == 0 => {
            members
                .values_mut()
                .for_each(|member| *member = Value::Null);
        }
        Value::Object(members) => {
            members
                .values_mut()
                .for_each(|member| nullify_below(member, depth - 1));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| nullify_below(item, depth)),
        _ => {}
    }
}

fn empty(value: &mut Value) {
    match value {
        Value::Object(members) => members.clear(),
        Value::Array(items) => items.clear(),
        _ => {}
    }
}

/// Repeats the items of each outermost array until there are 300.
fn repeat_items(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(repeat_items),
        Value::Array(items) => *items = items.iter().cycle().take(300).cloned().collect(),
        _ => {}
    }
}
