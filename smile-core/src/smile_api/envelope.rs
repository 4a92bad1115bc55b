use serde_json::value::RawValue;

use crate::{
    EnvelopeError,
    model::{EnvelopeFields, Field, optional_integer, optional_string, read_envelope, string},
};

use super::EventType;

/// What all events have in common: the frame around the data (`WebhookCommonEvent`).
///
/// Only `id` and `type` must be there. The vendor sends the four members first, and nothing beyond
/// them is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    id: Box<str>,
    event_type: EventType,
    type_as_sent: Option<&'static str>,
    version: Option<u32>,
    created_at: Option<Box<str>>,
}

impl Envelope {
    /// Reads the front of a body.
    ///
    /// # Errors
    ///
    /// Where the body is no JSON object, or has no `id` or `type` that is a string.
    pub(crate) fn read(body: &[u8]) -> Result<Self, EnvelopeError> {
        let Members {
            id,
            event_type,
            version,
            created_at,
        } = read_envelope(body)?;
        let (event_type, type_as_sent) = event_type.ok_or_else(|| EnvelopeError::missing(TYPE))?;
        Ok(Self {
            id: id.ok_or_else(|| EnvelopeError::missing(ID))?,
            event_type,
            type_as_sent,
            version: version.flatten(),
            created_at: created_at.flatten(),
        })
    }

    /// The event's id, mostly `et-` and 32 hexadecimal digits; opaque. Sent again, an event has the
    /// same id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What happened.
    #[must_use]
    pub fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// The name of the type as it was sent, which for [`EventType::ArchiveAnalyzed`] may be the
    /// older `ACCOUNT_ANALYZED`.
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.type_as_sent
            .unwrap_or_else(|| self.event_type.as_str())
    }

    /// The major version of the data's schema; 1 in all of the vendor's examples.
    #[must_use]
    pub fn version(&self) -> Option<u32> {
        self.version
    }

    /// When the event was made, `yyyy-MM-ddTHH:mm:ssZ`, as it was sent.
    #[must_use]
    pub fn created_at(&self) -> Option<&str> {
        self.created_at.as_deref()
    }
}

#[derive(Default)]
struct Members {
    id: Option<Box<str>>,
    event_type: Option<(EventType, Option<&'static str>)>,
    version: Option<Option<u32>>,
    created_at: Option<Option<Box<str>>>,
}

impl EnvelopeFields for Members {
    type Member = Member;

    fn is_complete(&self) -> bool {
        self.is_sufficient() && self.version.is_some() && self.created_at.is_some()
    }

    fn is_sufficient(&self) -> bool {
        self.id.is_some() && self.event_type.is_some()
    }

    fn take(&mut self, member: Member, value: &RawValue) -> Result<(), EnvelopeError> {
        match member {
            Member::Id if self.id.is_none() => self.id = Some(string(ID, value)?.into()),
            Member::Type if self.event_type.is_none() => {
                self.event_type = Some(EventType::recognise(&string(TYPE, value)?));
            }
            Member::Version if self.version.is_none() => {
                let version = optional_integer(value).map(u32::try_from);
                self.version = Some(version.and_then(Result::ok));
            }
            Member::CreatedAt if self.created_at.is_none() => {
                self.created_at = Some(optional_string(value).map(Box::from));
            }
            // Of repeated members the first counts.
            _ => {}
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Member {
    Id,
    Type,
    Version,
    CreatedAt,
}

impl Field for Member {
    #[inline]
    fn find(name: &str) -> Option<(Self, bool)> {
        let member = match name {
            "id" => Self::Id,
            "type" => Self::Type,
            "version" => Self::Version,
            "createdAt" => Self::CreatedAt,
            _ => return None,
        };
        Some((member, false))
    }
}

const ID: &str = "id";
const TYPE: &str = "type";

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"id":"et-1","version":1,"type":"TASK_STARTED","createdAt":"2024-02-03T04:05:06Z","data":{}}"#;

    #[track_caller]
    fn read(body: &str) -> Envelope {
        Envelope::read(body.as_bytes()).unwrap()
    }

    #[track_caller]
    fn refusal(body: &str) -> String {
        Envelope::read(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn all_four_members_are_read() {
        let envelope = read(EVENT);
        assert_eq!(envelope.id(), "et-1");
        assert_eq!(envelope.event_type(), &EventType::TaskStarted);
        assert_eq!(envelope.version(), Some(1));
        assert_eq!(envelope.created_at(), Some("2024-02-03T04:05:06Z"));
    }

    #[test]
    fn order_does_not_matter() {
        let body = r#"{"data":{"id":"no","type":"no"},"createdAt":"2024-02-03T04:05:06Z",
            "type":"TASK_STARTED","version":1,"more":[1,{"a":"\u00e9"}],"id":"et-1"}"#;
        assert_eq!(read(body), read(EVENT));
    }

    #[test]
    fn bytes_after_the_last_needed_member_are_not_looked_at() {
        let start = EVENT.split_once(r#","data""#).unwrap().0;
        for rest in ["", ",", "}garbage", r#","data":{"a":"#, ",\u{0}"] {
            assert_eq!(read(&format!("{start}{rest}")), read(EVENT), "{rest}");
        }
        let mut body = start.as_bytes().to_vec();
        body.extend([b',', 0xff, 0xfe]);
        assert_eq!(Envelope::read(&body).unwrap(), read(EVENT));
    }

    #[test]
    fn id_and_type_alone_are_an_envelope_even_if_the_json_breaks_then() {
        for body in [
            r#"{"id":"et-1","type":"TASK_STARTED"}"#,
            r#"{"id":"et-1","type":"TASK_STARTED","data":{"a":tru"#,
            r#"{"id":"et-1","type":"TASK_STARTED""#,
            r#"{"id":"et-1","type":"TASK_STARTED","version":null,"createdAt":null}"#,
        ] {
            let envelope = read(body);
            assert_eq!(
                (envelope.id(), envelope.version()),
                ("et-1", None),
                "{body}"
            );
            assert_eq!(envelope.created_at(), None);
        }
    }

    #[test]
    fn versions_are_taken_in_every_spelling_of_an_integer() {
        for (version, expected) in [
            ("1", Some(1)),
            ("1.0", Some(1)),
            ("\"1\"", Some(1)),
            ("2e0", Some(2)),
            ("1.5", None),
            ("-1", None),
            ("18446744073709551615", None),
            ("1e300", None),
            ("\"one\"", None),
            ("true", None),
            ("[1]", None),
            ("{\"a\":[{}]}", None),
        ] {
            let body = EVENT.replace("\"version\":1", &format!("\"version\":{version}"));
            assert_eq!(read(&body).version(), expected, "{version}");
        }
    }

    #[test]
    fn of_repeated_members_the_first_that_is_not_null_counts() {
        let body = r#"{"id":null,"id":"a","id":"b","type":"LINK_ADDED","type":"X","id":3,
            "version":2,"version":1,"createdAt":"c","createdAt":"d"}"#;
        let envelope = read(body);
        assert_eq!((envelope.id(), envelope.type_name()), ("a", "LINK_ADDED"));
        assert_eq!(
            (envelope.version(), envelope.created_at()),
            (Some(2), Some("c"))
        );
    }

    #[test]
    fn escapes_in_names_and_values_are_understood() {
        let body = r#"{"\u0069d":"\u0041\n","t\u0079pe":"LINK\u005fADDED"}"#;
        let envelope = read(body);
        assert_eq!(
            (envelope.id(), envelope.event_type()),
            ("A\n", &EventType::LinkAdded)
        );
    }

    #[test]
    fn the_type_is_reported_as_it_was_sent() {
        let envelope = read(r#"{"id":"1","type":"ACCOUNT_ANALYZED"}"#);
        assert_eq!(envelope.event_type(), &EventType::ArchiveAnalyzed);
        assert_eq!(envelope.type_name(), "ACCOUNT_ANALYZED");
        let envelope = read(r#"{"id":"1","type":"MOON_LANDED"}"#);
        assert_eq!(envelope.type_name(), "MOON_LANDED");
    }

    #[test]
    fn what_is_no_envelope_is_refused_in_words_without_values() {
        for (body, expected) in [
            (
                "",
                "expected json: EOF while parsing a value at line 1 column 0",
            ),
            ("[]", "expected an object, found an array"),
            ("\"SECRET\"", "expected an object, found a string"),
            ("{}", "expected a member type, found none"),
            (r#"{"type":"X"}"#, "expected a member id, found none"),
            (r#"{"id":"SECRET"}"#, "expected a member type, found none"),
            (
                r#"{"id":null,"type":"X"}"#,
                "expected a member id, found none",
            ),
            (
                r#"{"id":12,"type":"X"}"#,
                "id: expected a string, found a number",
            ),
            (
                r#"{"id":"1","type":["SECRET"]}"#,
                "type: expected a string, found an array",
            ),
        ] {
            assert_eq!(refusal(body), expected, "{body}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_read_past() {
        assert_eq!(read(&format!("\u{feff}{EVENT}")), read(EVENT));
        assert_eq!(read(&format!("\u{feff}\r\n {EVENT}")), read(EVENT));
        let utf_16: Vec<u8> = std::iter::once(0xfeff)
            .chain(EVENT.encode_utf16())
            .flat_map(u16::to_be_bytes)
            .collect();
        assert!(Envelope::read(&utf_16).is_err());
    }

    #[test]
    fn ids_with_lone_surrogates_stay_apart() {
        for id in [r"a\ud83d", r"a\ud83e", r"a\ude00", r"\n\ud83d"] {
            let body = EVENT.replace("et-1", id);
            assert_eq!(read(&body).id(), id);
            let odd_name = body.replacen('{', r#"{"\udfff":{"\udfff":1},"#, 1);
            assert_eq!(read(&odd_name).event_type(), &EventType::TaskStarted);
        }
        let envelope = read(r#"{"id":"1","type":"MOON\ud83d","createdAt":"\ud83d"}"#);
        assert_eq!(envelope.type_name(), r"MOON\ud83d");
        assert_eq!(envelope.created_at(), Some(r"\ud83d"));
    }

    #[test]
    fn bytes_that_are_no_utf_8_count_as_u_fffd() {
        let body = b"{\"note\":\"\xe9\",\"id\":\"caf\xe9\",\"type\":\"TASK_STARTED\"}";
        let envelope = Envelope::read(body).unwrap();
        assert_eq!(envelope.id(), "caf\u{fffd}");
        assert!(Envelope::read(b"{\"id\":\"1\",\xe9\"type\":\"TASK_STARTED\"}").is_err());
    }

    #[test]
    fn numbers_of_any_size_before_the_id_are_no_obstacle() {
        let body = EVENT.replacen("\"version\":1", "\"version\":1e999", 1);
        assert_eq!(read(&body).version(), None);
        let body = body.replacen('{', "{\"x\":-1e999,\"version\":1e999,", 1);
        assert_eq!(read(&body).id(), "et-1");
    }

    #[test]
    fn deep_nesting_before_the_members_neither_overflows_nor_refuses() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let mut body = format!("{{\"data\":{}", open.repeat(100_000));
            if open != "[" {
                body.push('1');
            }
            body.push_str(&close.repeat(100_000));
            body.push_str(r#","id":"et-1","type":"TASK_STARTED"}"#);
            assert_eq!(read(&body).id(), "et-1");
        }
        let body = format!("{{\"id\":{}", "[".repeat(100_000));
        assert!(refusal(&body).starts_with("expected json: EOF"));
    }

    proptest::proptest! {
        #[test]
        fn any_object_with_id_and_type_is_an_envelope(
            id in "\\PC{0,20}",
            name in "\\PC{0,20}",
            mut members in proptest::collection::vec(("[a-z]{1,6}x", "\\PC{0,9}"), 0..6),
            places in (0..7_usize, 0..7_usize),
        ) {
            for (key, value, place) in [("id", &id, places.0), ("type", &name, places.1)] {
                members.insert(place.min(members.len()), (key.to_owned(), value.clone()));
            }
            let written: Vec<_> = members
                .iter()
                .map(|(key, value)| format!("{key:?}:{}", serde_json::json!(value)))
                .collect();
            let body = format!("{{{}}}", written.join(","));
            let envelope = read(&body);
            proptest::prop_assert_eq!(envelope.id(), id);
            proptest::prop_assert_eq!(envelope.type_name(), name);
        }

        #[test]
        fn a_front_of_any_length_is_read_alike(padding in 380..540_usize, at_end: bool) {
            let (before, after) = if at_end { ("", "é") } else { ("é", "") };
            let body = format!(
                r#"{{"x":"{before}{}{after}","id":"et-1","version":10,"type":"LINK_ADDED","createdAt":"c","data":{{}}}}"#,
                "x".repeat(padding)
            );
            let envelope = read(&body);
            proptest::prop_assert_eq!((envelope.id(), envelope.version()), ("et-1", Some(10)));
            proptest::prop_assert_eq!(envelope.created_at(), Some("c"));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(body in proptest::collection::vec(0_u8.., 0..200)) {
            let _ = Envelope::read(&body);
        }
    }
}
