use crate::model::{DateTime, Number, Text, object};

object! {
    /// How often a user linked accounts with other tenants of the vendor (`LinkPayload`).
    pub struct Link<'a> {
        /// The link, `link-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// The beginning of the time that was looked at; a moment, though its name says day.
        start_date: Option<DateTime<'a>> = "startDate",
        /// The end of that time; a moment, though its name says day.
        end_date: Option<DateTime<'a>> = "endDate",
        /// What was found.
        records: Vec<LinkRecord<'a>> = "records",
    }
}

object! {
    /// The links with one other tenant (`LinkPayload.records`).
    pub struct LinkRecord<'a> {
        /// How many there are.
        count: Option<Number<'a>> = "count",
        /// When they were made, UTC.
        linked_at: Vec<DateTime<'a>> = "linkedAt",
    }
}
