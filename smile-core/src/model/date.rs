use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Context, IntoOwned, Presence, Read, Text};

macro_rules! dated {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Eq, Hash)]
        pub struct $name<'a>(Text<'a>);

        impl $name<'_> {
            /// The text as sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// Copies the text where it is borrowed.
            #[must_use]
            pub fn into_owned(self) -> $name<'static> {
                $name(self.0.into_owned())
            }
        }

        impl IntoOwned for $name<'_> {
            type Owned = $name<'static>;

            fn into_owned(self) -> $name<'static> {
                $name::into_owned(self)
            }
        }

        impl<'a> From<&'a str> for $name<'a> {
            fn from(text: &'a str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name<'_> {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl PartialEq<str> for $name<'_> {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name<'_> {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl<'de> Read<'de> for $name<'de> {
            const EXPECTED: &'static str = <Text<'de> as Read<'de>>::EXPECTED;

            #[inline]
            fn blank() -> Self {
                Self(Text::blank())
            }

            #[inline]
            fn read_into<D>(
                &mut self,
                deserializer: D,
                context: &Context,
            ) -> Result<Presence, D::Error>
            where
                D: Deserializer<'de>,
            {
                self.0.read_into::<D>(deserializer, context)
            }
        }

        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $name::read::<D>(deserializer, &Context::default())
            }
        }

        impl Serialize for $name<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }
    };
}

dated! {
    /// A day, `yyyy-MM-dd` by the vendor's format table. Any text is kept.
    ///
    /// ```
    /// use smile_core::model::Date;
    ///
    /// let day = Date::from("2023-10-31").to_date().expect("a day");
    /// assert_eq!((day.year(), day.day()), (2023, 31));
    /// assert_eq!(Date::from("31/10/2023").to_date(), None);
    /// ```
    Date
}

impl Date<'_> {
    /// The day, if the text is one.
    #[must_use]
    pub fn to_date(&self) -> Option<time::Date> {
        let (month, day) = self.as_str().rsplit_once('-')?;
        let (year, month) = year_and_month(month)?;
        time::Date::from_calendar_date(year, month, digits(day, 2)?).ok()
    }
}

dated! {
    /// A moment, `yyyy-MM-ddTHH:mm:ssZ` by the vendor's format table. Any text is kept; fractions
    /// of seconds and other offsets parse, too.
    ///
    /// ```
    /// use smile_core::model::DateTime;
    ///
    /// let moment = DateTime::from("2021-04-14T09:30:24Z").to_date_time().expect("a moment");
    /// assert_eq!(moment.unix_timestamp(), 1_618_392_624);
    /// assert_eq!(DateTime::from("yesterday").to_date_time(), None);
    /// ```
    DateTime
}

impl DateTime<'_> {
    /// The moment, if the text is one.
    #[must_use]
    pub fn to_date_time(&self) -> Option<OffsetDateTime> {
        OffsetDateTime::parse(self.as_str(), &Rfc3339).ok()
    }
}

dated! {
    /// A month, `yyyy-MM` by the vendor's format table. Any text is kept.
    ///
    /// ```
    /// use smile_core::model::Month;
    ///
    /// assert_eq!(Month::from("2023-10").to_month(), Some((2023, time::Month::October)));
    /// assert_eq!(Month::from("October").to_month(), None);
    /// ```
    Month
}

impl Month<'_> {
    /// Year and month, if the text is a month.
    #[must_use]
    pub fn to_month(&self) -> Option<(i32, time::Month)> {
        year_and_month(self.as_str())
    }
}

fn year_and_month(text: &str) -> Option<(i32, time::Month)> {
    let (year, month) = text.split_once('-')?;
    let month = digits::<u8>(month, 2)?;
    Some((digits(year, 4)?, time::Month::try_from(month).ok()?))
}

/// A number of exactly `count` digits; `parse` alone would also accept a sign.
fn digits<T: std::str::FromStr>(text: &str, count: usize) -> Option<T> {
    let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_day_is_kept() {
        for text in [
            "",
            "2023-13-01",
            "2023-02-29",
            "2023-1-1",
            "2023-10-31T00:00:00Z",
            "-2023-10-1",
        ] {
            assert_eq!(Date::from(text).to_date(), None, "{text}");
            assert_eq!(Date::from(text).as_str(), text);
        }
    }

    #[test]
    fn moments_may_have_fractions_and_offsets() {
        for text in ["2024-04-04T15:10:42.030Z", "2024-04-04T23:10:42.030+08:00"] {
            let moment = DateTime::from(text).to_date_time().unwrap();
            assert_eq!(moment.unix_timestamp(), 1_712_243_442, "{text}");
        }
    }
}
