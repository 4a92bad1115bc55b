//! An answer that the core gives by itself.

use std::borrow::Cow;

/// A response without any crate's HTTP types, which an adapter writes out as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    status: u16,
    headers: [Option<(&'static str, Header)>; 3],
    body: &'static str,
    closing: bool,
}

impl Reply {
    pub(crate) fn new(status: u16, body: &'static str) -> Self {
        Self {
            status,
            headers: [None; 3],
            body,
            closing: false,
        }
    }

    /// An answer with a status alone.
    pub fn empty(status: u16) -> Self {
        Self::new(status, "")
    }

    /// The answer to an event that was taken before.
    #[cfg(feature = "intake")]
    pub(crate) fn duplicate() -> Self {
        Self::empty(200).header("smile-duplicate", Header::Text("true"))
    }

    /// Adds a header; there is room for three, the most that any answer has.
    pub(crate) fn header(mut self, name: &'static str, value: Header) -> Self {
        let free = self.headers.iter_mut().find(|slot| slot.is_none());
        debug_assert!(free.is_some(), "no room for {name}");
        if let Some(slot) = free {
            *slot = Some((name, value));
        }
        self
    }

    pub(crate) fn closing(mut self) -> Self {
        self.closing = true;
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Names (lower case) and values.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, Header)> {
        self.headers.into_iter().flatten()
    }

    /// The body, which may be empty.
    pub fn body(&self) -> &'static str {
        self.body
    }

    /// Whether an HTTP/1 connection ends with this answer, because the request's body was not read
    /// to its end.
    pub fn closes(&self) -> bool {
        self.closing
    }
}

/// A header's value in a [`Reply`].
///
/// Exhaustive: all values are one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// Text.
    Text(&'static str),
    /// A number, written in decimal.
    Number(u64),
}

impl Header {
    /// The value as it goes on the wire.
    pub fn to_text(self) -> Cow<'static, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
        }
    }
}
