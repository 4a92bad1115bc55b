use crate::model::{Date, Number, Text, object};

object! {
    /// Money that moved (`TransactionPayload`).
    pub struct Transaction<'a> {
        /// The transaction, `t-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// The day.
        date: Option<Date<'a>> = "date",
        /// ISO 4217, such as `PHP`.
        currency: Option<Text<'a>> = "currency",
        /// The amount, in major units of `currency`; negative where money left.
        amount: Option<Number<'a>> = "amount",
        /// What it was for.
        description: Option<Text<'a>> = "description",
        /// The number of the transaction at the provider.
        reference_id: Option<Text<'a>> = "referenceId",
    }
}
