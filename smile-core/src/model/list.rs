use std::{borrow::Cow, fmt, mem, ops::Deref, slice, vec};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};

use super::{
    Context, Field, IntoOwned, KeySeed, Presence, Read, ReadInto, Shape, Text, Unknown, Write,
    read_items, refuse,
};

/// A list of datapoints: `{"nextCursor": .., "items": [..]}`, or a bare array as the vendor's REST
/// API sends it.
///
/// The vendor cuts each list of a webhook at [300 items](Self::VENDOR_LIMIT) (Smile API webhooks
/// page, "Including the Data Payload"). Fetch the rest from its REST endpoint for that kind of
/// datapoint if [`may_be_truncated`](Self::may_be_truncated) is true.
///
/// ```
/// use smile_core::{model::List, smile_api::data::Contribution};
///
/// let list: List<'_, Contribution<'_>> =
///     serde_json::from_str(r#"{"nextCursor":null,"items":[{"id":"con-1"}]}"#)?;
/// assert_eq!(list.len(), 1);
/// assert!(!list.may_be_truncated());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct List<'a, T> {
    /// Where the next page starts; opaque. `null` in all of the vendor's examples.
    pub next_cursor: Option<Text<'a>>,
    /// The items.
    pub items: Vec<T>,
    /// The members of the container that this version does not know.
    pub unknown: Unknown<'a>,
}

impl<T> List<'_, T> {
    /// How many items the vendor puts into one list of a webhook at most.
    pub const VENDOR_LIMIT: usize = 300;

    /// Whether the vendor may have more items: the list has reached the limit, or names a next
    /// page.
    #[must_use]
    pub fn may_be_truncated(&self) -> bool {
        let has_next = self
            .next_cursor
            .as_ref()
            .is_some_and(|cursor| !cursor.is_empty());
        has_next || self.items.len() >= Self::VENDOR_LIMIT
    }
}

impl<T: IntoOwned> List<'_, T> {
    /// Copies what is borrowed.
    #[must_use]
    pub fn into_owned(self) -> List<'static, T::Owned> {
        List {
            next_cursor: self.next_cursor.into_owned(),
            items: self.items.into_owned(),
            unknown: self.unknown.into_owned(),
        }
    }
}

impl<T: IntoOwned> IntoOwned for List<'_, T> {
    type Owned = List<'static, T::Owned>;

    fn into_owned(self) -> Self::Owned {
        List::into_owned(self)
    }
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self {
            next_cursor: None,
            items: Vec::new(),
            unknown: Unknown::default(),
        }
    }
}

impl<T> From<Vec<T>> for List<'_, T> {
    fn from(items: Vec<T>) -> Self {
        Self {
            items,
            ..Self::default()
        }
    }
}

impl<T> Deref for List<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> IntoIterator for List<'_, T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'l, T> IntoIterator for &'l List<'_, T> {
    type Item = &'l T;
    type IntoIter = slice::Iter<'l, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<T: fmt::Debug> fmt::Debug for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("next_cursor", &self.next_cursor)
            .field("items", &self.items)
            .field("unknown", &self.unknown)
            .finish()
    }
}

impl<'de, T: Read<'de>> Read<'de> for List<'de, T> {
    const EXPECTED: &'static str = "a list";

    #[inline]
    fn blank() -> Self {
        Self::default()
    }

    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        context: &Context,
    ) -> Result<Presence, D::Error> {
        deserializer.deserialize_any(ListVisitor(self, context))
    }
}

impl<'de: 'a, 'a, T: Read<'de>> Deserialize<'de> for List<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        List::<'de, T>::read::<D>(deserializer, &Context::default())
    }
}

impl<T: Serialize> Serialize for List<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = self.unknown.wire_form();
        let is_plain = self.next_cursor.is_none() && self.unknown.is_empty();
        if form.shape == Shape::Array && is_plain {
            return self.items.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        self.next_cursor.write(
            &mut map,
            Member::NextCursor.name(),
            form,
            Member::NextCursor.bit(),
        )?;
        self.items
            .write(&mut map, Member::Items.name(), form, Member::Items.bit())?;
        self.unknown.write(&mut map)?;
        map.end()
    }
}

#[derive(Clone, Copy)]
enum Member {
    NextCursor,
    Items,
}

impl Member {
    const fn bit(self) -> u32 {
        match self {
            Self::NextCursor => 1,
            Self::Items => 2,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::NextCursor => "nextCursor",
            Self::Items => "items",
        }
    }
}

impl Field for Member {
    fn find(name: &str) -> Option<(Self, bool)> {
        match name {
            "nextCursor" => Some((Self::NextCursor, false)),
            "items" => Some((Self::Items, false)),
            _ => None,
        }
    }
}

struct ListVisitor<'p, 'de, T>(&'p mut List<'de, T>, &'p Context);

impl<'de, T: Read<'de>> Visitor<'de> for ListVisitor<'_, 'de, T> {
    type Value = Presence;

    refuse!("a list": bool number str);

    fn visit_unit<E: Error>(self) -> Result<Presence, E> {
        Ok(Presence::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Presence, A::Error> {
        self.0.unknown.wire_form_mut().shape = Shape::Array;
        read_items::<T, A>(&mut self.0.items, sequence, self.1)?;
        Ok(Presence::Value)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Presence, A::Error> {
        let ListVisitor(list, context) = self;
        let mut seen = 0;
        let mut name = Cow::Borrowed("");
        while let Some(key) = map.next_key_seed(KeySeed::<Member>::new(&mut name))? {
            let is_repeated = key.is_some_and(|(member, _)| seen & member.bit() != 0);
            let presence = match key {
                Some((Member::NextCursor, _)) if !is_repeated => {
                    map.next_value_seed(ReadInto(&mut list.next_cursor, context))
                }
                Some((Member::Items, _)) if !is_repeated => {
                    map.next_value_seed(ReadInto(&mut list.items, context))
                }
                _ => map.next_value().and_then(|value| {
                    if !is_repeated {
                        list.unknown.take(mem::take(&mut name), value, context)?;
                    }
                    Ok(Presence::Null)
                }),
            };
            let presence = presence.inspect_err(|_| {
                context.leave_member(key.map_or(&name, |(member, _)| member.name()));
            })?;
            if let Some((member, alias)) = key
                && !is_repeated
                && list
                    .unknown
                    .wire_form_mut()
                    .note(presence, member.bit(), alias)
            {
                seen |= member.bit();
            }
        }
        Ok(Presence::Value)
    }
}
