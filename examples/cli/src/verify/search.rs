//! The search for the change that makes a signature match.

use super::{
    body,
    cause::{Cause, Kind, Variant},
    scheme::{self, Scheme},
    secret,
    signature::Signature,
};
use crate::vendor::Vendor;

/// A request to explain.
#[derive(Debug)]
pub(super) struct Delivery<'a> {
    pub(super) vendor: Vendor,
    pub(super) secret: &'a str,
    pub(super) signature: &'a str,
    pub(super) timestamp: Option<&'a str>,
    pub(super) body: &'a [u8],
}

/// The causes for which a receiver would refuse the delivery; none if its signature matches.
pub(super) fn explain(delivery: &Delivery<'_>) -> Vec<Cause> {
    let secrets = secret::variants(delivery.secret);
    let schemes = scheme::variants(delivery.vendor, delivery.timestamp);
    let signature = Signature::read(delivery.signature);
    let mut tries = Tries::default();
    // The changes of a few bytes first: to write JSON anew takes long for a large body.
    let few = body::variants(delivery.body);
    if let Some(causes) = tries.search(combinations(&secrets, &few, &schemes, 1), &signature) {
        return causes;
    }
    let all = body::with_json_written_anew(few, delivery.body);
    if let Some(causes) = tries.search(
        combinations(&secrets, &all, &schemes, MOST_CAUSES),
        &signature,
    ) {
        return causes;
    }
    if let (Some(secret), Some(body)) = (secrets.get(..1), all.get(..1)) {
        let schemes = scheme::milliseconds(delivery.vendor, delivery.timestamp);
        if let Some(causes) = tries.search(combinations(secret, body, &schemes, 1), &signature) {
            return causes;
        }
    }
    vec![not_found(delivery, &signature, &tries)]
}

#[derive(Default)]
struct Tries {
    count: usize,
    hashed: usize,
    ended_early: bool,
}

impl Tries {
    fn search(
        &mut self,
        combinations: Vec<Combination<'_>>,
        signature: &Signature,
    ) -> Option<Vec<Cause>> {
        for (secret, body, scheme) in combinations {
            self.hashed += body.value.len() + COST_OF_A_MAC;
            let most = match causes_of((secret, body, scheme)) {
                0 | 1 => MOST_HASHED_FOR_ONE,
                _ => MOST_HASHED,
            };
            if self.hashed > most {
                self.ended_early = true;
                return None;
            }
            self.count += 1;
            let bytes = scheme.value.sign(&secret.value, &body.value);
            if let Some(of_signature) = signature.compare(&bytes, scheme.value.encoding) {
                let causes = [&secret.causes, &body.causes, &scheme.causes, &of_signature];
                return Some(causes.into_iter().flatten().cloned().collect());
            }
        }
        None
    }
}

type Combination<'v> = (
    &'v Variant<Vec<u8>>,
    &'v Variant<Vec<u8>>,
    &'v Variant<Scheme>,
);

/// Those with the fewest causes first.
fn combinations<'v>(
    secrets: &'v [Variant<Vec<u8>>],
    bodies: &'v [Variant<Vec<u8>>],
    schemes: &'v [Variant<Scheme>],
    most_causes: usize,
) -> Vec<Combination<'v>> {
    let mut all = Vec::new();
    for secret in secrets {
        for scheme in schemes {
            for body in bodies {
                if causes_of((secret, body, scheme)) <= most_causes {
                    all.push((secret, body, scheme));
                }
            }
        }
    }
    all.sort_by_key(|combination| causes_of(*combination));
    all
}

fn causes_of((secret, body, scheme): Combination<'_>) -> usize {
    secret.causes.len() + body.causes.len() + scheme.causes.len()
}

fn not_found(delivery: &Delivery<'_>, signature: &Signature, tries: &Tries) -> Cause {
    let vendor = delivery.vendor;
    if vendor == Vendor::SmileIo && delivery.timestamp.is_none() {
        return Kind::Timestamp.because(
            "Smile.io signs the header Smile-Timestamp as well, and no timestamp was given: give \
             its value by --timestamp",
        );
    }
    let length = signature.text.len();
    if signature.readings.is_empty() {
        return Kind::SignatureEncoding.because(format!(
            "the signature is neither hex nor base64: found {length} characters, expected {} of {}",
            scheme::length(vendor),
            scheme::formula(vendor)
        ));
    }
    let mut text = format!(
        "none of {} combinations matches: the secret is another one, or the body was changed \
         in a way that is not tried. Tried: the secret without white space and quotes, and with \
         them, and as hex and base64; the body with another line end, with and without a byte order \
         mark, decompressed, and its JSON written anew; the other vendor's scheme, other hashes, \
         other encodings of the signature",
        tries.count
    );
    text.push_str(match vendor {
        Vendor::SmileApi => ".",
        Vendor::SmileIo => ", other forms of the timestamp.",
    });
    if length != scheme::length(vendor) {
        text.push_str(&format!(
            " The signature has {length} characters, and {} has {} ({})",
            vendor.title(),
            scheme::length(vendor),
            scheme::formula(vendor)
        ));
        text.push('.');
    }
    if tries.ended_early {
        text.push_str(" The body is large, so some of these were left out.");
    }
    if delivery.body.is_empty() {
        text.push_str(" The body is empty: give it on standard input.");
    }
    text.push_str(
        " Compare the secret with the vendor's page. If the request has a Content-Encoding, the \
         compressed bytes are signed: save the body before anything decompresses it",
    );
    Kind::Unknown.because(text)
}

const MOST_CAUSES: usize = 3;
/// Bytes to hash for combinations of causes, and for single causes, which are worth a longer wait.
const MOST_HASHED: usize = 256 << 20;
const MOST_HASHED_FOR_ONE: usize = 1 << 30;
/// A short message costs as much as this many bytes.
const COST_OF_A_MAC: usize = 512;
