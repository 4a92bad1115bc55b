use crate::model::{DateTime, Number, Text};

use super::account_event;

/// The events that name the datapoints that changed.
macro_rules! updated_ids {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {$(
        account_event! {
            $(#[doc = $doc])*
            pub struct $name<'a> {
                /// How many changed; the schema's default is 0.
                count: Option<Number<'a>> = "count",
                /// Those that changed; opaque.
                updated_ids: Vec<Text<'a>> = "updatedIds",
                /// When they changed, UTC.
                updated_at: Option<DateTime<'a>> = "updatedAt",
            }
        }
    )*};
}

updated_ids! {
    /// Documents of a user changed (`DocumentsUpdatedEvent`).
    DocumentsUpdated,
    /// Employments of a user changed (`EmploymentsUpdatedEvent`).
    EmploymentsUpdated,
    /// Liabilities of a user changed (`LiabilitiesUpdatedEvent`).
    LiabilitiesUpdated,
}

/// The events that give the time span in which datapoints changed.
macro_rules! updated_range {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {$(
        account_event! {
            $(#[doc = $doc])*
            pub struct $name<'a> {
                /// How many changed; the schema's default is 0.
                count: Option<Number<'a>> = "count",
                /// The beginning of the time that the changed data covers, UTC.
                updated_from: Option<DateTime<'a>> = "updatedFrom",
                /// The end of that time, UTC.
                updated_to: Option<DateTime<'a>> = "updatedTo",
                /// When they changed, UTC.
                updated_at: Option<DateTime<'a>> = "updatedAt",
            }
        }
    )*};
}

updated_range! {
    /// Incomes of a user changed (`IncomesUpdatedEvent`).
    IncomesUpdated,
    /// Social security contributions of a user changed (`ContributionsUpdatedEvent`).
    ContributionsUpdated,
    /// Estimated incomes of a user changed (`EincomesUpdatedEvent`).
    EincomesUpdated,
}
