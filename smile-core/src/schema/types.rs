//! The schemas of the models' types.

use crate::model::{Definition, Kind, Member, Type};

use super::{
    described,
    json::{Json, object, texts},
};

/// Writes types, and collects the definitions that they refer to.
pub(super) struct Types {
    /// Where definitions stand in the document.
    place: &'static str,
    definitions: Vec<(&'static str, Json)>,
}

impl Types {
    pub(super) fn new(place: &'static str) -> Self {
        Self {
            place,
            definitions: Vec::new(),
        }
    }

    /// The definitions that were referred to, by name.
    pub(super) fn into_definitions(mut self) -> Json {
        self.definitions.sort_by_key(|(name, _)| *name);
        object(self.definitions)
    }

    /// A reference to a definition.
    pub(super) fn refer(&mut self, definition: &'static Definition) -> Json {
        let Definition { name, doc, kind } = definition;
        if !self.definitions.iter().any(|(known, _)| known == name) {
            let at = self.definitions.len();
            // Takes its place first, so that a definition that leads back to itself ends here.
            self.definitions.push((name, object::<&str>([])));
            let schema = described(doc).and(self.define(kind));
            if let Some((_, place)) = self.definitions.get_mut(at) {
                *place = schema;
            }
        }
        object([("$ref", format!("{}{name}", self.place).into())])
    }

    fn define(&mut self, kind: &'static Kind) -> Json {
        match kind {
            Kind::Object(members) => {
                let members: Vec<_> = members
                    .iter()
                    .flat_map(|member| self.member(member))
                    .collect();
                open_object(["object", "null"], object(members))
            }
            Kind::OpenEnum(values) => {
                let documented = values
                    .iter()
                    .map(|value| object([("const", value.name.into())]).and(described(value.doc)));
                let other = text(Null::No).and(object([(
                    "description",
                    "A value that is not documented. Accept it.".into(),
                )]));
                object([("anyOf", Json::Array(documented.chain([other]).collect()))])
            }
            Kind::Figures(figures) => {
                let figures = figures
                    .iter()
                    .map(|figure| (figure.name, described(figure.doc)));
                open_object(["object", "null"], object(figures))
            }
        }
    }

    /// A member under each spelling of its name.
    fn member(&mut self, member: &'static Member) -> Vec<(&'static str, Json)> {
        let schema = self.of(&member.value, Null::Yes);
        let [first, others @ ..] = member.names else {
            return Vec::new();
        };
        let documented = (*first, described(member.doc).and(schema.clone()));
        let others = others.iter().map(|name| {
            let text = format!("Another spelling of `{first}`, read as the same member.");
            (
                *name,
                object([("description", text.into())]).and(schema.clone()),
            )
        });
        std::iter::once(documented).chain(others).collect()
    }

    fn of(&mut self, value: &'static Type, null: Null) -> Json {
        match value {
            Type::Text => text(null),
            Type::Number => null.with(["number", "string"]).and(object([(
                "pattern",
                r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$".into(),
            )])),
            Type::Boolean => null.with(["boolean"]),
            Type::Date => text(null).and(object([("format", "date".into())])),
            Type::DateTime => text(null).and(object([("format", "date-time".into())])),
            Type::Month => text(null).and(object([("examples", texts(["2023-10"]))])),
            Type::Anything => object::<&str>([]),
            Type::Named(definition) => {
                let reference = self.refer(definition);
                match (&definition.kind, null) {
                    // Objects may be null wherever they stand.
                    (Kind::OpenEnum(_), Null::Yes) => any_of([reference, null_type()]),
                    _ => reference,
                }
            }
            Type::Nullable(value) => self.of(value, Null::Yes),
            Type::Array(item) => self.array(item, null),
            Type::List(item) => {
                let page = object([
                    ("nextCursor", text(Null::Yes)),
                    ("items", self.array(item, Null::Yes)),
                ]);
                any_of([
                    open_object(["object", "null"], page),
                    self.array(item, Null::No),
                ])
            }
        }
    }

    fn array(&mut self, item: &'static Type, null: Null) -> Json {
        null.with(["array"])
            .and(object([("items", self.of(item, Null::No))]))
    }
}

/// An object that may have other members, too.
pub(super) fn open_object(types: impl IntoIterator<Item = &'static str>, members: Json) -> Json {
    object([
        ("type", texts(types)),
        ("properties", members),
        ("additionalProperties", Json::Bool(true)),
    ])
}

/// Whether `null` may stand in the place.
#[derive(Clone, Copy)]
enum Null {
    Yes,
    /// In a list, where `null` is no item.
    No,
}

impl Null {
    fn with<const N: usize>(self, types: [&'static str; N]) -> Json {
        let null = match self {
            Self::Yes => Some("null"),
            Self::No => None,
        };
        object([("type", texts(types.into_iter().chain(null)))])
    }
}

fn text(null: Null) -> Json {
    null.with(["string", "number"])
}

fn null_type() -> Json {
    object([("type", "null".into())])
}

fn any_of<const N: usize>(schemas: [Json; N]) -> Json {
    object([("anyOf", Json::Array(schemas.into()))])
}
