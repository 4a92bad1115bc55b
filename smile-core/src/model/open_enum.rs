use std::fmt;

use super::{IntoOwned, Text};

/// A value that this version has no name for, as the vendor sent it.
///
/// Only reading makes one, so it never holds a value that its enum knows.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnknownName<'a>(pub(super) Text<'a>);

impl<'a> UnknownName<'a> {
    pub(crate) fn new(text: Text<'a>) -> Self {
        Self(text)
    }

    /// The value as sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn as_text(&self) -> &Text<'a> {
        &self.0
    }
}

impl IntoOwned for UnknownName<'_> {
    type Owned = UnknownName<'static>;

    fn into_owned(self) -> UnknownName<'static> {
        UnknownName(self.0.into_owned())
    }
}

impl fmt::Display for UnknownName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for UnknownName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Makes an enum of the values that the vendor documents, with `Other` for the rest.
///
/// The vendor adds values without a new version ("API versioning" of its documentation), so `Other`
/// keeps a value that is not in the table, and serialises it as sent.
macro_rules! open_enum {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident<$lt:lifetime> {
            $($(#[doc = $variant_doc:literal])* $variant:ident = $wire:literal,)+
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name<$lt> {
            $($(#[doc = $variant_doc])* $variant,)+
            /// A value that this version has no name for.
            Other($crate::model::UnknownName<$lt>),
        }

        impl $name<'_> {
            /// The values that the vendor documents.
            pub const DOCUMENTED: &'static [&'static str] = &[$($wire),+];

            /// The value as the vendor writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)+
                    Self::Other(name) => name.as_str(),
                }
            }

            /// Copies an unknown value where it is borrowed.
            #[must_use]
            pub fn into_owned(self) -> $name<'static> {
                match self {
                    $(Self::$variant => $name::$variant,)+
                    Self::Other(name) => {
                        $name::Other($crate::model::IntoOwned::into_owned(name))
                    }
                }
            }
        }

        #[cfg(feature = "schema")]
        impl $crate::model::Describe for $name<'_> {
            const TYPE: $crate::model::Type = $crate::model::Type::Named(&$crate::model::Definition {
                name: stringify!($name),
                doc: &[$($doc),*],
                kind: $crate::model::Kind::OpenEnum(&[$(
                    $crate::model::Value { name: $wire, doc: &[$($variant_doc),*] },
                )+]),
            });
        }

        impl $crate::model::IntoOwned for $name<'_> {
            type Owned = $name<'static>;

            fn into_owned(self) -> $name<'static> {
                $name::into_owned(self)
            }
        }

        impl<$lt> From<$crate::model::Text<$lt>> for $name<$lt> {
            #[inline]
            fn from(text: $crate::model::Text<$lt>) -> Self {
                match text.as_str() {
                    $($wire => Self::$variant,)+
                    _ => Self::Other($crate::model::UnknownName::new(text)),
                }
            }
        }

        impl<$lt> From<&$lt str> for $name<$lt> {
            fn from(text: &$lt str) -> Self {
                $crate::model::Text::from(text).into()
            }
        }

        impl From<String> for $name<'_> {
            fn from(text: String) -> Self {
                $crate::model::Text::from(text).into()
            }
        }

        impl ::std::fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self.as_str(), f)
            }
        }

        impl<$lt> $crate::model::Read<$lt> for $name<$lt> {
            const EXPECTED: &'static str = "a string";

            #[inline]
            fn blank() -> Self {
                Self::Other($crate::model::UnknownName::new($crate::model::Text::default()))
            }

            #[inline]
            fn read_into<D>(
                &mut self,
                deserializer: D,
                context: &$crate::model::Context,
            ) -> Result<$crate::model::Presence, D::Error>
            where
                D: ::serde::Deserializer<$lt>,
            {
                let mut text = $crate::model::Text::default();
                let presence = text.read_into::<D>(deserializer, context)?;
                *self = text.into();
                Ok(presence)
            }
        }

        impl<'de: $lt, $lt> ::serde::Deserialize<'de> for $name<$lt> {
            fn deserialize<D: ::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                <$name<'de> as $crate::model::Read<'de>>::read::<D>(d, &$crate::model::Context::default())
            }
        }

        impl ::serde::Serialize for $name<'_> {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    Self::Other(name) => name.as_text().serialize(serializer),
                    known => serializer.serialize_str(known.as_str()),
                }
            }
        }
    };
}

pub(crate) use open_enum;
