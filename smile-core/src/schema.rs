//! The events as JSON Schemas (2020-12), and both vendors' webhooks as an OpenAPI 3.1 document.
//!
//! Both are made from the tables that make the models, so they say what the models read: data is valid
//! where the typed view can be read, and only there.
//!
//! - Every member may be absent or `null`, and members that are not documented may come.
//! - A text may be a number, and a number may be a string that holds one.
//! - Values of an enum are documentation: any other text is valid, too.
//! - Any text is valid as a date. Do not let a validator assert `format`.
//!
//! A schema cannot say all: of repeated members the first counts, a string with a lone surrogate is
//! mended, and data beyond [`MAX_DATA_MEMORY`](crate::model::MAX_DATA_MEMORY) is an error.
//!
//! ```
//! use smile_core::schema;
//!
//! let schema = schema::event("ACCOUNT_CONNECTED").expect("a known event");
//! std::fs::write(std::env::temp_dir().join("ACCOUNT_CONNECTED.json"), schema)?;
//! assert!(schema::openapi().starts_with(r#"{"openapi":"3.1.0","#));
//! # Ok::<(), std::io::Error>(())
//! ```

mod answers;
mod envelope;
mod json;
mod openapi;
mod types;

pub use openapi::openapi;

use crate::{
    EventType,
    model::EventDefinition,
    schema::{
        envelope::Frame,
        json::{Json, object},
        types::Types,
    },
    smile_io::Topic,
};

/// The JSON Schema of the whole body of an event, as JSON; `None` for a name that this version does not
/// know.
///
/// The name is a type of Smile API or a topic of Smile.io, such as `TASK_FINISHED` or
/// `customer/updated`. The schema refers to nothing outside.
#[must_use]
pub fn event(name: &str) -> Option<String> {
    let (frame, event) = all().find(|(_, event)| event.names.contains(&name))?;
    let mut types = Types::new("#/$defs/");
    let body = frame.body(event, &mut types);
    let schema = object([
        (
            "$schema",
            "https://json-schema.org/draft/2020-12/schema".into(),
        ),
        (
            "title",
            event.names.first().copied().unwrap_or_default().into(),
        ),
    ]);
    Some(
        schema
            .and(body)
            .and(object([("$defs", types.into_definitions())]))
            .to_text(),
    )
}

/// Every event of both vendors.
fn all() -> impl Iterator<Item = (Frame, &'static EventDefinition)> {
    let smile_api = EventType::EVENTS
        .iter()
        .map(|event| (Frame::SmileApi, event));
    smile_api.chain(Topic::EVENTS.iter().map(|event| (Frame::SmileIo, event)))
}

/// The first paragraph of a documentation, where links to Rust's items are names alone.
fn description(doc: &[&'static str]) -> String {
    let lines = doc.iter().map(|line| line.trim());
    let paragraph: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let text = paragraph.join(" ");
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some((before, link)) = rest.split_once("[`") {
        let Some((name, after)) = link.split_once("`]") else {
            break;
        };
        plain.push_str(before);
        plain.push('`');
        plain.push_str(name);
        plain.push('`');
        let target = after
            .strip_prefix('(')
            .and_then(|link| link.split_once(')'));
        rest = target.map_or(after, |(_, after)| after);
    }
    plain + rest
}

/// A name for JSON whose value is a sentence or two.
fn described(doc: &[&'static str]) -> Json {
    object([("description", description(doc).into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_the_first_paragraph_without_links() {
        for (doc, expected) in [
            (&[" One.", " Two.", "", " Three."][..], "One. Two."),
            (
                &[" The payload's [`links`](DatapointPayload::links)."],
                "The payload's `links`.",
            ),
            (
                &[" See [`List::len`]; `[` is none."],
                "See `List::len`; `[` is none.",
            ),
            (&[], ""),
        ] {
            assert_eq!(description(doc), expected);
        }
    }

    #[test]
    fn no_two_events_have_one_name() {
        let mut names: Vec<_> = all().flat_map(|(_, event)| event.names).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
