use crate::model::{Number, Text};

use super::account_event;

account_event! {
    /// Identity data of a user was added (`IdentityAddedEvent`).
    pub struct IdentityAdded<'a> {
        /// The identity, `i-..`; opaque.
        identity_id: Option<Text<'a>> = "identityId",
    }
}

account_event! {
    /// Rating data of a user was added (`RatingAddedEvent`).
    pub struct RatingAdded<'a> {
        /// The rating, `r-..`; opaque.
        rating_id: Option<Text<'a>> = "ratingId",
    }
}

account_event! {
    /// Insights were computed from a user's data (`InsightAddedEvent`).
    pub struct InsightAdded<'a> {
        /// The insight, `insight-..`; opaque.
        id: Option<Text<'a>> = "id",
    }
}

account_event! {
    /// Links of a user to other tenants of the vendor were found (`LinkAddedEvent`).
    ///
    /// The schema's own example has a `ratingId` in place of the `id`; that is found in `unknown`.
    pub struct LinkAdded<'a> {
        /// The link, `link-..`; opaque.
        id: Option<Text<'a>> = "id",
    }
}

/// The events that say how many datapoints of a kind were added.
macro_rules! counted {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {$(
        account_event! {
            $(#[doc = $doc])*
            pub struct $name<'a> {
                /// How many were added.
                count: Option<Number<'a>> = "count",
            }
        }
    )*};
}

counted! {
    /// Transactions of a user were added (`TransactionsAddedEvent`).
    TransactionsAdded,
    /// Documents of a user were added (`DocumentsAddedEvent`).
    DocumentsAdded,
    /// Employments of a user were added (`EmploymentsAddedEvent`).
    EmploymentsAdded,
    /// Incomes of a user were added (`IncomesAddedEvent`).
    IncomesAdded,
    /// Social security contributions of a user were added (`ContributionsAddedEvent`).
    ContributionsAdded,
    /// Incomes of a user were estimated from other data (`EincomesAddedEvent`).
    EincomesAdded,
    /// Liabilities of a user were added (`LiabilitiesAddedEvent`).
    LiabilitiesAdded,
}
