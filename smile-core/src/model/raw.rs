use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Context, IntoOwned, JsonType, Presence, Read};

/// JSON of any shape, kept as text.
///
/// It may be nested to any depth: nothing here parses it. Two are equal if their texts are.
///
/// ```
/// use smile_core::smile_api::data::Form;
///
/// let form: Form<'_> = serde_json::from_str(r#"{"id":"form-1","data":{"age":"41"}}"#)?;
/// let answers = form.data.expect("there is data");
/// let age: std::collections::HashMap<&str, &str> = serde_json::from_str(answers.get())?;
/// assert_eq!(age["age"], "41");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct RawJson<'a>(Cow<'a, RawValue>);

impl<'a> RawJson<'a> {
    /// The JSON text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// The JSON text as `serde_json` holds it.
    #[must_use]
    pub fn as_raw_value(&self) -> &RawValue {
        &self.0
    }

    /// Copies what is borrowed.
    #[must_use]
    pub fn into_owned(self) -> RawJson<'static> {
        RawJson(Cow::Owned(self.0.into_owned()))
    }
}

impl IntoOwned for RawJson<'_> {
    type Owned = RawJson<'static>;

    fn into_owned(self) -> RawJson<'static> {
        RawJson::into_owned(self)
    }
}

impl<'a> From<&'a RawValue> for RawJson<'a> {
    fn from(raw: &'a RawValue) -> Self {
        Self(Cow::Borrowed(raw))
    }
}

impl From<Box<RawValue>> for RawJson<'_> {
    fn from(raw: Box<RawValue>) -> Self {
        Self(Cow::Owned(raw))
    }
}

impl PartialEq for RawJson<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl fmt::Debug for RawJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl<'de> Read<'de> for RawJson<'de> {
    const EXPECTED: &'static str = "a value";
    const KEEPS_NULL: bool = true;

    fn blank() -> Self {
        Self(Cow::Borrowed(RawValue::NULL))
    }

    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        _: &Context,
    ) -> Result<Presence, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        self.0 = Cow::Borrowed(raw);
        Ok(if JsonType::of(raw) == JsonType::Null {
            Presence::Null
        } else {
            Presence::Value
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawJson<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawJson::read::<D>(deserializer, &Context::default())
    }
}

impl Serialize for RawJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
