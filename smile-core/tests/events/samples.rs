//! The test kit's samples have the shapes of the fixtures, which hold every documented member.

use std::collections::BTreeSet;

use serde_json::{Value, value::RawValue};
use smile_core::{
    EventType, SmileApi, SmileIo,
    smile_io::Topic,
    testkit::{Sample, delivery},
};

use crate::fixtures::{self, Exact};

fn samples() -> impl Iterator<Item = Sample> {
    let full = Sample::all().into_iter().map(|sample| sample.full(20));
    Sample::all().into_iter().chain(full)
}

/// The paths to all members, such as `payload.incomes.items.[].id`.
fn paths(value: &Value, path: &str, all: &mut BTreeSet<String>) {
    match value {
        // Free-form maps: their names are data.
        Value::Object(_) if path.ends_with(".features") || path.ends_with(".forms.[].data") => {}
        Value::Object(members) => {
            for (name, value) in members {
                let path = format!("{path}.{name}");
                paths(value, &path, all);
                all.insert(path);
            }
        }
        Value::Array(items) => {
            items
                .iter()
                .for_each(|item| paths(item, &format!("{path}.[]"), all));
        }
        _ => {}
    }
}

fn paths_of(json: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    paths(&serde_json::from_str(json).unwrap(), "", &mut all);
    all
}

fn data_of(sample: &Sample) -> String {
    #[derive(serde::Deserialize)]
    struct Body {
        data: Box<RawValue>,
    }
    let body: Body = serde_json::from_str(&sample.to_json()).unwrap();
    body.data.get().to_owned()
}

#[test]
fn no_sample_has_a_member_that_is_not_documented() {
    for sample in samples() {
        let documented = paths_of(&fixtures::data_of(&sample.event_name().replace('/', "_")));
        let invented: Vec<_> = paths_of(&data_of(&sample))
            .difference(&documented)
            .cloned()
            .collect();
        assert!(invented.is_empty(), "{}: {invented:?}", sample.event_name());
    }
}

#[test]
fn every_sample_is_verified_known_and_typed_without_loss() {
    for sample in samples() {
        let (known, data) = if sample.vendor() == "smile-api" {
            let event = delivery::<SmileApi>(&sample);
            assert_eq!(event.id(), sample.id().unwrap());
            assert_eq!(event.event_type().as_str(), sample.event_name());
            let data = event
                .data()
                .unwrap_or_else(|err| panic!("{}: {err}", sample.event_name()));
            assert_eq!(data.event_type(), *event.event_type());
            (event.is_known(), serde_json::to_string(&data).unwrap())
        } else {
            let event = delivery::<SmileIo>(&sample);
            assert_eq!(event.topic().as_str(), sample.event_name());
            let data = event
                .data()
                .unwrap_or_else(|err| panic!("{}: {err}", sample.event_name()));
            (event.is_known(), serde_json::to_string(&data).unwrap())
        };
        assert!(known, "{}", sample.event_name());
        assert_eq!(
            Exact::of(&data),
            Exact::of(&data_of(&sample)),
            "{}",
            sample.event_name()
        );
    }
}

#[test]
fn an_unknown_event_has_a_sample_as_well() {
    let event = delivery::<SmileApi>(Sample::smile_api(EventType::from("MOON_LANDED")));
    assert!(!event.is_known());
    let event = delivery::<SmileIo>(Sample::smile_io(Topic::from("points/earned")));
    assert!(!event.is_known());
}

#[test]
#[should_panic(expected = "smile-api")]
fn a_body_of_the_other_vendor_is_no_delivery() {
    delivery::<SmileApi>(Sample::smile_io(Topic::CustomerUpdated));
}
