//! Sample events, for tests of an application.

use std::fmt;

use bytes::Bytes;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::{Clock, EventType, SmileApi, SmileIo, SystemClock, Token, Vendor, smile_io::Topic};

mod payload;
mod smile_api;
mod smile_io;

/// The body of an event as a vendor would send it: documented members, invented values.
///
/// Each sample has a new `id` and the present time as `createdAt`, so no receiver takes it for one
/// that it has seen. Smile.io sends neither: there the customer is another one. Clones are the same
/// event.
///
/// ```
/// use smile_core::{EventType, testkit::Sample};
///
/// let sample = Sample::smile_api(EventType::AccountConnected)
///     .set("data.userId", "tenant-1")
///     .set_json("data.providers", r#"["grab_ph", "sss_ph"]"#);
/// assert!(sample.to_json().contains(r#""userId":"tenant-1""#));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    vendor: &'static str,
    /// The members that stand in front of the data, in the vendor's order.
    front: &'static [&'static str],
    body: Map<String, Value>,
}

impl Sample {
    /// An event of Smile API. One of a type that this version does not know has no data.
    #[must_use]
    pub fn smile_api(event_type: EventType) -> Self {
        let created_at = DateTime::now().to_seconds();
        Self {
            vendor: SmileApi::NAME,
            front: &["id", "version", "type", "createdAt"],
            body: members(json!({
                "id": format!("et-{}", fresh_hex()),
                "version": 1,
                "type": event_type.as_str(),
                "createdAt": created_at,
                "data": smile_api::data(&event_type),
            })),
        }
    }

    /// An event of Smile.io. One of a topic that this version does not know has no data.
    #[must_use]
    pub fn smile_io(topic: Topic) -> Self {
        let updated_at = DateTime::now().to_milliseconds();
        Self {
            vendor: SmileIo::NAME,
            front: &["topic", "account_id"],
            body: members(json!({
                "topic": topic.as_str(),
                "account_id": 4711,
                "data": smile_io::data(&topic, fresh_number(), &updated_at),
            })),
        }
    }

    /// One of each event that this version knows: of Smile API, then of Smile.io, whose first is a
    /// ping.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let smile_api = EventType::ALL.into_iter().map(Self::smile_api);
        smile_api
            .chain(Topic::ALL.into_iter().map(Self::smile_io))
            .collect()
    }

    /// Sets a member to a text.
    ///
    /// The path names members, and the numbers of a list's items from 0: `data.session.userId`,
    /// `data.providers.0`. The last member may be new, and a number may be the next of its list; all
    /// before has to be there.
    ///
    /// # Panics
    ///
    /// Where [`try_set`](Self::try_set) returns an error.
    #[must_use]
    #[track_caller]
    pub fn set(self, path: &str, text: impl Into<String>) -> Self {
        expect_set(self.try_set(path, text))
    }

    /// Sets a member to any JSON, such as `3`, `null` or `{"a": []}`. The path is as in
    /// [`set`](Self::set).
    ///
    /// # Panics
    ///
    /// Where [`try_set_json`](Self::try_set_json) returns an error.
    #[must_use]
    #[track_caller]
    pub fn set_json(self, path: &str, json: &str) -> Self {
        expect_set(self.try_set_json(path, json))
    }

    /// Does as [`set`](Self::set).
    ///
    /// # Errors
    ///
    /// [`SetError`] where the path leads nowhere.
    pub fn try_set(self, path: &str, text: impl Into<String>) -> Result<Self, SetError> {
        self.put(path, Value::String(text.into()))
    }

    /// Does as [`set_json`](Self::set_json).
    ///
    /// # Errors
    ///
    /// [`SetError`] where the path leads nowhere, or the text is not JSON.
    pub fn try_set_json(self, path: &str, json: &str) -> Result<Self, SetError> {
        let value = serde_json::from_str(json)
            .map_err(|err| SetError(format!("{path}: the value {json:?} is not JSON: {err}")))?;
        self.put(path, value)
    }

    /// Fills each list of the event's payload with `items` items, for tests with large bodies. Smile
    /// API sends at most 300 in a list. An event without a payload stays as it is.
    ///
    /// ```
    /// use smile_core::{EventType, testkit::Sample};
    ///
    /// let largest = Sample::smile_api(EventType::TaskFinished).full(300);
    /// assert!(largest.to_json().len() > 400_000);
    /// ```
    #[must_use]
    pub fn full(mut self, items: usize) -> Self {
        if let Some(data) = self.body.get_mut("data") {
            payload::resize_lists(data, items);
        }
        self
    }

    /// `smile-api` or `smile-io`.
    pub fn vendor(&self) -> &'static str {
        self.vendor
    }

    /// The event's name, such as `ACCOUNT_CONNECTED` or `ping`; empty where it was set to something
    /// else than a text.
    pub fn event_name(&self) -> &str {
        self.text("type").or(self.text("topic")).unwrap_or_default()
    }

    /// The event's id; `None` for Smile.io, which gives none.
    pub fn id(&self) -> Option<&str> {
        self.text("id")
    }

    /// The body. `Bytes::from` makes the same.
    pub fn to_json(&self) -> String {
        // Maps with texts as keys are always JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.body.get(member)?.as_str()
    }

    fn put(mut self, path: &str, value: Value) -> Result<Self, SetError> {
        let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
        let mut body = Value::Object(self.body);
        let mut parent = &mut body;
        let mut walked = String::new();
        for step in parents.split('.').filter(|_| !parents.is_empty()) {
            let missing = SetError::missing(path, parent, &walked, step);
            parent = child(parent, step).ok_or(missing)?;
            walked = if walked.is_empty() {
                step.to_owned()
            } else {
                format!("{walked}.{step}")
            };
        }
        let missing = SetError::missing(path, parent, &walked, last);
        match parent {
            Value::Object(members) if !last.is_empty() => {
                members.insert(last.to_owned(), value);
            }
            Value::Array(items) => match last.parse::<usize>() {
                Ok(at) if at < items.len() => items[at] = value,
                Ok(at) if at == items.len() => items.push(value),
                _ => return Err(missing),
            },
            _ => return Err(missing),
        }
        self.body = members(body);
        Ok(self)
    }
}

impl Serialize for Sample {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.body.len()))?;
        for name in self.front {
            if let Some(value) = self.body.get(*name) {
                map.serialize_entry(name, value)?;
            }
        }
        let is_front = |name: &str| self.front.contains(&name);
        for (name, value) in self.body.iter().filter(|(name, _)| !is_front(name)) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl From<Sample> for Bytes {
    fn from(sample: Sample) -> Self {
        Self::from(&sample)
    }
}

impl From<&Sample> for Bytes {
    fn from(sample: &Sample) -> Self {
        sample.to_json().into()
    }
}

/// A member of a [`Sample`] could not be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetError(String);

impl SetError {
    fn missing(path: &str, parent: &Value, walked: &str, step: &str) -> Self {
        let place = if walked.is_empty() {
            "the event"
        } else {
            walked
        };
        Self(match parent {
            Value::Object(_) if step.is_empty() => format!("{path:?}: a member has no name"),
            Value::Object(members) => {
                let names: Vec<_> = members.keys().map(String::as_str).collect();
                format!(
                    "{path}: there is no {step} in {place}, which has {}",
                    names.join(", ")
                )
            }
            Value::Array(items) => format!(
                "{path}: {place} is a list of {}, so {step:?} has to be a number from 0 to {}",
                items.len(),
                items.len()
            ),
            other => format!("{path}: {place} is {other}, which has no members"),
        })
    }
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SetError {}

#[track_caller]
fn expect_set(set: Result<Sample, SetError>) -> Sample {
    match set {
        Ok(sample) => sample,
        Err(err) => panic!("{err}"),
    }
}

fn child<'a>(parent: &'a mut Value, step: &str) -> Option<&'a mut Value> {
    match parent {
        Value::Object(members) => members.get_mut(step),
        Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    }
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// 32 hex digits that were never used before, by any process.
fn fresh_hex() -> String {
    Token::unique().to_hex()
}

/// A number of up to 15 digits, which fits into JavaScript's numbers, too.
fn fresh_number() -> u64 {
    let number = u128::from_be_bytes(*Token::unique().as_bytes()) % 1_000_000_000_000_000;
    u64::try_from(number).unwrap_or_default()
}

/// The present time, as the vendors write it.
struct DateTime(OffsetDateTime);

impl DateTime {
    fn now() -> Self {
        let seconds = i64::try_from(SystemClock.unix_seconds()).unwrap_or_default();
        Self(OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// As Smile API does: `2026-01-05T02:10:44Z`.
    fn to_seconds(&self) -> String {
        let (date, time) = (self.0.date(), self.0.time());
        let (month, day) = (u8::from(date.month()), date.day());
        let (hour, minute, second) = time.as_hms();
        format!(
            "{}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z",
            date.year()
        )
    }

    /// As Smile.io does: `2026-01-05T02:10:44.000Z`.
    fn to_milliseconds(&self) -> String {
        self.to_seconds().replace('Z', ".000Z")
    }
}

#[cfg(test)]
mod tests;
