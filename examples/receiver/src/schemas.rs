//! The events' schemas and the OpenAPI document, the same on both frameworks.

use std::sync::LazyLock;

use smile_core::schema;

use crate::dead::Answer;

/// The OpenAPI document of both vendors' webhooks.
pub(crate) fn openapi() -> Answer {
    static DOCUMENT: LazyLock<String> = LazyLock::new(schema::openapi);
    (200, DOCUMENT.clone())
}

/// The JSON Schema of an event, by the name of its file.
pub(crate) fn event(file: &str) -> Answer {
    let schema = file.strip_suffix(".json").and_then(schema::event);
    match schema {
        Some(schema) => (200, schema),
        None => (404, NO_SCHEMA.into()),
    }
}

// What was asked for is a stranger's text.
const NO_SCHEMA: &str = "no such schema: expected /schemas/ACCOUNT_CONNECTED.json or another name of \
                         an event in GET /openapi.json";
