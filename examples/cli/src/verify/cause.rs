//! Why a signature does not match.

use serde::Serialize;

/// A cause, for programs and for people.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cause {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

/// The kinds of causes; each is serialised by its name in lower case, with dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    SecretWhitespace,
    SecretQuotes,
    SecretEncoding,
    TrailingNewline,
    /// The body's bytes changed, and its meaning did not.
    ReformattedJson,
    ByteOrderMark,
    OtherVendor,
    OtherHash,
    SignatureEncoding,
    Timestamp,
    Unknown,
}

impl Kind {
    pub(crate) fn because(self, text: impl Into<String>) -> Cause {
        Cause {
            kind: self,
            text: text.into(),
        }
    }
}

/// Something that a sender may have used in place of what was given, and the causes that say so;
/// none for what was given.
#[derive(Clone, Debug)]
pub(crate) struct Variant<T> {
    pub(crate) value: T,
    pub(crate) causes: Vec<Cause>,
}

impl<T> Variant<T> {
    pub(crate) fn given(value: T) -> Self {
        Self {
            value,
            causes: Vec::new(),
        }
    }

    pub(crate) fn changed(value: T, causes: impl IntoIterator<Item = Cause>) -> Self {
        Self {
            value,
            causes: causes.into_iter().collect(),
        }
    }
}

/// Keeps the first variant of each value.
pub(crate) fn without_repetitions<T: AsRef<[u8]>>(variants: Vec<Variant<T>>) -> Vec<Variant<T>> {
    let mut kept: Vec<Variant<T>> = Vec::with_capacity(variants.len());
    for variant in variants {
        let value = variant.value.as_ref();
        if !kept.iter().any(|kept| kept.value.as_ref() == value) {
            kept.push(variant);
        }
    }
    kept
}
