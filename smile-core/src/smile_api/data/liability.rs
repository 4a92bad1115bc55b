use crate::model::{Date, Number, Text, object};

use super::PayPeriod;

object! {
    /// What a user owes (`LiabilityPayload`).
    pub struct Liability<'a> {
        /// The liability, `lia-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// What kind of debt it is, such as `Salary Loan`. The vendor documents no list of values.
        r#type: Option<Text<'a>> = "type",
        /// Its number at the provider.
        reference_id: Option<Text<'a>> = "referenceId",
        /// The first day.
        start_date: Option<Date<'a>> = "startDate",
        /// The last day.
        end_date: Option<Date<'a>> = "endDate",
        /// The day of the first instalment.
        first_amortization_date: Option<Date<'a>> = "firstAmortizationDate",
        /// How often instalments are due.
        amortization_frequency: Option<PayPeriod<'a>> = "amortizationFrequency",
        /// ISO 4217, such as `PHP`.
        currency: Option<Text<'a>> = "currency",
        /// The amount that was lent, in major units of `currency`.
        loan_amount: Option<Number<'a>> = "loanAmount",
        /// An instalment, in major units of `currency`.
        amortization_amount: Option<Number<'a>> = "amortizationAmount",
        /// What is left to pay, in major units of `currency`.
        outstanding_balance: Option<Number<'a>> = "outstandingBalance",
        /// The next instalment, in major units of `currency`.
        next_payment_amount: Option<Number<'a>> = "nextPaymentAmount",
        /// What should have been paid by now, in major units of `currency`.
        overdue_payment_amount: Option<Number<'a>> = "overduePaymentAmount",
    }
}
