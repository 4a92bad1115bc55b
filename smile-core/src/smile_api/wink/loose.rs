//! Arguments that the vendor's sources show in more than one shape.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::model::{Context, IntoOwned, Presence, RawJson, Read, Subject, Text, open_enum};

/// Makes the argument of a callback, kept as JSON of any shape.
macro_rules! loose {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name<'a>(Option<RawJson<'a>>);

        impl<'a> $name<'a> {
            /// The argument as sent, if there is one.
            #[must_use]
            pub fn raw(&self) -> Option<&RawJson<'a>> {
                self.0.as_ref()
            }

            /// Copies what is borrowed.
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

        #[cfg(feature = "schema")]
        impl crate::model::Describe for $name<'_> {
            const TYPE: crate::model::Type = crate::model::Type::Anything;
        }

        impl<'de> Read<'de> for $name<'de> {
            const EXPECTED: &'static str = "a value";
            const KEEPS_NULL: bool = true;

            fn blank() -> Self {
                Self::default()
            }

            fn read_into<D>(&mut self, deserializer: D, context: &Context) -> Result<Presence, D::Error>
            where
                D: Deserializer<'de>,
            {
                self.0.read_into(deserializer, context)
            }
        }

        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $name::read(deserializer, &Context::default())
            }
        }

        impl Serialize for $name<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl Subject for $name<'_> {}
    };
}

loose! {
    /// The argument of `onTokenExpired`. The vendor documents none; an older sample has one.
    TokenExpired
}

loose! {
    /// The argument of `onClose`. Older pages document none. Newer pages document a reason: a
    /// string on one page, a member of an object on the others.
    Closed
}

impl Closed<'_> {
    /// Makes the form that newer pages document, for tests.
    #[must_use]
    pub fn with_reason(reason: &CloseReason<'_>) -> Closed<'static> {
        let json = serde_json::json!({ "reason": reason.as_str() }).to_string();
        Closed(RawValue::from_string(json).ok().map(RawJson::from))
    }

    /// Why the widget was closed.
    #[must_use]
    pub fn reason(&self) -> Option<CloseReason<'static>> {
        let raw = self.0.as_ref()?.get();
        let members;
        let reason = if raw.starts_with('{') {
            members = serde_json::from_str::<HashMap<String, &RawValue>>(raw).ok()?;
            members.get("reason")?.get()
        } else {
            raw
        };
        let text = serde_json::from_str::<Text<'_>>(reason).ok()?;
        Some(CloseReason::from(text.into_owned()))
    }
}

open_enum! {
    /// Why the widget was closed.
    pub enum CloseReason<'a> {
        /// By its close icon.
        Close = "close",
        /// By the button of its last page, after everything went well.
        Exit = "exit",
        /// By the button of its error page.
        Error = "error",
    }
}

/// The JSON itself, or the JSON inside a string.
pub(super) fn unwrapped<'a>(raw: &'a RawJson<'_>) -> Option<RawJson<'a>> {
    let json = raw.get();
    if json == "null" {
        return None;
    }
    let Ok(text) = serde_json::from_str::<String>(json) else {
        return Some(raw.as_raw_value().into());
    };
    let inner = RawValue::from_string(text)
        .ok()
        .filter(|inner| inner.get() != "null")?;
    Some(inner.into())
}
