use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use crate::model::{Context, DateTime, IntoOwned, Number, Presence, Read, Text, Unknown, object};

object! {
    /// What the vendor computed from a user's data (`InsightPayload`).
    pub struct Insight<'a> {
        /// The insight, `insight-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// Up to when data was taken into account, UTC.
        cutoff_time: Option<DateTime<'a>> = "cutoffTime",
        /// The figures.
        features: Option<Features<'a>> = "features",
    }
}

/// Named figures (`ObjectFeature`), in the order in which they came.
///
/// The vendor adds figures, so this is an open map: [`get`](Self::get) finds any, and there is a
/// method for each of the 84 that are documented. The vendor has no `null` here; it sends -999 and
/// -998, which come out as [`Outcome::NoData`] and [`Outcome::CalculationFailed`] (insights page).
///
/// ```
/// use smile_core::smile_api::data::{Features, Outcome};
///
/// let features: Features<'_> =
///     serde_json::from_str(r#"{"incomes_count": 12, "identity_age": -999}"#)?;
/// assert_eq!(features.incomes_count().value().and_then(|count| count.to_i64()), Some(12));
/// assert_eq!(features.identity_age(), Outcome::NoData);
/// assert_eq!(features.incomes_amount_sum(), Outcome::Absent);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Features<'a>(Unknown<'a>);

impl<'a> Features<'a> {
    /// The JSON text of a figure.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.get(name)
    }

    /// A figure that is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Outcome<Number<'_>> {
        self.outcome(name)
    }

    /// A figure that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Outcome<Text<'_>> {
        self.outcome(name)
    }

    /// The figures in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a figure. Of repeated names the first counts.
    pub fn push(&mut self, name: impl Into<Cow<'a, str>>, value: Cow<'a, RawValue>) {
        self.0.push(name, value);
    }

    /// Copies what is borrowed.
    #[must_use]
    pub fn into_owned(self) -> Features<'static> {
        Features(self.0.into_owned())
    }

    fn outcome<'f, T: Deserialize<'f>>(&'f self, name: &str) -> Outcome<T> {
        let Some(raw) = self
            .get(name)
            .map(RawValue::get)
            .filter(|raw| *raw != "null")
        else {
            return Outcome::Absent;
        };
        match serde_json::from_str::<Number<'_>>(raw)
            .ok()
            .and_then(|number| number.to_i64())
        {
            Some(NO_DATA) => Outcome::NoData,
            Some(CALCULATION_FAILED) => Outcome::CalculationFailed,
            _ => serde_json::from_str(raw).map_or(Outcome::Unexpected, Outcome::Value),
        }
    }
}

macro_rules! features {
    ($($(#[doc = $doc:literal])* $name:ident: $kind:ident -> $ty:ident,)*) => {
        impl Features<'_> {
            /// The names of the figures that the vendor documents.
            pub const DOCUMENTED: &'static [&'static str] = &[$(stringify!($name)),*];

            $(
                $(#[doc = $doc])*
                #[must_use]
                pub fn $name(&self) -> Outcome<$ty<'_>> {
                    self.$kind(stringify!($name))
                }
            )*
        }

        #[cfg(feature = "schema")]
        impl crate::model::Describe for Features<'_> {
            const TYPE: crate::model::Type = crate::model::Type::Named(&crate::model::Definition {
                name: "Features",
                doc: &[" Named figures. -999 stands for no data, -998 for a failed calculation."],
                kind: crate::model::Kind::Figures(&[$(
                    crate::model::Value { name: stringify!($name), doc: &[$($doc),*] },
                )*]),
            });
        }
    };
}

features! {
    /// `EMPLOYED`, `GIG` or `UNEMPLOYED`.
    employments_current_status: text -> Text,
    /// How many incomes there are.
    incomes_count: number -> Number,
    /// How many months ago the first income was.
    incomes_first_income_month_range: number -> Number,
    /// The longest run of months without an income.
    incomes_missing_month_max: number -> Number,
    /// How many months are without an income.
    incomes_missing_month_count: number -> Number,
    /// The first income.
    incomes_starting_amount: number -> Number,
    /// The latest income.
    incomes_current_amount: number -> Number,
    /// The growth of the latest income.
    incomes_latest_growth: number -> Number,
    /// The sum of all incomes.
    incomes_amount_sum: number -> Number,
    /// The average of all incomes.
    incomes_amount_average: number -> Number,
    /// The smallest of all incomes.
    incomes_amount_min: number -> Number,
    /// The largest of all incomes.
    incomes_amount_max: number -> Number,
    /// The median of all incomes.
    incomes_amount_median: number -> Number,
    /// The standard deviation of all incomes.
    incomes_amount_std: number -> Number,
    /// The sum of the incomes of the last 3 months.
    incomes_last3_months_amount_sum: number -> Number,
    /// The average of the incomes of the last 3 months.
    incomes_last3_months_amount_average: number -> Number,
    /// The smallest of the incomes of the last 3 months.
    incomes_last3_months_amount_min: number -> Number,
    /// The largest of the incomes of the last 3 months.
    incomes_last3_months_amount_max: number -> Number,
    /// The median of the incomes of the last 3 months.
    incomes_last3_months_amount_median: number -> Number,
    /// The standard deviation of the incomes of the last 3 months.
    incomes_last3_months_amount_std: number -> Number,
    /// The sum of the incomes of the last 6 months.
    incomes_last6_months_amount_sum: number -> Number,
    /// The average of the incomes of the last 6 months.
    incomes_last6_months_amount_average: number -> Number,
    /// The smallest of the incomes of the last 6 months.
    incomes_last6_months_amount_min: number -> Number,
    /// The largest of the incomes of the last 6 months.
    incomes_last6_months_amount_max: number -> Number,
    /// The median of the incomes of the last 6 months.
    incomes_last6_months_amount_median: number -> Number,
    /// The standard deviation of the incomes of the last 6 months.
    incomes_last6_months_amount_std: number -> Number,
    /// The sum of the incomes of the last 9 months.
    incomes_last9_months_amount_sum: number -> Number,
    /// The average of the incomes of the last 9 months.
    incomes_last9_months_amount_average: number -> Number,
    /// The smallest of the incomes of the last 9 months.
    incomes_last9_months_amount_min: number -> Number,
    /// The largest of the incomes of the last 9 months.
    incomes_last9_months_amount_max: number -> Number,
    /// The median of the incomes of the last 9 months.
    incomes_last9_months_amount_median: number -> Number,
    /// The standard deviation of the incomes of the last 9 months.
    incomes_last9_months_amount_std: number -> Number,
    /// The sum of the incomes of the last 12 months.
    incomes_last12_months_amount_sum: number -> Number,
    /// The average of the incomes of the last 12 months.
    incomes_last12_months_amount_average: number -> Number,
    /// The smallest of the incomes of the last 12 months.
    incomes_last12_months_amount_min: number -> Number,
    /// The largest of the incomes of the last 12 months.
    incomes_last12_months_amount_max: number -> Number,
    /// The median of the incomes of the last 12 months.
    incomes_last12_months_amount_median: number -> Number,
    /// The standard deviation of the incomes of the last 12 months.
    incomes_last12_months_amount_std: number -> Number,
    /// The sum of the incomes of the last 18 months.
    incomes_last18_months_amount_sum: number -> Number,
    /// The average of the incomes of the last 18 months.
    incomes_last18_months_amount_average: number -> Number,
    /// The smallest of the incomes of the last 18 months.
    incomes_last18_months_amount_min: number -> Number,
    /// The largest of the incomes of the last 18 months.
    incomes_last18_months_amount_max: number -> Number,
    /// The median of the incomes of the last 18 months.
    incomes_last18_months_amount_median: number -> Number,
    /// The standard deviation of the incomes of the last 18 months.
    incomes_last18_months_amount_std: number -> Number,
    /// How often the largest income of the last 18 months came.
    incomes_last18_months_max_amount_count: number -> Number,
    /// How many loans there are.
    liabilities_loan_count: number -> Number,
    /// How many loans are not paid back yet.
    liabilities_outstanding_loan_count: number -> Number,
    /// How many loans are overdue.
    liabilities_overdue_loan_count: number -> Number,
    /// How many loans are paid back; a count, declared as a number.
    liabilities_finished_loan_count: number -> Number,
    /// The smallest of the amounts of the loans.
    liabilities_loan_amount_min: number -> Number,
    /// The largest of the amounts of the loans.
    liabilities_loan_amount_max: number -> Number,
    /// The total of the amounts of the loans.
    liabilities_loan_amount_total: number -> Number,
    /// The average of the amounts of the loans.
    liabilities_loan_amount_average: number -> Number,
    /// The standard deviation of the amounts of the loans.
    liabilities_loan_amount_std: number -> Number,
    /// The largest of the amounts still to be paid back.
    liabilities_outstanding_amount_max: number -> Number,
    /// The total of the amounts still to be paid back.
    liabilities_outstanding_amount_total: number -> Number,
    /// The average of the amounts still to be paid back.
    liabilities_outstanding_amount_average: number -> Number,
    /// The total of the amounts overdue.
    liabilities_overdue_amount_total: number -> Number,
    /// The average of the amounts overdue.
    liabilities_overdue_amount_average: number -> Number,
    /// The sum of the instalments of running loans.
    liabilities_ongoing_amortization_amount_sum: number -> Number,
    /// The smallest of the instalments of running loans.
    liabilities_ongoing_amortization_amount_min: number -> Number,
    /// The largest of the instalments of running loans.
    liabilities_ongoing_amortization_amount_max: number -> Number,
    /// The average of the instalments of running loans.
    liabilities_ongoing_amortization_amount_average: number -> Number,
    /// The median of the instalments of running loans.
    liabilities_ongoing_amortization_amount_median: number -> Number,
    /// The standard deviation of the instalments of running loans.
    liabilities_ongoing_amortization_amount_std: number -> Number,
    /// How many payments were made on loans; a count, declared as a number.
    liabilities_payment_count: number -> Number,
    /// The largest of the payments made on loans.
    liabilities_payment_amount_max: number -> Number,
    /// The smallest of the payments made on loans.
    liabilities_payment_amount_min: number -> Number,
    /// The median of the payments made on loans.
    liabilities_payment_amount_median: number -> Number,
    /// The average of the payments made on loans.
    liabilities_payment_amount_average: number -> Number,
    /// The sum of the payments made on loans.
    liabilities_payment_amount_sum: number -> Number,
    /// The standard deviation of the payments made on loans.
    liabilities_payment_amount_std: number -> Number,
    /// How many employers there are.
    employments_employer_count: number -> Number,
    /// How long the current employment lasts.
    employments_current_tenure: number -> Number,
    /// The age of the user in years.
    identity_age: number -> Number,
    /// How many days ago the first link to another tenant was made.
    link_days_since_first: number -> Number,
    /// How many days ago the latest link to another tenant was made.
    link_days_since_last: number -> Number,
    /// How many links to other tenants were made in the last 3 days.
    link_day3_count: number -> Number,
    /// How many links to other tenants were made in the last 7 days.
    link_day7_count: number -> Number,
    /// How many links to other tenants were made in the last 30 days.
    link_day30_count: number -> Number,
    /// How many links to other tenants were made in the last 90 days.
    link_day90_count: number -> Number,
    /// How many links to other tenants were made in the last 180 days.
    link_day180_count: number -> Number,
    /// How many links to other tenants were made in the last 365 days.
    link_day365_count: number -> Number,
    /// How many links to other tenants were made in the last 730 days.
    link_day730_count: number -> Number,
}

/// What became of a figure.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome<T> {
    /// It is there.
    Value(T),
    /// -999: the vendor has no data for it, or you are not subscribed to it.
    NoData,
    /// -998: it could not be computed.
    CalculationFailed,
    /// It was not sent, or as `null`.
    Absent,
    /// It was sent in a form that the vendor does not document; [`Features::get`] has it.
    Unexpected,
}

impl<T> Outcome<T> {
    /// The figure, where it is there.
    #[must_use]
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }
}

impl IntoOwned for Features<'_> {
    type Owned = Features<'static>;

    fn into_owned(self) -> Features<'static> {
        Features::into_owned(self)
    }
}

impl fmt::Debug for Features<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Read<'de> for Features<'de> {
    const EXPECTED: &'static str = "an object";

    fn blank() -> Self {
        Self::default()
    }

    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        context: &Context,
    ) -> Result<Presence, D::Error> {
        self.0.read_into(deserializer, context)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Features<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Features::read::<D>(deserializer, &Context::default())
    }
}

impl Serialize for Features<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.write(&mut map)?;
        map.end()
    }
}

const NO_DATA: i64 = -999;
const CALCULATION_FAILED: i64 = -998;
