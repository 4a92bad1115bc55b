//! What the models read, as static data that `schema` turns into JSON Schemas.

use super::{Date, DateTime, List, Month, Number, RawJson, Text};

/// Says what a type reads.
pub(crate) trait Describe {
    const TYPE: Type;
}

/// What the JSON in a value's place may be. A member may be `null` in any case.
#[derive(Clone, Copy)]
pub(crate) enum Type {
    /// A string, or a number in its place.
    Text,
    /// A number, or a string that holds one.
    Number,
    Boolean,
    /// A text that is mostly a day.
    Date,
    /// A text that is mostly a moment.
    DateTime,
    /// A text that is mostly a month.
    Month,
    /// JSON of any type.
    Anything,
    Named(&'static Definition),
    /// Also as an item of a list.
    Nullable(&'static Self),
    Array(&'static Self),
    /// `{"nextCursor": .., "items": [..]}`, or an array.
    List(&'static Self),
}

/// A type that has a name.
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    /// The lines of its documentation.
    pub(crate) doc: &'static [&'static str],
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Object(&'static [Member]),
    /// A text of which the vendor documents some values.
    OpenEnum(&'static [Value]),
    /// An object of which the vendor documents some members, each of any type.
    Figures(&'static [Value]),
}

pub(crate) struct Member {
    /// The name, and a second spelling where there is one.
    pub(crate) names: &'static [&'static str],
    pub(crate) doc: &'static [&'static str],
    pub(crate) value: Type,
}

/// A documented value of an enum, or a documented figure.
pub(crate) struct Value {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static [&'static str],
}

/// An event of one of the tables.
pub(crate) struct EventDefinition {
    /// The name, and an older spelling where there is one.
    pub(crate) names: &'static [&'static str],
    pub(crate) doc: &'static [&'static str],
    pub(crate) data: &'static Definition,
}

/// The definition of an event's data, which always has a name.
pub(crate) const fn definition<T: Describe>() -> &'static Definition {
    match T::TYPE {
        Type::Named(definition) => definition,
        _ => panic!("the data of an event is an object"),
    }
}

impl<T: Describe> Describe for Option<T> {
    const TYPE: Type = Type::Nullable(&T::TYPE);
}

impl<T: Describe> Describe for Box<T> {
    const TYPE: Type = T::TYPE;
}

impl<T: Describe> Describe for Vec<T> {
    const TYPE: Type = Type::Array(&T::TYPE);
}

impl<T: Describe> Describe for List<'_, T> {
    const TYPE: Type = Type::List(&T::TYPE);
}

impl Describe for bool {
    const TYPE: Type = Type::Boolean;
}

impl Describe for Text<'_> {
    const TYPE: Type = Type::Text;
}

impl Describe for Number<'_> {
    const TYPE: Type = Type::Number;
}

impl Describe for Date<'_> {
    const TYPE: Type = Type::Date;
}

impl Describe for DateTime<'_> {
    const TYPE: Type = Type::DateTime;
}

impl Describe for Month<'_> {
    const TYPE: Type = Type::Month;
}

impl Describe for RawJson<'_> {
    const TYPE: Type = Type::Anything;
}
