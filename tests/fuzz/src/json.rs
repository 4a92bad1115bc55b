//! JSON taken apart by `serde_json`, without losing digits, order or repeated members.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The members of an object, in order.
pub(crate) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The members of a body that is one object and nothing else.
    pub(crate) fn of(body: &'a [u8]) -> Option<Self> {
        let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        serde_json::from_str(std::str::from_utf8(body).ok()?).ok()
    }

    /// The first member of that name that is not `null`.
    pub(crate) fn first(&self, name: &str) -> Option<&'a str> {
        let mut values = self.0.iter().filter(|(member, _)| member == name);
        let mut values = values.by_ref().map(|(_, value)| value.get());
        values.find(|value| *value != "null")
    }

    /// The first member of that name.
    pub(crate) fn very_first(&self, name: &str) -> Option<&'a str> {
        let member = self.0.iter().find(|(member, _)| member == name)?;
        Some(member.1.get())
    }
}

/// A string, where it is Unicode.
pub(crate) fn text(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

/// JSON whose objects are equal in any order of their members, and whose scalars are equal to the
/// letter.
#[derive(Debug, PartialEq)]
pub(crate) enum Exact {
    Number(String),
    Text(String),
    Array(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

impl Exact {
    /// `None` where a model keeps less than the text: where a name is repeated, in one spelling or in
    /// two, and where a string is not Unicode. Also where it is too deep for this function.
    pub(crate) fn of(json: &str) -> Option<Self> {
        Self::within(json, 60)
    }

    fn within(json: &str, depth: usize) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        Some(match json.trim_start().as_bytes().first()? {
            b'{' => {
                let Members(members) = serde_json::from_str(json).ok()?;
                let mut object = BTreeMap::new();
                for (name, value) in members {
                    let value = Self::within(value.get(), depth)?;
                    if object.insert(name, value).is_some() {
                        return None;
                    }
                }
                let has_both =
                    |names: &[&str; 2]| names.iter().all(|name| object.contains_key(*name));
                if SPELLINGS.iter().any(has_both) {
                    return None;
                }
                Self::Object(object)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
                let items = items
                    .into_iter()
                    .map(|item| Self::within(item.get(), depth));
                Self::Array(items.collect::<Option<_>>()?)
            }
            b'"' => Self::Text(text(json)?),
            _ => Self::Number(json.trim().to_owned()),
        })
    }
}

/// Two spellings of one member.
const SPELLINGS: [[&str; 2]; 4] = [
    ["userId", "userid"],
    ["fullName", "name"],
    ["idSubtype", "idSubType"],
    ["datapoints", "dataPoints"],
];
