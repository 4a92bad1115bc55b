use std::{borrow::Cow, collections::BTreeSet, fmt};

use serde::{
    Deserializer,
    de::{Error, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::RawValue;

use super::{Context, IntoOwned, Name, Presence, Read, refuse};

/// The members of an object that this version does not know, in the order in which they came.
///
/// It also remembers how the known members were written (absent or `null`, which spelling), so that
/// an object is serialised as it was read. Two are equal when they hold the same names with the
/// same JSON text, in any order.
///
/// ```
/// use smile_core::smile_api::data::InviteInvited;
///
/// let invite: InviteInvited<'_> = serde_json::from_str(r#"{"inviteId":"i-1","channel":[1, 2]}"#)?;
/// assert_eq!(invite.unknown.get("channel").map(|raw| raw.get()), Some("[1, 2]"));
/// assert_eq!(serde_json::to_string(&invite)?, r#"{"inviteId":"i-1","channel":[1, 2]}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Unknown<'a> {
    members: Vec<(Cow<'a, str>, Cow<'a, RawValue>)>,
    form: WireForm,
}

impl<'a> Unknown<'a> {
    /// Adds a member. Of repeated names the first counts.
    pub fn push(&mut self, name: impl Into<Cow<'a, str>>, value: Cow<'a, RawValue>) {
        self.members.push((name.into(), value));
    }

    /// Adds a member that was read.
    pub(crate) fn take<E: Error>(
        &mut self,
        name: Cow<'a, str>,
        value: &'a RawValue,
        context: &Context,
    ) -> Result<(), E> {
        context.make_room(&mut self.members)?;
        if let Cow::Owned(name) = &name {
            context.allow(name.capacity())?;
        }
        self.push(name, Cow::Borrowed(value));
        Ok(())
    }

    /// The JSON text of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.iter()
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    /// The members in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.members.iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Copies what is borrowed.
    #[must_use]
    pub fn into_owned(self) -> Unknown<'static> {
        let owned = |(name, value): (Cow<'a, str>, Cow<'a, RawValue>)| {
            (
                Cow::Owned(name.into_owned()),
                Cow::Owned(value.into_owned()),
            )
        };
        Unknown {
            members: self.members.into_iter().map(owned).collect(),
            form: self.form,
        }
    }

    /// Reads the members of an object; any other JSON has none.
    pub(crate) fn parse(json: &'a [u8]) -> Self {
        let Ok(text) = std::str::from_utf8(json) else {
            return Self::default();
        };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Self::read(&mut deserializer, &Context::default()).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn wire_form(&self) -> &WireForm {
        &self.form
    }

    #[inline]
    pub(crate) fn wire_form_mut(&mut self) -> &mut WireForm {
        &mut self.form
    }

    /// Writes each name once: a reader that takes the last of repeated members would otherwise see
    /// another value than [`get`](Self::get) returns.
    pub(crate) fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let mut written = BTreeSet::new();
        for (name, value) in self.iter() {
            if written.insert(name) {
                map.serialize_entry(name, value)?;
            }
        }
        Ok(())
    }

    fn sorted(&self) -> Vec<(&str, &str)> {
        let mut members: Vec<_> = self
            .iter()
            .map(|(name, value)| (name, value.get()))
            .collect();
        members.sort_unstable();
        members
    }
}

impl IntoOwned for Unknown<'_> {
    type Owned = Unknown<'static>;

    fn into_owned(self) -> Unknown<'static> {
        Unknown::into_owned(self)
    }
}

impl<'de> Read<'de> for Unknown<'de> {
    const EXPECTED: &'static str = "an object";

    fn blank() -> Self {
        Self::default()
    }

    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        context: &Context,
    ) -> Result<Presence, D::Error> {
        deserializer.deserialize_any(UnknownVisitor(self, context))
    }
}

impl PartialEq for Unknown<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.sorted() == other.sorted()
    }
}

impl fmt::Debug for Unknown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(name, value)| (name, value.get())))
            .finish()
    }
}

/// How the known members of an object were written, a bit for each by its place in the table.
#[derive(Clone, Copy, Default)]
pub(crate) struct WireForm {
    /// Came as `null`.
    pub(crate) null: u32,
    /// Came as an empty list, which in memory looks like an absent one.
    pub(crate) empty: u32,
    /// Came under the second spelling of its name.
    pub(crate) alias: u32,
    pub(crate) shape: Shape,
}

impl WireForm {
    /// Notes the form of a member, and returns whether it has a value.
    #[inline]
    pub(crate) fn note(&mut self, presence: Presence, bit: u32, alias: bool) -> bool {
        if alias {
            self.alias |= bit;
        } else {
            self.alias &= !bit;
        }
        match presence {
            Presence::Value => true,
            Presence::Null => {
                self.null |= bit;
                false
            }
            Presence::Empty => {
                self.null &= !bit;
                self.empty |= bit;
                true
            }
        }
    }
}

/// The JSON that stood in the object's place.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    #[default]
    Object,
    Null,
    Array,
}

struct UnknownVisitor<'p, 'de>(&'p mut Unknown<'de>, &'p Context);

impl<'de> Visitor<'de> for UnknownVisitor<'_, 'de> {
    type Value = Presence;

    refuse!("an object": bool number str array);

    fn visit_unit<E: Error>(self) -> Result<Presence, E> {
        Ok(Presence::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Presence, A::Error> {
        let UnknownVisitor(unknown, context) = self;
        while let Some(Name(name)) = map.next_key()? {
            let value = map
                .next_value::<&'de RawValue>()
                .inspect_err(|_| context.leave_member(&name))?;
            unknown.take(name, value, context)?;
        }
        Ok(Presence::Value)
    }
}
