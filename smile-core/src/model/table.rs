//! The macro that makes a vendor's event names and typed data from one table.

/// Makes the enum of names and the enum of data.
///
/// A row is `Variant = "WIRE_NAME": Struct` with an optional old spelling, `| "OLD_NAME"`. The
/// struct comes from `object!` and implements `Subject`.
///
/// With `vendor Type;` in front, each struct is the data of one event of that vendor.
macro_rules! event_table {
    (vendor $Vendor:ty; $($table:tt)+) => {
        $crate::model::event_table! { $($table)+ }
        $crate::model::event_data! { $Vendor; $($table)+ }
    };
    (
        $(#[$name_meta:meta])*
        names $Name:ident, $UnknownName:ident as $accessor:ident;
        $(#[$data_meta:meta])*
        data $Data:ident, $OtherData:ident in $member:literal;
        $($(#[doc = $doc:literal])* $variant:ident = $wire:literal $(| $alias:literal)?: $Struct:ident,)+
    ) => {
        $(#[$name_meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $Name {
            $($(#[doc = $doc])* #[doc = concat!("\n\nOn the wire: `", $wire, "`.")] $variant,)+
            /// A name that this version does not know, kept as it was sent.
            Other($UnknownName),
        }

        impl $Name {
            /// All that this version knows.
            pub const ALL: [Self; [$($wire),+].len()] = [$(Self::$variant),+];

            /// The name as the vendor writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)+
                    Self::Other(name) => name.as_str(),
                }
            }

            /// Looks a name up, and returns the old spelling if that was used.
            pub(crate) fn recognise(name: &str) -> (Self, Option<&'static str>) {
                match name {
                    $(
                        $wire => (Self::$variant, None),
                        $($alias => (Self::$variant, Some($alias)),)?
                    )+
                    _ => (Self::Other($UnknownName(name.into())), None),
                }
            }
        }

        impl From<&str> for $Name {
            fn from(name: &str) -> Self {
                Self::recognise(name).0
            }
        }

        impl ::std::fmt::Display for $Name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self.as_str(), f)
            }
        }

        impl ::serde::Serialize for $Name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $Name {
            fn deserialize<D: ::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let name = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(d)?;
                Ok(Self::from(&*name))
            }
        }

        /// A name that this version does not know.
        ///
        /// Only a look-up makes one, so it never holds a known name.
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $UnknownName(Box<str>);

        impl $UnknownName {
            /// The name as sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $UnknownName {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::std::fmt::Debug for $UnknownName {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&self.0, f)
            }
        }

        $(#[$data_meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $Data<'a> {
            $($(#[doc = $doc])* $variant($Struct<'a>),)+
            /// The data of an event that this version does not know, as raw JSON.
            Other($OtherData<'a>),
        }

        impl $Data<'_> {
            /// The name of the event that this is the data of.
            #[must_use]
            pub fn $accessor(&self) -> $Name {
                match self {
                    $(Self::$variant(_) => $Name::$variant,)+
                    Self::Other(data) => data.name().into(),
                }
            }

            /// The user that the event is about, where it names one.
            #[must_use]
            pub fn user_id(&self) -> Option<&str> {
                match self {
                    $(Self::$variant(data) => $crate::model::Subject::user_id(data),)+
                    Self::Other(_) => None,
                }
            }

            /// The account that the event is about, where it names one.
            #[must_use]
            pub fn account_id(&self) -> Option<&str> {
                match self {
                    $(Self::$variant(data) => $crate::model::Subject::account_id(data),)+
                    Self::Other(_) => None,
                }
            }

            /// Copies what is borrowed, so that the data can outlive the delivery.
            #[must_use]
            pub fn into_owned(self) -> $Data<'static> {
                match self {
                    $(Self::$variant(data) => $Data::$variant(data.into_owned()),)+
                    Self::Other(data) => $Data::Other(data.into_owned()),
                }
            }
        }

        impl<'a> $Data<'a> {
            #[doc = concat!("Reads the JSON text of an event's `", $member, "`.")]
            ///
            /// The text of an unknown event is kept as it is.
            ///
            /// # Errors
            ///
            /// [`DataError`](crate::DataError), which names the member that is not what the vendor
            /// documents.
            pub fn from_json(event_type: &$Name, json: &'a str) -> Result<Self, $crate::DataError> {
                $crate::model::read_data(event_type, json)
            }

            #[doc = concat!("Reads the `", $member, "` of a whole body. Where there is none, all its ")]
            /// members are absent.
            pub(crate) fn read(
                event_type: &$Name,
                body: &'a [u8],
            ) -> Result<Self, $crate::DataError> {
                $crate::model::read_body(event_type, body)
            }
        }

        impl ::serde::Serialize for $Data<'_> {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(data) => data.serialize(serializer),)+
                    Self::Other(data) => data.serialize(serializer),
                }
            }
        }

        impl $crate::model::EventName for $Name {
            const MEMBER: &'static str = $member;

            type Data<'a> = $Data<'a>;

            fn known(&self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($wire),)+
                    Self::Other(_) => None,
                }
            }

            fn absent<'a>(&self) -> $Data<'a> {
                match self {
                    $(Self::$variant => $Data::$variant(<$Struct<'a>>::default()),)+
                    Self::Other(name) => $Data::Other($OtherData::new(name.as_str(), None)),
                }
            }

            fn into_owned<'a>(data: $Data<'_>) -> $Data<'a> {
                data.into_owned()
            }

            fn read<'de, D: ::serde::Deserializer<'de>>(
                &self,
                deserializer: D,
                context: &$crate::model::Context,
            ) -> Result<$Data<'de>, D::Error> {
                match self {
                    $(Self::$variant => {
                        <$Struct<'de> as $crate::model::Read<'de>>::read::<D>(deserializer, context)
                            .map($Data::$variant)
                    })+
                    Self::Other(name) => {
                        <&::serde_json::value::RawValue as ::serde::Deserialize>::deserialize(
                            deserializer,
                        )
                        .map(|raw| $Data::Other($OtherData::new(name.as_str(), Some(raw))))
                    }
                }
            }
        }
    };
}

/// Says of each struct of a table which event it is the data of.
macro_rules! event_data {
    (
        $Vendor:ty;
        $(#[$name_meta:meta])*
        names $Name:ident, $UnknownName:ident as $accessor:ident;
        $(#[$data_meta:meta])*
        data $Data:ident, $OtherData:ident in $member:literal;
        $($(#[doc = $doc:literal])* $variant:ident = $wire:literal $(| $alias:literal)?: $Struct:ident,)+
    ) => {
        #[cfg(feature = "schema")]
        impl $Name {
            /// The known events and the types of their data.
            pub(crate) const EVENTS: &'static [$crate::model::EventDefinition] = &[$(
                $crate::model::EventDefinition {
                    names: &[$wire $(, $alias)?],
                    doc: &[$($doc),*],
                    data: $crate::model::definition::<$Struct<'static>>(),
                },
            )+];
        }

        $(impl $crate::EventData for $Struct<'static> {
            type Vendor = $Vendor;

            const NAME: &'static str = $wire;

            fn of(data: $Data<'static>) -> Option<Self> {
                match data {
                    $Data::$variant(data) => Some(data),
                    _ => None,
                }
            }
        })+
    };
}

pub(crate) use event_data;
pub(crate) use event_table;
