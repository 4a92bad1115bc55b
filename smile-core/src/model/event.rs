//! Reads the typed view of an event's data, from a body or from the text of its `data`.

use std::borrow::Cow;

use serde::{
    Serialize, Serializer,
    de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::DataError;

use super::{
    Context, Name,
    mend::{text_of, without_lone_surrogates},
    refuse,
};

/// A vendor's table of event names, as `event_table!` makes it.
pub(crate) trait EventName {
    /// The member of a body that holds the data.
    const MEMBER: &'static str;

    type Data<'a>;

    /// The name, where this version knows it.
    fn known(&self) -> Option<&'static str>;

    /// The data of an event that has none.
    fn absent<'a>(&self) -> Self::Data<'a>;

    fn into_owned<'a>(data: Self::Data<'_>) -> Self::Data<'a>;

    fn read<'de, D: Deserializer<'de>>(
        &self,
        deserializer: D,
        context: &Context,
    ) -> Result<Self::Data<'de>, D::Error>;
}

/// The user and the account that an event is about.
pub(crate) trait Subject {
    fn user_id(&self) -> Option<&str> {
        None
    }

    fn account_id(&self) -> Option<&str> {
        None
    }
}

/// Finds the first data member of a body, and reads it into its typed view.
///
/// The whole body must be JSON: an error names the invalid place, before or after the data. Bytes
/// that are not UTF-8 count as U+FFFD.
pub(crate) fn read_body<'a, N: EventName>(
    name: &N,
    body: &'a [u8],
) -> Result<N::Data<'a>, DataError> {
    match text_of(body) {
        Cow::Borrowed(text) => read_mended(name, text, read_object),
        Cow::Owned(text) => read_mended(name, &text, read_object).map(N::into_owned),
    }
}

/// Reads the JSON text of a data member.
pub(crate) fn read_data<'a, N: EventName>(
    name: &N,
    json: &'a str,
) -> Result<N::Data<'a>, DataError> {
    read_mended(name, json, read_value)
}

/// Reads a text. If it fails and has lone surrogates, reads it again with U+FFFD in their place.
fn read_mended<'a, N: EventName>(
    name: &N,
    json: &'a str,
    read: for<'t> fn(&N, &'t str) -> Result<N::Data<'t>, DataError>,
) -> Result<N::Data<'a>, DataError> {
    read(name, json).or_else(|err| match without_lone_surrogates(json) {
        Some(json) => read(name, &json).map(N::into_owned),
        None => Err(err),
    })
}

fn read_value<'a, N: EventName>(name: &N, json: &'a str) -> Result<N::Data<'a>, DataError> {
    let context = Context::default();
    let mut deserializer = serde_json::Deserializer::from_str(json);
    name.read(&mut deserializer, &context)
        .and_then(|data| deserializer.end().map(|()| data))
        .map_err(|err| {
            context.leave_member(N::MEMBER);
            DataError::new(context.into_path(), &err)
        })
}

fn read_object<'a, N: EventName>(name: &N, json: &'a str) -> Result<N::Data<'a>, DataError> {
    let context = Context::default();
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer
        .deserialize_any(BodyVisitor(name, &context))
        .and_then(|data| deserializer.end().map(|()| data))
        .map_err(|err| DataError::new(context.into_path(), &err))
}

struct DataSeed<'n, N>(&'n N, &'n Context);

impl<'de, N: EventName> DeserializeSeed<'de> for DataSeed<'_, N> {
    type Value = N::Data<'de>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.read::<D>(deserializer, self.1)
    }
}

struct BodyVisitor<'n, N>(&'n N, &'n Context);

impl<'de, N: EventName> Visitor<'de> for BodyVisitor<'_, N> {
    type Value = N::Data<'de>;

    refuse!("an object": bool number str null array);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let BodyVisitor(event, context) = self;
        let mut data = None;
        while let Some(Name(name)) = map.next_key()? {
            let value = if data.is_none() && name == N::MEMBER {
                map.next_value_seed(DataSeed(event, context)).map(Some)
            } else {
                map.next_value::<IgnoredAny>().map(|_| None)
            };
            let value = value.inspect_err(|_| context.leave_member(&name))?;
            data = data.or(value);
        }
        Ok(data.unwrap_or_else(|| event.absent()))
    }
}

/// The data of an event that this version does not know.
#[derive(Clone, Debug)]
pub struct OtherData<'a> {
    name: Box<str>,
    raw: Option<Cow<'a, RawValue>>,
}

impl<'a> OtherData<'a> {
    pub(crate) fn new(name: &str, raw: Option<&'a RawValue>) -> Self {
        Self {
            name: name.into(),
            raw: raw.map(Cow::Borrowed),
        }
    }

    /// The name of the event as sent.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The JSON of the event's data, of any type; `None` if the event has none.
    #[must_use]
    pub fn raw(&self) -> Option<&RawValue> {
        self.raw.as_deref()
    }

    /// Copies what is borrowed.
    #[must_use]
    pub fn into_owned(self) -> OtherData<'static> {
        OtherData {
            name: self.name,
            raw: self.raw.map(|raw| Cow::Owned(raw.into_owned())),
        }
    }
}

/// Equal when the names and the JSON texts are.
impl PartialEq for OtherData<'_> {
    fn eq(&self, other: &Self) -> bool {
        let texts = [self, other].map(|data| data.raw().map(RawValue::get));
        self.name == other.name && texts[0] == texts[1]
    }
}

impl Serialize for OtherData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.raw() {
            Some(raw) => raw.serialize(serializer),
            None => serializer.serialize_unit(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        smile_api::{Data, EventType},
        smile_io::{self, Topic},
    };

    #[test]
    fn the_first_data_of_a_body_counts_wherever_it_stands() {
        for body in [
            r#"{"id":"1","type":"INVITE_LINKED","data":{"inviteId":"i"}}"#,
            r#"{"data":{"inviteId":"i"},"id":"1","type":"INVITE_LINKED"}"#,
            r#"{"x":{"data":{"inviteId":"no"}},"data":{"inviteId":"i"},"data":{"inviteId":"no"}}"#,
            r#" {"d\u0061ta" : {"inviteId":"i"} } "#,
        ] {
            let data = Data::read(&EventType::InviteLinked, body.as_bytes()).unwrap();
            let Data::InviteLinked(invite) = data else {
                panic!("{body}")
            };
            assert_eq!(invite.invite_id.as_deref(), Some("i"), "{body}");
        }
    }

    #[test]
    fn absent_and_null_data_have_no_members() {
        for (body, written) in [("{}", "{}"), (r#"{"data":null}"#, "null")] {
            for event_type in EventType::ALL {
                let data = Data::read(&event_type, body.as_bytes()).unwrap();
                assert_eq!(data.event_type(), event_type);
                assert_eq!(serde_json::to_string(&data).unwrap(), written);
            }
        }
        let data = Data::read(&EventType::from("MOON_LANDED"), b"{}").unwrap();
        assert_eq!(serde_json::to_string(&data).unwrap(), "null");
    }

    #[test]
    fn members_may_come_in_the_other_vendor_s_order() {
        let body = br#"{"account_id":1,"data":{"customer":{"id":3}},"topic":"customer/updated"}"#;
        let data = smile_io::Data::read(&Topic::CustomerUpdated, body).unwrap();
        assert_eq!(
            serde_json::to_string(&data).unwrap(),
            r#"{"customer":{"id":3}}"#
        );
    }

    #[test]
    fn errors_of_invalid_bodies_name_the_place() {
        for (body, expected) in [
            (
                &b"{\"data\":{\"inviteId\":tru"[..],
                "data.inviteId: end of the text while parsing a value (line 1, column 23)",
            ),
            (
                b"{\"data\":{\"inviteId\":\"i\"}",
                "end of the text while parsing an object (line 1, column 24)",
            ),
            (
                b"{\"data\":{}} x",
                "trailing characters (line 1, column 13)",
            ),
            (
                b"{\"data\":[true]}",
                "data: expected an object, found an array (line 1, column 9)",
            ),
            (
                b"[]",
                "expected an object, found an array (line 1, column 2)",
            ),
            (
                b"{\"data\":{\xff}}",
                "data: key must be a string (line 1, column 10)",
            ),
        ] {
            let err = Data::read(&EventType::InviteLinked, body).unwrap_err();
            assert_eq!(err.to_string(), expected);
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_spoil_one_string_only() {
        for (body, expected) in [
            (
                &b"{\"note\":\"\xff\",\"data\":{\"inviteId\":\"i\"}}"[..],
                r#"{"inviteId":"i"}"#,
            ),
            (
                b"{\"data\":{\"inviteId\":\"i\",\"userId\":\"caf\xe9\",\"\xe9\":1}}",
                "{\"userId\":\"caf\u{fffd}\",\"inviteId\":\"i\",\"\u{fffd}\":1}",
            ),
        ] {
            let data = Data::read(&EventType::InviteLinked, body).unwrap();
            assert_eq!(serde_json::to_string(&data).unwrap(), expected);
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        let body = "\u{feff} {\"data\":{\"inviteId\":\"\u{feff}i\"}}";
        let data = Data::read(&EventType::InviteLinked, body.as_bytes()).unwrap();
        assert_eq!(
            serde_json::to_string(&data).unwrap(),
            "{\"inviteId\":\"\u{feff}i\"}"
        );
        let twice = format!("\u{feff}{body}");
        assert!(Data::read(&EventType::InviteLinked, twice.as_bytes()).is_err());
    }

    #[test]
    fn numbers_in_place_of_strings_keep_their_digits() {
        for digits in [
            "7",
            "-7",
            "18446744073709551616",
            "-0",
            "1.0",
            "1.50",
            "1e2",
            "1e999",
        ] {
            let json = format!(r#"{{"inviteId":{digits}}}"#);
            let data = Data::from_json(&EventType::InviteLinked, &json).unwrap();
            assert_eq!(serde_json::to_string(&data).unwrap(), json);
        }
    }
}
