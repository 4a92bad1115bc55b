//! The OpenAPI document of both vendors' webhooks.

use crate::{SmileApi, SmileIo, Vendor};

use super::{
    all,
    answers::{answers, problem},
    description,
    envelope::Frame,
    json::{Json, object, texts},
    types::Types,
};

/// The OpenAPI 3.1 document of both vendors' webhooks, as JSON: every event with its headers, its body
/// and the answers of a receiver.
#[must_use]
pub fn openapi() -> String {
    let mut types = Types::new("#/components/schemas/");
    let mut bodies = Vec::new();
    let mut webhooks = Vec::new();
    for (frame, event) in all() {
        let name = event.names.first().copied().unwrap_or_default();
        let body = format!("{}Event", event.data.name);
        bodies.push((body.clone(), frame.body(event, &mut types)));
        let post = object([
            ("operationId", Json::from(format!("on{}", event.data.name))),
            ("tags", texts([frame.vendor()])),
            ("summary", description(event.doc).into()),
            (
                "parameters",
                Json::Array(
                    frame
                        .headers()
                        .map(|(name, ..)| refer("parameters", name))
                        .collect(),
                ),
            ),
            (
                "requestBody",
                object([
                    ("required", Json::Bool(true)),
                    ("content", json_content(refer("schemas", &body))),
                ]),
            ),
            (
                "responses",
                object(answers().map(|(name, status, _)| (status, refer("responses", &name)))),
            ),
        ]);
        webhooks.push((name, object([("post", post)])));
    }
    let schemas = object(bodies)
        .and(types.into_definitions())
        .and(object([("Problem", problem())]));
    let headers = [Frame::SmileApi, Frame::SmileIo]
        .into_iter()
        .flat_map(Frame::headers);
    let components = object([
        ("schemas", schemas),
        (
            "parameters",
            object(
                headers
                    .map(|(name, header, pattern, text)| (name, parameter(header, pattern, text))),
            ),
        ),
        (
            "responses",
            object(answers().map(|(name, _, answer)| (name, answer))),
        ),
    ]);
    object([
        ("openapi", "3.1.0".into()),
        ("info", info()),
        ("tags", tags()),
        // The signature is a parameter: no security scheme of OpenAPI is one over the body.
        ("security", Json::Array(Vec::new())),
        ("webhooks", object(webhooks)),
        ("components", components),
    ])
    .to_text()
}

impl Frame {
    fn vendor(self) -> &'static str {
        match self {
            Self::SmileApi => SmileApi::NAME,
            Self::SmileIo => SmileIo::NAME,
        }
    }

    /// The headers that the vendor signs with: name of the component, header, pattern and meaning.
    fn headers(
        self,
    ) -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> {
        match self {
            Self::SmileApi => &[(
                "SmileApiSignature",
                "Smile-Signature",
                "^[0-9A-Fa-f]{128}$",
                "HMAC-SHA512 of the body, in hex.",
            )][..],
            Self::SmileIo => &[
                (
                    "SmileIoSignature",
                    "Smile-Signature",
                    "^[0-9A-Za-z+/]{43}=$",
                    "HMAC-SHA256 of the text of `Smile-Timestamp`, a full stop and the body, in base64.",
                ),
                (
                    "SmileIoTimestamp",
                    "Smile-Timestamp",
                    "^[0-9]{1,20}$",
                    "When the delivery was signed, in seconds since 1970. May be off by five minutes.",
                ),
            ],
        }
        .iter()
        .copied()
    }
}

fn info() -> Json {
    object([
        ("title", "Webhooks of Smile API and Smile.io".into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
        (
            "description",
            "What a receiver built with smile-core takes and answers. Every member may be absent or \
             null. Accept members, enum values and events that are not documented here: the vendors \
             add them without a new version. A string may come as a number, and a number as a string; \
             keep its digits. A `format` is not asserted: any text may come in a date's place. Verify \
             the signature over the bytes of the body as received, before anything parses them."
                .into(),
        ),
        (
            "license",
            object([
                ("name", env!("CARGO_PKG_LICENSE").into()),
                ("identifier", env!("CARGO_PKG_LICENSE").into()),
            ]),
        ),
    ])
}

fn tags() -> Json {
    let tag = |name: &'static str, text: &'static str| {
        object([("name", name.into()), ("description", text.into())])
    };
    Json::Array(vec![
        tag(
            SmileApi::NAME,
            "Smile API (smileapi.io): employment and income data.",
        ),
        tag(SmileIo::NAME, "Smile.io: loyalty."),
    ])
}

fn parameter(name: &'static str, pattern: &'static str, text: &'static str) -> Json {
    object([
        ("name", name.into()),
        ("in", "header".into()),
        ("required", Json::Bool(true)),
        ("description", text.into()),
        (
            "schema",
            object([("type", "string".into()), ("pattern", pattern.into())]),
        ),
    ])
}

fn json_content(schema: Json) -> Json {
    object([("application/json", object([("schema", schema)]))])
}

fn refer(section: &str, name: &str) -> Json {
    object([("$ref", format!("#/components/{section}/{name}").into())])
}
