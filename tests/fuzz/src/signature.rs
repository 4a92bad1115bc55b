//! The signature's headers, of both vendors, read and compared.

use bytes::Bytes;
use smile_core::{KeyRing, Secret, Signature, SmileApi, SmileIo, Vendor, Verification};

use crate::{request::Request, sign};

const SECRET: &[u8] = b"a little secret";

/// The time of the receiver's clock.
pub(crate) const NOW: u64 = 1_700_000_000;

/// Signs a body, spoils the headers as the input says, and expects that the library accepts what
/// the reference accepts, and nothing else.
///
/// Input: the vendor (odd: Smile.io), how far the timestamp is off, how many edits, the edits, two or
/// three bytes each; then more header lines up to a NUL, then the body.
pub fn signature(input: &[u8]) {
    let [vendor, off, edits, rest @ ..] = input else {
        return;
    };
    let edits = usize::from(*edits % 5) * 3;
    if rest.len() < edits {
        return;
    }
    let (edits, rest) = rest.split_at(edits);
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or(0);
    let (more, body) = rest.split_at(end);
    if vendor % 2 == 0 {
        let mut text = sign::hex(&sign::smile_api(SECRET, body));
        edits.chunks(3).for_each(|edit| spoil(&mut text, edit));
        let request = request(vec![("smile-signature", &text)], more);
        let expected = tag_of_hex(&request) == Some(sign::smile_api(SECRET, body));
        assert_eq!(
            verifies::<SmileApi>(&request, body),
            expected,
            "{request:?}"
        );
    } else {
        // 0 is exact, 128 past the past, 127 past the future: in steps of five seconds.
        let off = i64::from(i8::from_ne_bytes([*off])) * 5;
        let timestamp = NOW.checked_add_signed(off).expect("a time").to_string();
        let mut text = sign::base64(&sign::smile_io(SECRET, timestamp.as_bytes(), body));
        let mut timestamp = timestamp.into_bytes();
        for edit in edits.chunks(3) {
            let spoilt = if edit[0] % 4 == 3 {
                &mut timestamp
            } else {
                &mut text
            };
            spoil(spoilt, edit);
        }
        let request = request(
            vec![("smile-timestamp", &timestamp), ("smile-signature", &text)],
            more,
        );
        let expected = fresh_timestamp(&request, NOW).is_some_and(|timestamp| {
            tag_of_base64(&request) == Some(sign::smile_io(SECRET, timestamp, body))
        });
        assert_eq!(verifies::<SmileIo>(&request, body), expected, "{request:?}");
    }
}

fn request<'a>(mut headers: Vec<(&'a str, &'a [u8])>, more: &'a [u8]) -> Request<'a> {
    headers.extend(Request::headers(more));
    Request {
        method: "POST",
        peer: None,
        headers,
    }
}

/// Writes over a byte, inserts one, removes one or cuts the rest off.
fn spoil(text: &mut Vec<u8>, edit: &[u8]) {
    let (kind, at, byte) = (edit[0], usize::from(edit[1]), edit[2]);
    let at = at % text.len().max(1);
    match kind / 4 % 4 {
        _ if text.is_empty() => text.push(byte),
        0 => text[at] = byte,
        1 => text.insert(at, byte),
        2 => drop(text.remove(at)),
        _ => text.truncate(at),
    }
}

fn verifies<V: Vendor>(request: &Request<'_>, body: &[u8]) -> bool {
    let ring = KeyRing::<V>::new(Secret::new(SECRET).expect("a secret"));
    let Ok(signature) = Signature::<V>::read(request, NOW, Signature::<V>::TOLERANCE) else {
        return false;
    };
    let verified = Verification::begin(&ring, signature, body.len())
        .push(Bytes::copy_from_slice(body))
        .and_then(Verification::finish);
    verified.is_ok_and(|verified| {
        assert_eq!(&verified[..], body);
        true
    })
}

/// The only header of that name.
fn only<'a>(request: &Request<'a>, name: &str) -> Option<&'a [u8]> {
    match request.values(name)[..] {
        [value] => Some(value),
        _ => None,
    }
}

/// 128 hex digits, by two at a time.
pub(crate) fn tag_of_hex(request: &Request<'_>) -> Option<[u8; 64]> {
    let text = only(request, "smile-signature")?;
    if text.len() != 128 || !text.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let text = std::str::from_utf8(text).expect("digits are ASCII");
    let mut tag = [0; 64];
    for (n, byte) in tag.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * n..2 * n + 2], 16).expect("two digits");
    }
    Some(tag)
}

/// 43 digits and a `=`: 32 bytes, and two bits that must be 0 (RFC 4648, section 3.5).
pub(crate) fn tag_of_base64(request: &Request<'_>) -> Option<[u8; 32]> {
    let text = only(request, "smile-signature")?;
    let digits = text
        .strip_suffix(b"=")
        .filter(|digits| digits.len() == 43)?;
    let mut bits = Vec::new();
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    let (bits, rest) = bits.split_at(256);
    if rest.contains(&1) {
        return None;
    }
    let mut tag = [0; 32];
    for (byte, bits) in tag.iter_mut().zip(bits.chunks(8)) {
        *byte = bits.iter().fold(0, |byte, bit| byte << 1 | bit);
    }
    Some(tag)
}

/// The text of a timestamp that is within five minutes of `now`.
pub(crate) fn fresh_timestamp<'a>(request: &Request<'a>, now: u64) -> Option<&'a [u8]> {
    let text = only(request, "smile-timestamp")?;
    if !(1..=20).contains(&text.len()) || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let time: i128 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let fits = time <= i128::from(u64::MAX);
    (fits && (time - i128::from(now)).abs() <= 300).then_some(text)
}
