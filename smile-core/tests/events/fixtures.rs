//! The fixtures, and JSON taken apart without losing digits.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;
use serde_json::value::RawValue;
use smile_core::{
    DataError,
    smile_api::{self, EventType},
    smile_io::{self, Topic},
};

/// A fixture: the name of its file, its event, its text and the text of its data.
pub(crate) struct Fixture {
    pub(crate) name: String,
    pub(crate) event: Event,
    #[cfg(feature = "schema")]
    pub(crate) body: String,
    pub(crate) data: Box<RawValue>,
}

impl Fixture {
    /// Whether it shows every member, and so is the one to derive variants from.
    pub(crate) fn is_full(&self) -> bool {
        !self.name.contains('.')
    }
}

/// An event of either vendor.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    SmileApi(EventType),
    SmileIo(Topic),
}

/// The typed data of either vendor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data<'a> {
    SmileApi(smile_api::Data<'a>),
    SmileIo(smile_io::Data<'a>),
}

impl Event {
    pub(crate) fn read<'a>(&self, json: &'a str) -> Result<Data<'a>, DataError> {
        match self {
            Self::SmileApi(event) => smile_api::Data::from_json(event, json).map(Data::SmileApi),
            Self::SmileIo(topic) => smile_io::Data::from_json(topic, json).map(Data::SmileIo),
        }
    }
}

impl Data<'_> {
    pub(crate) fn into_owned(self) -> Data<'static> {
        match self {
            Self::SmileApi(data) => Data::SmileApi(data.into_owned()),
            Self::SmileIo(data) => Data::SmileIo(data.into_owned()),
        }
    }

    pub(crate) fn is_typed(&self) -> bool {
        !matches!(
            self,
            Self::SmileApi(smile_api::Data::Other(_)) | Self::SmileIo(smile_io::Data::Other(_))
        )
    }

    pub(crate) fn to_json(&self) -> String {
        match self {
            Self::SmileApi(data) => serde_json::to_string(data),
            Self::SmileIo(data) => serde_json::to_string(data),
        }
        .expect("models are JSON")
    }
}

/// All fixtures, in the order of their names.
pub(crate) fn all() -> Vec<Fixture> {
    let mut fixtures = Vec::new();
    for vendor in ["smile_api", "smile_io"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures")
            .join(vendor);
        for entry in fs::read_dir(folder).expect("the fixtures are there") {
            let path = entry.expect("the folder can be read").path();
            let body = fs::read_to_string(&path).expect("fixtures are text");
            let frame: Frame<'_> = serde_json::from_str(&body).expect("fixtures are envelopes");
            fixtures.push(Fixture {
                name: path
                    .file_stem()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned(),
                event: match (frame.r#type, frame.topic) {
                    (Some(name), _) => Event::SmileApi(EventType::from(&*name)),
                    (None, name) => Event::SmileIo(Topic::from(&*name.expect("a topic"))),
                },
                data: frame.data.to_owned(),
                #[cfg(feature = "schema")]
                body: body.clone(),
            });
        }
    }
    fixtures.sort_by(|one, other| one.name.cmp(&other.name));
    fixtures
}

/// The full fixture of a type.
pub(crate) fn data_of(name: &str) -> String {
    let fixture = all()
        .into_iter()
        .find(|fixture| fixture.name == name)
        .expect("a fixture");
    fixture.data.get().to_owned()
}

#[derive(Deserialize)]
struct Frame<'a> {
    r#type: Option<String>,
    topic: Option<String>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// JSON whose objects are equal in any order of their members, and whose scalars are equal to the
/// letter. (`serde_json::Value` would turn `1375.0` into a float.)
#[derive(Debug, PartialEq)]
pub(crate) enum Exact {
    Scalar(String),
    Array(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

impl Exact {
    pub(crate) fn of(json: &str) -> Self {
        match json.trim_start().as_bytes().first() {
            Some(b'{') => {
                let members: BTreeMap<String, &RawValue> =
                    serde_json::from_str(json).expect("an object");
                Self::Object(
                    members
                        .into_iter()
                        .map(|(k, v)| (k, Self::of(v.get())))
                        .collect(),
                )
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(json).expect("an array");
                Self::Array(items.into_iter().map(|item| Self::of(item.get())).collect())
            }
            Some(b'"') => {
                let text: String = serde_json::from_str(json).expect("a string");
                Self::Scalar(format!("{text:?}"))
            }
            _ => Self::Scalar(json.trim().to_owned()),
        }
    }
}
