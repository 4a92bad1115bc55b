use crate::model::{Date, Month, Number, Text, object, open_enum};

object! {
    /// A payment to a user (`IncomePayload`).
    pub struct Income<'a> {
        /// The income, `inc-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// What it was paid for.
        work_item: Option<Text<'a>> = "workItem",
        /// Who paid it.
        employer: Option<Text<'a>> = "employer",
        /// The first day of the time that it covers.
        start_date: Option<Date<'a>> = "startDate",
        /// The last day of the time that it covers.
        end_date: Option<Date<'a>> = "endDate",
        /// ISO 4217, such as `PHP`.
        currency: Option<Text<'a>> = "currency",
        /// How often it is paid.
        frequency: Option<PayPeriod<'a>> = "frequency",
        /// Without extras, in major units of `currency`.
        base_amount: Option<Number<'a>> = "baseAmount",
        /// Before deductions, in major units of `currency`.
        gross_amount: Option<Number<'a>> = "grossAmount",
        /// After deductions, in major units of `currency`.
        net_amount: Option<Number<'a>> = "netAmount",
    }
}

open_enum! {
    /// How often something is paid (`IncomePayload.frequency`, `LiabilityPayload`).
    pub enum PayPeriod<'a> {
        /// Each hour.
        Hourly = "Hourly",
        /// Each day.
        Daily = "Daily",
        /// Each week.
        Weekly = "Weekly",
        /// Twice a month.
        Semimonthly = "Semimonthly",
        /// Each month.
        Monthly = "Monthly",
        /// Every second month.
        Bimonthly = "Bimonthly",
        /// Each quarter of a year.
        Quarterly = "Quarterly",
        /// Each year.
        Annually = "Annually",
        /// Now and then.
        Variable = "Variable",
        /// Not known.
        Unspecified = "Unspecified",
    }
}

object! {
    /// What a user earned in a month, estimated from other data (`EincomePayload`).
    pub struct Eincome<'a> {
        /// The estimated income, `einc-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// The month.
        month: Option<Month<'a>> = "month",
        /// ISO 4217, such as `PHP`.
        currency: Option<Text<'a>> = "currency",
        /// The amount under its old name. Deprecated by the vendor.
        base_amount: Option<Number<'a>> = "baseAmount",
        /// The amount, in major units of `currency`.
        amount: Option<Number<'a>> = "amount",
    }
}

object! {
    /// A payment to social security (`ContributionPayload`).
    pub struct Contribution<'a> {
        /// The contribution, `con-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// The day of the payment.
        date: Option<Date<'a>> = "date",
        /// ISO 4217, such as `PHP`.
        currency: Option<Text<'a>> = "currency",
        /// The amount, in major units of `currency`.
        amount: Option<Number<'a>> = "amount",
        /// The number of the payment at the provider.
        reference_id: Option<Text<'a>> = "referenceId",
    }
}
