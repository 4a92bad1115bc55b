//! From a request body, or the text of its `data`, to the typed view.

use std::{borrow::Cow, fmt};

use serde::{
    Serialize, Serializer,
    de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::DataError;

use super::{Way, refuse};

/// A vendor's table of event names, as `event_table!` makes it.
pub(crate) trait EventName {
    /// The member of a body that holds the data.
    const MEMBER: &'static str;

    type Data<'a>;

    /// The data of an event that came without any.
    fn absent<'a>(&self) -> Self::Data<'a>;

    fn read<'de, D: Deserializer<'de>>(
        &self,
        deserializer: D,
        way: Way,
    ) -> Result<Self::Data<'de>, D::Error>;
}

/// Whom an event is about.
pub(crate) trait Subject {
    fn user_id(&self) -> Option<&str> {
        None
    }

    fn account_id(&self) -> Option<&str> {
        None
    }
}

/// Finds the first member of a body that holds data, and reads it straight into its typed view.
///
/// The whole body must be JSON: where it breaks, before or after the data, is told by the error.
/// `data_at` is where the name of that member ends, if all before it has been read already.
pub(crate) fn read_body<'a, N: EventName>(
    name: &N,
    body: &'a [u8],
    data_at: Option<usize>,
) -> Result<N::Data<'a>, DataError> {
    // One check of the whole is cheaper than one for each string. A body that is no UTF-8 may be so
    // in a place that nobody reads, or the error says where it is.
    let Ok(text) = std::str::from_utf8(body) else {
        return read_exactly(
            BodySeed(name, Way::Exact),
            serde_json::Deserializer::from_slice(body),
        );
    };
    if let Some(json) = data_at.and_then(|at| last_value(text, at))
        && let Ok(data) = read_plainly(DataSeed(name, Way::Plain), json)
    {
        return Ok(data);
    }
    read_plainly(BodySeed(name, Way::Plain), text).or_else(|_| {
        read_exactly(
            BodySeed(name, Way::Exact),
            serde_json::Deserializer::from_str(text),
        )
    })
}

/// Reads the JSON text of such a member.
pub(crate) fn read_data<'a, N: EventName>(
    name: &N,
    json: &'a str,
) -> Result<N::Data<'a>, DataError> {
    read_plainly(DataSeed(name, Way::Plain), json).or_else(|_| {
        read_exactly(
            DataSeed(name, Way::Exact),
            serde_json::Deserializer::from_str(json),
        )
        .map_err(|err| err.within(N::MEMBER))
    })
}

/// What stands between a name and the end of the text's object: a value, if the member is the last,
/// as that of the vendors' data is.
fn last_value(text: &str, end_of_name: usize) -> Option<&str> {
    let space = [' ', '\n', '\t', '\r'];
    let value = text.get(end_of_name..)?.trim_start_matches(space);
    value
        .strip_prefix(':')?
        .trim_end_matches(space)
        .strip_suffix('}')
}

/// Reads without keeping track of where it is: that costs more than it is worth before something is
/// wrong.
fn read_plainly<'de, S: DeserializeSeed<'de>>(
    seed: S,
    text: &'de str,
) -> Result<S::Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let data = seed.deserialize(&mut deserializer)?;
    deserializer.end().map(|()| data)
}

/// Reads again what does not have its shape, to say where.
fn read_exactly<'de, R, S>(
    seed: S,
    mut deserializer: serde_json::Deserializer<R>,
) -> Result<S::Value, DataError>
where
    R: serde_json::de::Read<'de>,
    S: DeserializeSeed<'de>,
{
    let mut track = serde_path_to_error::Track::new();
    let result = seed
        .deserialize(serde_path_to_error::Deserializer::new(
            &mut deserializer,
            &mut track,
        ))
        .and_then(|data| deserializer.end().map(|()| data));
    result.map_err(|err| DataError::new(&track.path(), &err))
}

struct DataSeed<'n, N>(&'n N, Way);

impl<'de, N: EventName> DeserializeSeed<'de> for DataSeed<'_, N> {
    type Value = N::Data<'de>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.read::<D>(deserializer, self.1)
    }
}

struct BodySeed<'n, N>(&'n N, Way);

impl<'de, N: EventName> DeserializeSeed<'de> for BodySeed<'_, N> {
    type Value = N::Data<'de>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, N: EventName> Visitor<'de> for BodySeed<'_, N> {
    type Value = N::Data<'de>;

    refuse!("an object": bool number str null array);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut data = None;
        while let Some(is_data) = map.next_key_seed(IsName(N::MEMBER))? {
            if is_data && data.is_none() {
                data = Some(map.next_value_seed(DataSeed(self.0, self.1))?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(data.unwrap_or_else(|| self.0.absent()))
    }
}

/// Whether a name is the one that is looked for.
struct IsName(&'static str);

impl<'de> DeserializeSeed<'de> for IsName {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for IsName {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
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

    /// The JSON of the event's data, of whatever kind; none where the event came without.
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
    use proptest::{collection::vec, prelude::*, sample::Index};

    use super::*;
    use crate::{
        smile_api::{Data, Envelope, EventType},
        smile_io::{self, Topic},
    };

    /// Reads with and without what the front says, which must be the same.
    fn read<'a>(name: &EventType, body: &'a [u8]) -> Result<Data<'a>, DataError> {
        let data = Data::read(name, body, None);
        if let Ok((_, data_at)) = Envelope::read(body) {
            let again = Data::read(name, body, data_at);
            assert_eq!(format!("{again:?}"), format!("{data:?}"), "{data_at:?}");
        }
        data
    }

    #[test]
    fn the_first_data_of_a_body_counts_wherever_it_stands() {
        for body in [
            r#"{"id":"1","type":"INVITE_LINKED","data":{"inviteId":"i"}}"#,
            r#"{"data":{"inviteId":"i"},"id":"1","type":"INVITE_LINKED"}"#,
            r#"{"x":{"data":{"inviteId":"no"}},"data":{"inviteId":"i"},"data":{"inviteId":"no"}}"#,
            r#" {"d\u0061ta" : {"inviteId":"i"} } "#,
        ] {
            let data = read(&EventType::InviteLinked, body.as_bytes()).unwrap();
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
                let data = read(&event_type, body.as_bytes()).unwrap();
                assert_eq!(data.event_type(), event_type);
                assert_eq!(serde_json::to_string(&data).unwrap(), written);
            }
        }
        let data = read(&EventType::from("MOON_LANDED"), b"{}").unwrap();
        assert_eq!(serde_json::to_string(&data).unwrap(), "null");
    }

    #[test]
    fn members_may_come_in_the_other_vendor_s_order() {
        let body = br#"{"account_id":1,"data":{"customer":{"id":3}},"topic":"customer/updated"}"#;
        let data = smile_io::Data::read(&Topic::CustomerUpdated, body, None).unwrap();
        assert_eq!(
            serde_json::to_string(&data).unwrap(),
            r#"{"customer":{"id":3}}"#
        );
    }

    #[test]
    fn broken_bodies_are_located() {
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
                b"{\"data\":{\"userId\":\"\xff\"}}",
                "data.userId: invalid unicode code point (line 1, column 20)",
            ),
        ] {
            let err = read(&EventType::InviteLinked, body).unwrap_err();
            assert_eq!(err.to_string(), expected);
        }
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm_where_nobody_reads_them() {
        let body = b"{\"note\":\"\xff\",\"data\":{\"inviteId\":\"i\"}}";
        let data = read(&EventType::InviteLinked, body).unwrap();
        assert_eq!(serde_json::to_string(&data).unwrap(), r#"{"inviteId":"i"}"#);
    }

    const TASK: &str = include_str!("../../tests/fixtures/smile_api/TASK_FINISHED.json");
    const LISTS: &str =
        include_str!("../../tests/fixtures/smile_api/TASK_FINISHED.bare_lists.json");

    proptest! {
        #[test]
        fn what_is_read_in_a_hurry_is_what_is_read_exactly(
            is_first in any::<bool>(),
            changes in vec((any::<Index>(), 0..3_usize, "[]\\[{}:,\"a1.e\\\\n \u{1}é-]|null|1.50|true"), 1..4),
        ) {
            let mut body = String::from(if is_first { TASK } else { LISTS });
            for (place, length, text) in changes {
                let places: Vec<_> = body.char_indices().map(|(at, _)| at).collect();
                let start = place.index(places.len());
                let end = places.get(start + length).copied().unwrap_or(body.len());
                body.replace_range(places[start]..end, &text);
            }
            let name = EventType::TaskFinished;
            let _ = read(&name, body.as_bytes());
            let exactly = read_exactly(
                BodySeed(&name, Way::Exact),
                serde_json::Deserializer::from_str(&body),
            );
            if let Ok(data) = read_plainly(BodySeed(&name, Way::Plain), &body) {
                let exactly: &Data<'_> = exactly.as_ref().map_err(Clone::clone)?;
                prop_assert_eq!(&data, exactly);
                prop_assert_eq!(
                    serde_json::to_string(&data).unwrap(),
                    serde_json::to_string(exactly).unwrap()
                );
            }
        }
    }

    #[test]
    fn numbers_in_place_of_strings_keep_their_digits_either_way() {
        for (digits, is_plain) in [
            ("7", true),
            ("-7", true),
            ("18446744073709551615", true),
            ("-0", false),
            ("1.0", false),
            ("1.50", false),
            ("1e2", false),
            ("18446744073709551616", false),
        ] {
            let name = EventType::InviteLinked;
            let json = format!(r#"{{"inviteId":{digits}}}"#);
            let plainly = read_plainly(DataSeed(&name, Way::Plain), &json);
            assert_eq!(plainly.is_ok(), is_plain, "{digits}");
            let data = Data::from_json(&name, &json).unwrap();
            assert_eq!(serde_json::to_string(&data).unwrap(), json);
        }
    }
}
