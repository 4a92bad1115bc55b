//! What the text of a signature may stand for.

use std::fmt;

use base64::{
    Engine,
    alphabet::{STANDARD as STANDARD_ALPHABET, URL_SAFE as URL_SAFE_ALPHABET},
    engine::general_purpose::STANDARD,
};

use super::{
    cause::{Cause, Kind},
    secret::lenient,
};

/// How bytes are written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Hex,
    Base64,
    Base64WithoutPadding,
    Base64Url,
    /// Hex, and that in base64.
    Base64OfHex,
}

/// The bytes of a signature under one reading of its text.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) bytes: Vec<u8>,
    pub(super) encoding: Encoding,
}

/// The text of a signature, without what does not belong to it, and all its readings.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) text: String,
    pub(super) readings: Vec<Reading>,
    /// What does not belong to it.
    extras: Option<Cause>,
}

impl Signature {
    /// White space around it is no part of a header's value.
    pub(super) fn read(given: &str) -> Self {
        let given = given.trim();
        let mut text = given;
        let mut extras = None;
        let bare = text.trim_matches(['"', '\'', '`']);
        if bare != text {
            text = bare;
            extras = Some(
                Kind::SignatureEncoding
                    .because("the signature has quotes around it: the header has none"),
            );
        }
        if let Some((prefix, rest)) = prefixed(text) {
            text = rest;
            extras = Some(Kind::SignatureEncoding.because(format!(
                "the signature begins with `{}`: the header has the signature alone",
                prefix.escape_debug()
            )));
        }
        let mut text = text.to_owned();
        if text.contains(' ') {
            text = text.replace(' ', "+");
            extras = Some(Kind::SignatureEncoding.because(
                "the signature has spaces in the place of `+`: something decoded it as a form",
            ));
        }
        Self {
            readings: readings(&text),
            text,
            extras,
        }
    }

    /// The causes for which the text is not these bytes in this encoding; `None` if it is neither
    /// they nor a part of them.
    pub(super) fn compare(&self, bytes: &[u8], expected: Encoding) -> Option<Vec<Cause>> {
        let found = self
            .readings
            .iter()
            .filter(|reading| reading.bytes == bytes);
        // The expected reading first.
        let found = found.min_by_key(|reading| reading.encoding != expected);
        let own = match found {
            Some(reading) if reading.encoding == expected => None,
            Some(reading) => Some(Kind::SignatureEncoding.because(format!(
                "the signature is in {}, and {expected} is expected",
                reading.encoding
            ))),
            None if self.is_start_of(bytes, expected) => {
                Some(Kind::SignatureEncoding.because(format!(
                    "the signature is cut off: it has {} characters of {}",
                    self.text.len(),
                    expected.write(bytes).len()
                )))
            }
            None => return None,
        };
        Some(self.extras.iter().cloned().chain(own).collect())
    }

    fn is_start_of(&self, bytes: &[u8], expected: Encoding) -> bool {
        let whole = expected.write(bytes);
        self.text.len() >= SHORTEST_START
            && self.text.len() < whole.len()
            && whole
                .get(..self.text.len())
                .is_some_and(|start| match expected {
                    Encoding::Hex => start.eq_ignore_ascii_case(&self.text),
                    _ => start == self.text,
                })
    }
}

impl Encoding {
    fn write(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(bytes),
            _ => STANDARD.encode(bytes),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Base64WithoutPadding => "base64 without its padding",
            Self::Base64Url => "the URL-safe base64",
            Self::Base64OfHex => "base64 of hex",
        })
    }
}

fn readings(text: &str) -> Vec<Reading> {
    let mut all = Vec::new();
    if let Ok(bytes) = hex::decode(text) {
        all.push(Reading {
            bytes,
            encoding: Encoding::Hex,
        });
    }
    if let Ok(bytes) = lenient(&STANDARD_ALPHABET).decode(text) {
        if let Ok(bytes) = hex::decode(&bytes) {
            all.push(Reading {
                bytes,
                encoding: Encoding::Base64OfHex,
            });
        }
        let encoding = match STANDARD.decode(text) {
            Ok(_) => Encoding::Base64,
            Err(_) => Encoding::Base64WithoutPadding,
        };
        all.push(Reading { bytes, encoding });
    } else if let Ok(bytes) = lenient(&URL_SAFE_ALPHABET).decode(text) {
        all.push(Reading {
            bytes,
            encoding: Encoding::Base64Url,
        });
    }
    all
}

/// A header's name, or a label such as `sha512=`, and the rest.
fn prefixed(text: &str) -> Option<(&str, &str)> {
    const LABELS: [&str; 10] = [
        "smile-signature:",
        "hmac-sha512=",
        "hmac-sha256=",
        "sha512=",
        "sha256=",
        "sha1=",
        "sha512:",
        "sha256:",
        "v1=",
        "v1,",
    ];
    let label = LABELS.iter().find(|label| {
        text.get(..label.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(label))
    })?;
    let (prefix, rest) = text.split_at(label.len());
    Some((prefix, rest.trim_start()))
}

/// Shorter texts could be the start of a signature by chance.
const SHORTEST_START: usize = 16;
