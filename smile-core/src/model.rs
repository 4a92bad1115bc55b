//! The building blocks of the event models: texts, numbers, dates, open enums and lists that accept
//! what the vendors send and serialise it unchanged.
//!
//! The rules that hold for every model in this crate:
//!
//! - Each member is an [`Option`] or a list that defaults to empty. A member that is absent and one
//!   that is `null` are both `None` (or empty), because the vendors' own examples leave out members
//!   that their schemas require.
//! - Members that this version does not know are kept in `unknown`, see [`Unknown`].
//! - Serialising writes the members that were read: absent stays absent, `null` stays `null`,
//!   numbers keep their digits, and a second spelling of a name stays.
//! - Of repeated members the first that is not `null` counts.
//! - One bad string loses no event. A lone surrogate (`"\ud83d"`) is valid JSON but not Unicode,
//!   and bytes may not be UTF-8: the data of an event has U+FFFD in their place. The bytes of the
//!   delivery stay as received.
//! - Models borrow from the JSON text that they are read from. `into_owned` copies what is
//!   borrowed, and `deserialize_owned` reads and copies, for `#[serde(deserialize_with = "..")]`.
//! - Models are read by `serde_json` from a string or a slice. They keep raw JSON, which other
//!   formats, readers and serde's buffered enums (`untagged`, `flatten`) cannot hand over.
//! - `Debug` of a model prints its values, which are personal data. This crate never prints a
//!   model; think twice before you log one.
//!
//! In a test, make a model from its default:
//!
//! ```
//! use smile_core::smile_api::data::AccountConnected;
//!
//! let mut account = AccountConnected::default();
//! account.user_id = Some("tenant-1".into());
//! account.providers.push("abccorp".into());
//! assert_eq!(
//!     serde_json::to_string(&account)?,
//!     r#"{"userId":"tenant-1","providers":["abccorp"]}"#,
//! );
//! # Ok::<(), serde_json::Error>(())
//! ```

/// The most memory that the typed data of one event may take: 32 MiB.
///
/// Smile API's largest event, eight lists of 300 items, takes about 1 MiB. A list of `{}` takes a
/// hundred times its length, so without a limit a body of 4 MiB would take a gigabyte. Data beyond
/// the limit is a [`DataError`](crate::DataError); the delivery still has its bytes.
///
/// The limit counts allocations: lists with their spare room, nested objects, unknown members, and
/// strings with escapes, which cannot borrow from the body. It does not count the strings that
/// `into_owned` copies.
pub const MAX_DATA_MEMORY: usize = 32 << 20;

mod context;
mod date;
#[cfg(feature = "schema")]
mod describe;
mod envelope_fields;
mod event;
mod list;
mod mend;
mod number;
mod object;
mod open_enum;
mod owned;
mod raw;
mod read;
mod scalar;
mod table;
mod text;
mod unknown;

pub use self::date::{Date, DateTime, Month};
pub use self::event::OtherData;
pub use self::list::List;
pub use self::number::{NotANumber, Number};
pub use self::open_enum::UnknownName;
pub use self::owned::IntoOwned;
pub use self::raw::RawJson;
pub use self::text::Text;
pub use self::unknown::Unknown;

pub(crate) use self::context::Context;
#[cfg(feature = "schema")]
pub(crate) use self::describe::{
    Definition, Describe, EventDefinition, Kind, Member, Type, Value, definition,
};
pub(crate) use self::envelope_fields::{
    EnvelopeFields, optional_integer, optional_string, read_envelope, string,
};
pub(crate) use self::event::{EventName, Subject, read_body, read_data};
pub(crate) use self::object::{Field, KeySeed, Name, Write, object};
pub(crate) use self::open_enum::open_enum;
pub(crate) use self::read::{JsonType, Presence, Read, ReadInto, read_items, refuse, wrong_kind};
pub(crate) use self::table::{event_data, event_table};
pub(crate) use self::unknown::Shape;
