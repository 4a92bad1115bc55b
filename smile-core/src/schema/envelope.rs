//! The schemas of whole bodies: the data in its envelope.

use crate::model::EventDefinition;

use super::{
    described,
    json::{Json, object, texts},
    types::{Types, open_object},
};

/// The envelope of a vendor.
#[derive(Clone, Copy)]
pub(super) enum Frame {
    SmileApi,
    SmileIo,
}

impl Frame {
    /// The schema of an event's body.
    pub(super) fn body(self, event: &EventDefinition, types: &mut Types) -> Json {
        let name = object([("enum", texts(event.names.iter().copied()))]);
        let data = types.refer(event.data);
        let (required, members) = match self {
            Self::SmileApi => (
                &["id", "type"][..],
                object([
                    (
                        "id",
                        described(&[
                            "The event's id; opaque. Sent again, an event has the same id.",
                        ])
                        .and(object([("type", "string".into())])),
                    ),
                    (
                        "version",
                        described(&[
                            "The major version of the data's schema; 1 in all of the vendor's \
                             examples. Any other JSON counts as absent.",
                        ])
                        .and(object([("type", texts(["integer", "string", "null"]))])),
                    ),
                    ("type", described(&["What happened."]).and(name)),
                    (
                        "createdAt",
                        described(&["When the event was made. Any other JSON counts as absent."])
                            .and(object([
                                ("type", texts(["string", "null"])),
                                ("format", "date-time".into()),
                            ])),
                    ),
                    ("data", data),
                ]),
            ),
            Self::SmileIo => (
                &["topic"][..],
                object([
                    ("topic", described(&["What happened."]).and(name)),
                    (
                        "account_id",
                        described(&[
                            "The account of the merchant. Any other JSON counts as absent.",
                        ])
                        .and(object([("type", texts(["integer", "string", "null"]))])),
                    ),
                    ("data", data),
                ]),
            ),
        };
        described(event.doc)
            .and(open_object(["object"], members))
            .and(object([("required", texts(required.iter().copied()))]))
    }
}
