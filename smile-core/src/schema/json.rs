//! JSON whose members keep their order. `serde_json`'s map keeps it only with a feature.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

#[derive(Clone)]
pub(super) enum Json {
    Bool(bool),
    Text(Cow<'static, str>),
    /// JSON text that is written elsewhere.
    Raw(&'static str),
    Array(Vec<Self>),
    Object(Vec<(Cow<'static, str>, Self)>),
}

impl Json {
    /// The members of both objects.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Object(mut members), Self::Object(more)) => {
                members.extend(more);
                Self::Object(members)
            }
            (one, _) => one,
        }
    }

    pub(super) fn to_text(&self) -> String {
        // Maps with texts as keys are always JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// An object of these members.
pub(super) fn object<N: Into<Cow<'static, str>>>(
    members: impl IntoIterator<Item = (N, Json)>,
) -> Json {
    Json::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect(),
    )
}

/// An array of these texts.
pub(super) fn texts(texts: impl IntoIterator<Item = &'static str>) -> Json {
    Json::Array(texts.into_iter().map(Json::from).collect())
}

impl From<&'static str> for Json {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Raw(text) => serde_json::from_str::<&RawValue>(text)
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}
