use std::{
    error, fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::value::RawValue;

use super::{Context, IntoOwned, Presence, Read, scalar::Scalar};

/// A number with the digits that the vendor sent.
///
/// Amounts of money must not pass through a float, so nothing is rounded: `1375.0`, `-25.5000` and
/// `3` are read, compared and serialised as sent. [`parse`](Self::parse) makes the decimal type of
/// your choice. A string that holds a number is accepted, too, and stays a string.
///
/// Two numbers are equal when their digits are: `3` and `3.0` are not, though
/// [`to_i64`](Self::to_i64) gives 3 for both.
///
/// ```
/// use smile_core::model::Number;
///
/// let amount: Number<'_> = serde_json::from_str("-25.5000")?;
/// assert_eq!(amount.as_str(), "-25.5000");
/// assert_eq!(amount.to_f64(), -25.5);
/// assert_eq!(serde_json::to_string(&amount)?, "-25.5000");
/// assert_eq!(serde_json::from_str::<Number<'_>>("3.0")?.to_i64(), Some(3));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Number<'a>(Scalar<'a>);

impl<'a> Number<'a> {
    /// Takes the digits of a number: an optional minus, digits, an optional fraction and exponent.
    ///
    /// # Errors
    ///
    /// [`NotANumber`] for any other text.
    pub fn new(digits: &'a str) -> Result<Self, NotANumber> {
        if is_json_number(digits) {
            Ok(Self(Scalar::Digits(digits)))
        } else {
            Err(NotANumber)
        }
    }

    /// The digits as sent.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether a JSON string was sent in place of a number.
    #[must_use]
    pub fn is_text(&self) -> bool {
        !self.0.is_number()
    }

    /// The nearest float. For money, use [`parse`](Self::parse) with a decimal type.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.as_str().parse().unwrap_or(f64::NAN)
    }

    /// The integer, if the number is one and fits: `3`, `3.0` and `3e0` do.
    #[must_use]
    pub fn to_i64(&self) -> Option<i64> {
        let digits = self.as_str();
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (digits, 0),
        };
        let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let fraction = fraction.trim_end_matches('0');
        if exponent == 0 {
            return if fraction.is_empty() {
                integer.parse().ok()
            } else {
                None
            };
        }
        shifted(integer, fraction, exponent)
    }

    /// Parses the digits as another type, such as a decimal type that keeps them all.
    ///
    /// # Errors
    ///
    /// The error of that type's `FromStr`.
    pub fn parse<T: FromStr>(&self) -> Result<T, T::Err> {
        self.as_str().parse()
    }

    /// Copies the digits where they are borrowed.
    #[must_use]
    pub fn into_owned(self) -> Number<'static> {
        Number(self.0.into_owned())
    }
}

impl IntoOwned for Number<'_> {
    type Owned = Number<'static>;

    fn into_owned(self) -> Number<'static> {
        Number::into_owned(self)
    }
}

impl FromStr for Number<'static> {
    type Err = NotANumber;

    fn from_str(digits: &str) -> Result<Self, NotANumber> {
        Number::new(digits).map(Number::into_owned)
    }
}

impl TryFrom<f64> for Number<'_> {
    type Error = NotANumber;

    fn try_from(float: f64) -> Result<Self, NotANumber> {
        if float.is_finite() {
            Ok(Self(Scalar::OwnedDigits(float.to_string().into())))
        } else {
            Err(NotANumber)
        }
    }
}

macro_rules! from_integer {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Number<'_> {
            fn from(integer: $integer) -> Self {
                Self(Scalar::OwnedDigits(integer.to_string().into()))
            }
        }
    )*};
}

from_integer!(i32 i64 u32 u64);

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Number<'_> {}

impl Hash for Number<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Read<'de> for Number<'de> {
    const EXPECTED: &'static str = "a number";

    #[inline]
    fn blank() -> Self {
        Self(Scalar::Digits("0"))
    }

    #[inline]
    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        context: &Context,
    ) -> Result<Presence, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        let presence = self.0.take_raw(raw, Self::EXPECTED, context)?;
        if self.0.is_number() || is_decimal(self.as_str()) {
            Ok(presence)
        } else {
            Err(D::Error::custom(
                "expected a number, found a string that holds none",
            ))
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Number<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Number::read::<D>(deserializer, &Context::default())
    }
}

impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotANumber;

impl fmt::Display for NotANumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a decimal number")
    }
}

impl error::Error for NotANumber {}

/// The integer after the exponent has moved the decimal point.
fn shifted(integer: &str, fraction: &str, exponent: i32) -> Option<i64> {
    let mut digits = [integer, fraction].concat();
    let places = i64::try_from(fraction.len()).ok()?;
    let zeros = i64::from(exponent).checked_sub(places)?;
    if !digits
        .bytes()
        .any(|digit| digit.is_ascii_digit() && digit != b'0')
    {
        return Some(0);
    }
    if zeros < 0 {
        let cut = usize::try_from(-zeros).ok()?;
        let kept = digits.len().checked_sub(cut)?;
        let (kept, dropped) = digits.split_at(kept);
        let whole = dropped.bytes().all(|digit| digit == b'0');
        return if whole { kept.parse().ok() } else { None };
    }
    // An i64 has 19 digits; more zeros than that can only overflow.
    let zeros = usize::try_from(zeros).ok().filter(|zeros| *zeros < 20)?;
    digits.extend(std::iter::repeat_n('0', zeros));
    digits.parse().ok()
}

/// Whether the text is a JSON number, except that it may have leading zeros, as in strings.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (integer, fraction) = match mantissa.split_once('.') {
        Some((integer, fraction)) => (integer, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    are_digits(integer) && fraction.is_none_or(are_digits) && exponent.is_none_or(are_digits)
}

fn is_json_number(text: &str) -> bool {
    let integer = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = matches!(integer.as_bytes(), [b'0', b'0'..=b'9', ..]);
    is_decimal(text) && !leading_zero
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_count_as_integers_however_they_are_written() {
        for (digits, expected) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("3", Some(3)),
            ("3.0", Some(3)),
            ("-999.000", Some(-999)),
            ("3e2", Some(300)),
            ("1.5e1", Some(15)),
            ("1500e-2", Some(15)),
            ("1.25e1", None),
            ("0.0e-400", Some(0)),
            ("1e400", None),
            ("5e-400", None),
            ("3.5", None),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("-12e-1", None),
        ] {
            let number = Number::new(digits).unwrap();
            assert_eq!(number.to_i64(), expected, "{digits}");
        }
    }

    #[test]
    fn digits_are_kept_whatever_their_form() {
        for json in [
            "1375.0",
            "-25.5000",
            "3",
            "-0",
            "1e3",
            "\"007.50\"",
            "\"12\"",
            "0.1",
        ] {
            let number: Number<'_> = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&number).unwrap(), json);
        }
    }

    #[test]
    fn strings_that_hold_no_number_are_refused_without_being_printed() {
        for json in [
            "\"\"", "\"N/A\"", "\"1,5\"", "\"-\"", "\"1.\"", "\"+1\"", "\" 1\"",
        ] {
            let err = serde_json::from_str::<Number<'_>>(json).unwrap_err();
            assert!(
                err.to_string()
                    .starts_with("expected a number, found a string that holds none")
            );
        }
    }

    #[test]
    fn numbers_are_made_from_digits_only() {
        for digits in ["01", "", "-", "1.", ".5", "NaN", "0x1", "1e", "--1"] {
            assert_eq!(Number::new(digits), Err(NotANumber), "{digits}");
        }
        assert_eq!(Number::from(7_u64).as_str(), "7");
        assert_eq!(Number::try_from(f64::INFINITY), Err(NotANumber));
    }
}
