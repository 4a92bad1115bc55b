//! What holds for any change that the vendor may make without notice.

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Map, Value};

use super::fixtures::{self, Event, Exact};

proptest! {
    #[test]
    fn unknown_members_anywhere_change_no_known_one(
        (event, mut data) in full_data(),
        additions in vec((any::<Index>(), "[a-z]{1,8}", json()), 1..6),
    ) {
        let plain = event.read_owned(&data);
        for (place, name, value) in additions {
            // No name of the vendor's begins like this.
            pick_object(&mut data, place).insert(format!("new-{name}"), value);
        }
        let grown = event.read_owned(&data);
        prop_assert_eq!(Exact::of(&grown), Exact::of(&data.to_string()));
        remove_additions(&mut data);
        prop_assert_eq!(Exact::of(&plain), Exact::of(&data.to_string()));
    }

    #[test]
    fn unknown_enum_values_anywhere_leave_the_event_typed(
        (event, mut data) in full_data(),
        changes in vec((any::<Index>(), "\\PC{0,12}"), 1..6),
    ) {
        for (place, text) in changes {
            let mut texts = Vec::new();
            collect_texts(&mut data, &mut texts);
            if !texts.is_empty() {
                let place = place.index(texts.len());
                *texts.swap_remove(place) = text;
            }
        }
        prop_assert_eq!(Exact::of(&event.read_owned(&data)), Exact::of(&data.to_string()));
    }

    #[test]
    fn the_order_of_members_changes_nothing(
        (event, data) in full_data(),
        order in vec(any::<usize>(), 1..64),
    ) {
        let json = data.to_string();
        let shuffled = shuffle(&data, &mut order.into_iter().cycle());
        let (one, other) = (event.read(&json).unwrap(), event.read(&shuffled).unwrap());
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(Exact::of(&one.to_json()), Exact::of(&other.to_json()));
    }

    #[test]
    fn any_json_is_typed_or_a_located_error(
        (event, mut data) in full_data(),
        place in any::<Index>(),
        value in json(),
    ) {
        for member in pick_object(&mut data, place).values_mut() {
            *member = value.clone();
        }
        let json = data.to_string();
        match event.read(&json) {
            Ok(read) => prop_assert_eq!(Exact::of(&read.to_json()), Exact::of(&json)),
            Err(err) => prop_assert!(err.path().starts_with("data"), "{}", err),
        }
    }
}

impl Event {
    /// Reads data that must have a typed view, and writes it again.
    #[track_caller]
    fn read_owned(&self, data: &Value) -> String {
        let json = data.to_string();
        let read = self
            .read(&json)
            .unwrap_or_else(|err| panic!("{err} in {json}"));
        assert!(read.is_typed());
        read.to_json()
    }
}

fn full_data() -> impl Strategy<Value = (Event, Value)> {
    let full: Vec<_> = fixtures::all()
        .into_iter()
        .filter(|fixture| fixture.is_full())
        .map(|fixture| {
            (
                fixture.event,
                serde_json::from_str(fixture.data.get()).unwrap(),
            )
        })
        .collect();
    select(full)
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e6..1e6).prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[a-z]{1,4}", inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// One of the objects that have a model. The answers of a form and the objects of the VIP tiers have
/// none.
fn pick_object(value: &mut Value, place: Index) -> &mut Map<String, Value> {
    let mut pointers = Vec::new();
    collect_objects(value, String::new(), &mut pointers);
    let pointer = place.get(&pointers);
    value
        .pointer_mut(pointer)
        .and_then(Value::as_object_mut)
        .expect("an object is there")
}

fn collect_objects(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members
                .iter()
                .filter(|(name, value)| is_modelled(name, value))
            {
                collect_objects(member, format!("{pointer}/{name}"), found);
            }
            found.push(pointer);
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_objects(item, format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn is_modelled(name: &str, member: &Value) -> bool {
    let is_raw = ["data", "vip_tier", "next_vip_tier"].contains(&name) || name.starts_with("new-");
    !is_raw && (member.is_object() || member.is_array())
}

fn collect_texts<'v>(value: &'v mut Value, found: &mut Vec<&'v mut String>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter_mut().for_each(|item| collect_texts(item, found)),
        Value::Object(members) => {
            members
                .values_mut()
                .for_each(|member| collect_texts(member, found));
        }
        _ => {}
    }
}

fn remove_additions(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !name.starts_with("new-"));
            members.values_mut().for_each(remove_additions);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_additions),
        _ => {}
    }
}

/// Writes JSON with the members of each object in an order that the numbers decide.
fn shuffle(value: &Value, order: &mut impl Iterator<Item = usize>) -> String {
    match value {
        Value::Object(members) => {
            let mut left: Vec<_> = members.iter().collect();
            let mut written = Vec::new();
            while !left.is_empty() {
                let place = order.next().unwrap_or_default() % left.len();
                let (name, member) = left.swap_remove(place);
                let name_json = Value::from(name.as_str());
                let member = if is_modelled(name, member) {
                    shuffle(member, order)
                } else {
                    member.to_string()
                };
                written.push(format!("{name_json}:{member}"));
            }
            format!("{{{}}}", written.join(","))
        }
        Value::Array(items) => {
            let written: Vec<_> = items.iter().map(|item| shuffle(item, order)).collect();
            format!("[{}]", written.join(","))
        }
        other => other.to_string(),
    }
}
