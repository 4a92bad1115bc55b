//! The answers of a receiver, from the table of refusals.

use std::collections::BTreeMap;

use crate::RejectionKind;

use super::json::{Json, object, texts};

/// Every answer, by its name under `components/responses`, and the status to which it belongs.
pub(super) fn answers() -> impl Iterator<Item = (String, String, Json)> {
    let taken = [
        ("Handled", "2XX", handled()),
        ("TakenBefore", "200", taken_before()),
        ("Failed", "default", failed()),
    ];
    let taken = taken
        .into_iter()
        .map(|(name, status, answer)| (name.to_owned(), status.to_owned(), answer));
    taken.chain(refusals().into_iter().map(|(status, kinds)| {
        (
            format!("Refused{status}"),
            status.to_string(),
            refused(&kinds),
        )
    }))
}

/// The schema of a refusal's body.
pub(super) fn problem() -> Json {
    let member = |kind: &'static str, text: &'static str| {
        object([("type", kind.into()), ("description", text.into())])
    };
    object([
        (
            "description",
            "A problem document (RFC 9457), the same text for every refusal of its kind.".into(),
        ),
        ("type", "object".into()),
        (
            "properties",
            object([
                (
                    "type",
                    member("string", "The address of the kind's documentation."),
                ),
                ("title", member("string", "The kind in words.")),
                ("status", member("integer", "The status of the answer.")),
            ]),
        ),
        ("required", texts(["type", "title", "status"])),
    ])
}

/// The kinds by their status. A webhook is always a POST, so it is never refused for its method.
fn refusals() -> BTreeMap<u16, Vec<RejectionKind>> {
    let mut refusals = BTreeMap::<_, Vec<_>>::new();
    let kinds = RejectionKind::ALL.iter();
    for kind in kinds.filter(|kind| **kind != RejectionKind::Method) {
        refusals.entry(kind.status()).or_default().push(*kind);
    }
    refusals
}

fn refused(kinds: &[RejectionKind]) -> Json {
    let titles: Vec<_> = kinds.iter().map(|kind| kind.title()).collect();
    let examples = kinds.iter().map(|kind| {
        let example = object([("value", Json::Raw(kind.document()))]);
        (kind.label(), example)
    });
    let content = object([(
        "application/problem+json",
        object([
            (
                "schema",
                object([("$ref", "#/components/schemas/Problem".into())]),
            ),
            ("examples", object(examples)),
        ]),
    )]);
    let fixed = kinds
        .iter()
        .filter_map(|kind| kind.header())
        .map(|(name, value)| {
            let schema = object([("const", value.into())]);
            (name, object([("schema", schema)]))
        });
    let is_retry = kinds.iter().any(|kind| kind.status() == 503);
    let retry = is_retry.then(|| {
        (
            "retry-after",
            header("integer", "Seconds until the next attempt."),
        )
    });
    let headers: Vec<_> = fixed.chain(retry).collect();
    let answer = object([("description", format!("{}.", titles.join(", or ")).into())]);
    let answer = if headers.is_empty() {
        answer
    } else {
        answer.and(object([("headers", object(headers))]))
    };
    answer.and(object([("content", content)]))
}

fn handled() -> Json {
    object([(
        "description",
        "The handler succeeded, or an inbox has stored the event; the vendor does not send it again."
            .into(),
    )])
}

fn taken_before() -> Json {
    let duplicate = header(
        "string",
        "`true` for an event that was handled or stored before.",
    );
    object([
        (
            "description",
            "The event was taken before, or is a ping.".into(),
        ),
        ("headers", object([("smile-duplicate", duplicate)])),
    ])
}

fn failed() -> Json {
    object([(
        "description",
        "The handler's own answer, where it failed; the vendor may send the event again.".into(),
    )])
}

fn header(kind: &'static str, text: &'static str) -> Json {
    object([
        ("description", text.into()),
        ("schema", object([("type", kind.into())])),
    ])
}
