//! The ways in which the sender may have signed.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    cause::{Cause, Kind, Variant},
    signature::Encoding,
};
use crate::vendor::Vendor;

/// A way to sign a body.
#[derive(Clone, Debug)]
pub(super) struct Scheme {
    hash: Hash,
    construction: Construction,
    /// The signed bytes in front of the body and behind it.
    before: Vec<u8>,
    after: Vec<u8>,
    /// How the signature is written.
    pub(super) encoding: Encoding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Clone, Copy, Debug)]
enum Construction {
    Hmac,
    /// The hash of the message alone.
    Hash,
    /// The hash of the secret and the message.
    SecretFirst,
    /// The hash of the message and the secret.
    SecretLast,
}

/// The vendor's own scheme first; Smile.io has none without a timestamp.
pub(super) fn variants(vendor: Vendor, timestamp: Option<&str>) -> Vec<Variant<Scheme>> {
    let own = own_hash(vendor);
    let mut all = Vec::new();
    for (before, after, because) in messages(vendor, timestamp) {
        for hash in HASHES {
            let scheme = Scheme {
                hash,
                construction: Construction::Hmac,
                before: before.clone(),
                after: after.clone(),
                encoding: own_encoding(vendor),
            };
            let other = (hash != own).then(|| other_hash("HMAC-", hash, vendor));
            all.push(Variant::changed(
                scheme,
                because.iter().cloned().chain(other),
            ));
        }
        // A plain hash of a wrong message is two faults at once, and rare.
        if because.is_some() {
            continue;
        }
        for construction in [
            Construction::Hash,
            Construction::SecretFirst,
            Construction::SecretLast,
        ] {
            for hash in HASHES {
                let scheme = Scheme {
                    hash,
                    construction,
                    before: before.clone(),
                    after: after.clone(),
                    encoding: own_encoding(vendor),
                };
                let other = other_hash(construction.prefix(), hash, vendor);
                all.push(Variant::changed(scheme, [other]));
            }
        }
    }
    let other = vendor.other();
    for (before, after, because) in messages(other, timestamp) {
        let scheme = Scheme {
            hash: own_hash(other),
            construction: Construction::Hmac,
            before,
            after,
            encoding: own_encoding(other),
        };
        let text = format!(
            "the signature is one of {}, {}, and {} was expected: use --vendor {}, and the \
             endpoint of that vendor",
            other.title(),
            formula(other),
            vendor.title(),
            other.name()
        );
        // Smile.io without a timestamp is nobody's scheme.
        let is_known = other == Vendor::SmileApi || timestamp.is_some();
        if is_known {
            let causes = [Kind::OtherVendor.because(text)];
            all.push(Variant::changed(scheme, causes.into_iter().chain(because)));
        }
    }
    all.sort_by_key(|variant| variant.causes.len());
    all
}

/// Smile.io's scheme with each millisecond of the timestamp's second.
pub(super) fn milliseconds(vendor: Vendor, timestamp: Option<&str>) -> Vec<Variant<Scheme>> {
    let seconds = timestamp.and_then(|text| text.parse::<u64>().ok());
    let (Vendor::SmileIo, Some(seconds)) = (vendor, seconds) else {
        return Vec::new();
    };
    let variant = |millisecond: u64| {
        let time = seconds.saturating_mul(1000).saturating_add(millisecond);
        let scheme = Scheme {
            hash: own_hash(vendor),
            construction: Construction::Hmac,
            before: format!("{time}.").into_bytes(),
            after: Vec::new(),
            encoding: own_encoding(vendor),
        };
        Variant::changed(scheme, [Kind::Timestamp.because(MILLISECONDS)])
    };
    (0..1000).map(variant).collect()
}

impl Scheme {
    pub(super) fn sign(&self, secret: &[u8], body: &[u8]) -> Vec<u8> {
        let message = [&*self.before, body, &*self.after];
        match self.construction {
            Construction::Hmac => self.hash.hmac(secret, &message),
            Construction::Hash => self.hash.digest(&message),
            Construction::SecretFirst => {
                self.hash
                    .digest(&[secret, &*self.before, body, &*self.after])
            }
            Construction::SecretLast => {
                self.hash
                    .digest(&[&*self.before, body, &*self.after, secret])
            }
        }
    }
}

impl Construction {
    fn prefix(self) -> &'static str {
        match self {
            Self::Hmac => "HMAC-",
            Self::Hash => "a plain hash of the message, ",
            Self::SecretFirst => "a plain hash of secret and message, ",
            Self::SecretLast => "a plain hash of message and secret, ",
        }
    }
}

impl Hash {
    fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha224 => "SHA224",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }

    fn hmac(self, key: &[u8], message: &[&[u8]]) -> Vec<u8> {
        fn mac<M: Mac + KeyInit>(key: &[u8], message: &[&[u8]]) -> Vec<u8> {
            // HMAC takes keys of any length.
            let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
                return Vec::new();
            };
            message.iter().for_each(|part| mac.update(part));
            mac.finalize().into_bytes().to_vec()
        }
        match self {
            Self::Sha1 => mac::<Hmac<Sha1>>(key, message),
            Self::Sha224 => mac::<Hmac<Sha224>>(key, message),
            Self::Sha256 => mac::<Hmac<Sha256>>(key, message),
            Self::Sha384 => mac::<Hmac<Sha384>>(key, message),
            Self::Sha512 => mac::<Hmac<Sha512>>(key, message),
        }
    }

    fn digest(self, message: &[&[u8]]) -> Vec<u8> {
        fn digest<D: Digest>(message: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            message.iter().for_each(|part| digest.update(part));
            digest.finalize().to_vec()
        }
        match self {
            Self::Sha1 => digest::<Sha1>(message),
            Self::Sha224 => digest::<Sha224>(message),
            Self::Sha256 => digest::<Sha256>(message),
            Self::Sha384 => digest::<Sha384>(message),
            Self::Sha512 => digest::<Sha512>(message),
        }
    }
}

/// What the vendor signs, in words.
pub(super) fn formula(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::SmileApi => "HMAC-SHA512 of the body in hex",
        Vendor::SmileIo => "HMAC-SHA256 of timestamp, dot and body in base64",
    }
}

/// The length of the vendor's signature as text.
pub(super) fn length(vendor: Vendor) -> usize {
    match vendor {
        Vendor::SmileApi => 128,
        Vendor::SmileIo => 44,
    }
}

fn own_hash(vendor: Vendor) -> Hash {
    match vendor {
        Vendor::SmileApi => Hash::Sha512,
        Vendor::SmileIo => Hash::Sha256,
    }
}

fn own_encoding(vendor: Vendor) -> Encoding {
    match vendor {
        Vendor::SmileApi => Encoding::Hex,
        Vendor::SmileIo => Encoding::Base64,
    }
}

fn other_hash(prefix: &str, hash: Hash, vendor: Vendor) -> Cause {
    Kind::OtherHash.because(format!(
        "the signature is {prefix}{}, and {} signs with HMAC-{}",
        hash.name(),
        vendor.title(),
        own_hash(vendor).name()
    ))
}

/// What stands before and behind the body, and the cause if the vendor signs something else.
type Message = (Vec<u8>, Vec<u8>, Option<Cause>);

fn messages(vendor: Vendor, timestamp: Option<&str>) -> Vec<Message> {
    let cause = |text: String| Some(Kind::Timestamp.because(text));
    let mut all: Vec<Message> = Vec::new();
    match (vendor, timestamp) {
        (Vendor::SmileApi, None) => all.push((vec![], vec![], None)),
        (Vendor::SmileApi, Some(text)) => {
            all.push((vec![], vec![], None));
            let before = format!("{text}.").into_bytes();
            let text = "the signature covers a timestamp, and Smile API signs the body alone";
            all.push((before, vec![], cause(text.into())));
        }
        (Vendor::SmileIo, timestamp) => {
            if let Some(text) = timestamp {
                let dot = |text: &str| format!("{text}.").into_bytes();
                all.push((dot(text), vec![], wrong_timestamp(text)));
                for (other, why) in other_timestamps(text) {
                    all.push((dot(&other), vec![], cause(why.into())));
                }
                for separator in ["", ":", ",", ";", "|", "-", "_", " ", "\n", "\r\n"] {
                    let text = format!("{text}{separator}");
                    let why = match separator {
                        "" => {
                            "the sender signed timestamp and body with nothing between them, and \
                               Smile.io puts a dot there"
                                .to_owned()
                        }
                        _ => format!(
                            "the sender signed timestamp and body with `{}` between them, and \
                             Smile.io puts a dot there",
                            separator.escape_debug()
                        ),
                    };
                    all.push((text.into_bytes(), vec![], cause(why)));
                }
                let why = "the sender signed the body first and then the timestamp, and Smile.io \
                           signs the timestamp first";
                for separator in [".", ""] {
                    let after = format!("{separator}{text}").into_bytes();
                    all.push((vec![], after, cause(why.into())));
                }
            }
            let why =
                "the sender signed the body alone, and Smile.io signs timestamp, dot and body";
            all.push((vec![], vec![], cause(why.into())));
        }
    }
    all
}

/// A timestamp that no receiver accepts, although it may be the one that was signed.
fn wrong_timestamp(text: &str) -> Option<Cause> {
    let why = match text.parse::<u64>() {
        Ok(number) if number >= FIRST_MILLISECONDS => {
            "the timestamp is in milliseconds, and Smile.io's is in seconds: receivers take it for \
             a time far ahead and refuse it"
        }
        Ok(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => return None,
        _ => {
            "the timestamp is not a number of seconds since 1970 in digits, and receivers refuse it"
        }
    };
    Some(Kind::Timestamp.because(why))
}

/// The timestamps that may have been signed in place of this one.
fn other_timestamps(text: &str) -> Vec<(String, &'static str)> {
    const SECONDS: &str = "the timestamp given is in milliseconds, and the sender signed seconds: \
                           the header has to have seconds, too";
    const DATE: &str = "the sender signed the timestamp as a date, and Smile.io's is a number of \
                        seconds";
    const DATE_HERE: &str = "the timestamp given is a date, and the sender signed a number of \
                             seconds: the header has to have that";
    const SPACE: &str = "the timestamp given has white space around it that was not signed";
    let mut all = Vec::new();
    let trimmed = text.trim();
    if trimmed != text {
        all.push((trimmed.to_owned(), SPACE));
    }
    match trimmed.parse::<i64>() {
        Ok(number) if number >= FIRST_MILLISECONDS.cast_signed() => {
            all.push(((number / 1000).to_string(), SECONDS));
        }
        Ok(number) => {
            all.push((number.saturating_mul(1000).to_string(), MILLISECONDS));
            if let Some(date) = OffsetDateTime::from_unix_timestamp(number)
                .ok()
                .and_then(|time| time.format(&Rfc3339).ok())
            {
                all.push((date, DATE));
            }
        }
        Err(_) => {
            if let Some((seconds, _)) = trimmed.split_once('.') {
                all.push((
                    seconds.to_owned(),
                    "the timestamp given has a fraction that was not \
                                               signed: it has to be whole seconds",
                ));
            }
            if let Ok(time) = OffsetDateTime::parse(trimmed, &Rfc3339) {
                all.push((time.unix_timestamp().to_string(), DATE_HERE));
            }
        }
    }
    all
}

const HASHES: [Hash; 5] = [
    Hash::Sha512,
    Hash::Sha256,
    Hash::Sha1,
    Hash::Sha384,
    Hash::Sha224,
];
const MILLISECONDS: &str =
    "the sender signed the timestamp in milliseconds, and Smile.io's is in seconds";
/// In seconds that would be the year 5138, in milliseconds it is 1973.
const FIRST_MILLISECONDS: u64 = 100_000_000_000;
