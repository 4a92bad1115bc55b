use crate::model::{Date, DateTime, Number, RawJson, Text, object, open_enum};

object! {
    /// A merchant's customer (customer object).
    pub struct Customer<'a> {
        /// The customer, a 64-bit integer.
        id: Option<Number<'a>> = "id",
        /// The first name.
        first_name: Option<Text<'a>> = "first_name",
        /// The last name.
        last_name: Option<Text<'a>> = "last_name",
        /// The e-mail address. Not unique within an account.
        email: Option<Text<'a>> = "email",
        /// How far the customer is with the merchant's programme.
        state: Option<CustomerState<'a>> = "state",
        /// The birthday. The year 1004 stands for an unknown year.
        ///
        /// [`birthday`](Self::birthday) reads it.
        date_of_birth: Option<Date<'a>> = "date_of_birth",
        /// How many points the customer has, an integer.
        points_balance: Option<Number<'a>> = "points_balance",
        /// Where the customer sends friends to, `http` or `https`.
        referral_url: Option<Text<'a>> = "referral_url",
        /// The VIP tier, an integer. Deprecated by the vendor.
        vip_tier_id: Option<Number<'a>> = "vip_tier_id",
        /// How the customer stands with the VIP programme. The REST API sends it on demand only;
        /// whether webhooks carry it is not documented.
        vip_status: Option<Box<VipStatus<'a>>> = "vip_status",
        /// When the customer was made, UTC, with milliseconds.
        created_at: Option<DateTime<'a>> = "created_at",
        /// When the customer changed last, UTC, with milliseconds.
        updated_at: Option<DateTime<'a>> = "updated_at",
    }
}

impl Customer<'_> {
    /// The birthday. The vendor writes the year 1004 where it does not know the year, and then
    /// there is none.
    ///
    /// ```
    /// use smile_core::smile_io::data::Customer;
    /// use time::Month;
    ///
    /// let mut customer = Customer::default();
    /// customer.date_of_birth = Some("1004-02-29".into());
    /// assert_eq!(customer.birthday(), Some((None, Month::February, 29)));
    /// ```
    #[must_use]
    pub fn birthday(&self) -> Option<(Option<i32>, time::Month, u8)> {
        let day = self.date_of_birth.as_ref()?.to_date()?;
        let year = Some(day.year()).filter(|year| *year != UNKNOWN_YEAR);
        Some((year, day.month(), day.day()))
    }
}

open_enum! {
    /// How far a customer is with a merchant's programme.
    pub enum CustomerState<'a> {
        /// Not in it yet.
        Candidate = "candidate",
        /// In it.
        Member = "member",
        /// Shut out of it.
        Disabled = "disabled",
    }
}

object! {
    /// How a customer stands with a merchant's VIP programme (`vip_status` of the customer object).
    pub struct VipStatus<'a> {
        /// The tier, an integer.
        vip_tier_id: Option<Number<'a>> = "vip_tier_id",
        /// When the tier ends.
        vip_tier_expires_at: Option<DateTime<'a>> = "vip_tier_expires_at",
        /// How far the customer has come, in the programme's own measure.
        progress_value: Option<Number<'a>> = "progress_value",
        /// When the current period ends.
        current_vip_period_end: Option<DateTime<'a>> = "current_vip_period_end",
        /// What is missing to keep the tier; may be a fraction.
        delta_to_retain_vip_tier: Option<Number<'a>> = "delta_to_retain_vip_tier",
        /// The next tier, an integer.
        next_vip_tier_id: Option<Number<'a>> = "next_vip_tier_id",
        /// What is missing to the next tier; may be a fraction.
        delta_to_next_vip_tier: Option<Number<'a>> = "delta_to_next_vip_tier",
        /// The tier itself, which the REST API sends on demand.
        vip_tier: Option<RawJson<'a>> = "vip_tier",
        /// The next tier itself, which the REST API sends on demand.
        next_vip_tier: Option<RawJson<'a>> = "next_vip_tier",
    }
}

const UNKNOWN_YEAR: i32 = 1004;

#[cfg(test)]
mod tests {
    use time::Month;

    use super::*;

    #[test]
    fn the_year_1004_is_no_year() {
        for (text, expected) in [
            ("1004-12-24", Some((None, Month::December, 24))),
            ("1985-12-24", Some((Some(1985), Month::December, 24))),
            ("24.12.1985", None),
        ] {
            let customer = Customer {
                date_of_birth: Some(text.into()),
                ..Customer::default()
            };
            assert_eq!(customer.birthday(), expected, "{text}");
        }
    }
}
