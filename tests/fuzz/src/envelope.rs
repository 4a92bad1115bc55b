//! The envelope, of both vendors, and the bytes behind it.

use bytes::Bytes;
use smile_core::{
    Delivery, KeyRing, Rejection, RejectionKind, Secret, Signature, SmileApi, SmileIo, Vendor,
    Verification,
};

use crate::{
    json::{Members, text},
    request::Request,
    sign,
    signature::NOW,
};

const SECRET: &[u8] = b"a little secret";

/// Signs a body for both vendors, and expects of the envelope that `serde_json` would find the same
/// in it, that bytes behind a complete envelope change nothing, and that the body stays as it is.
pub fn envelope(body: &[u8]) {
    let members = Members::of(body);
    let smile_api = read_smile_api(body);
    let found = smile_api
        .as_ref()
        .map(|event| (event.id(), event.event_name()));
    check(body, smile_api.as_ref().map(Delivery::raw));
    if let Some(members) = &members {
        match (strings(members, ["id", "type"]), &found) {
            (Strings::All([id, name]), found) => {
                assert_eq!(found.as_ref().ok(), Some(&(&*id, &*name)), "{body:?}");
            }
            (Strings::Lacking, found) => assert!(found.is_err(), "{found:?} in {body:?}"),
            (Strings::NotUnicode, _) => {}
        }
    }
    if let Ok((id, name)) = found {
        let longer = [body, b"\xff"].concat();
        let longer = read_smile_api(&longer).expect("the envelope is in front");
        assert_eq!((longer.id(), longer.event_name()), (id, name), "{body:?}");
    }

    let smile_io = read_smile_io(body);
    let found = smile_io.as_ref().map(Delivery::event_name);
    check(body, smile_io.as_ref().map(Delivery::raw));
    if let Some(members) = &members {
        match (strings(members, ["topic"]), &found) {
            (Strings::All([name]), found) => {
                assert_eq!(found.as_ref().ok(), Some(&&*name), "{body:?}");
            }
            (Strings::Lacking, found) => assert!(found.is_err(), "{found:?} in {body:?}"),
            (Strings::NotUnicode, _) => {}
        }
    }
}

/// What the members of these names hold, as far as all are needed.
enum Strings<const N: usize> {
    All([String; N]),
    /// One is missing, or no string.
    Lacking,
    /// One has a lone surrogate.
    NotUnicode,
}

fn strings<const N: usize>(members: &Members<'_>, names: [&str; N]) -> Strings<N> {
    let found = names.map(|name| members.first(name));
    if found
        .iter()
        .any(|json| !json.is_some_and(|json| json.starts_with('"')))
    {
        return Strings::Lacking;
    }
    let texts = found.map(|json| json.and_then(text));
    if texts.contains(&None) {
        return Strings::NotUnicode;
    }
    Strings::All(texts.map(|text| text.expect("none is missing")))
}

fn check(body: &[u8], raw: Result<&Bytes, &Rejection>) {
    match raw {
        Ok(raw) => assert_eq!(raw, body, "the bytes that were signed"),
        Err(rejection) => assert_eq!(rejection.kind(), RejectionKind::NotAnEvent),
    }
}

/// Signs and verifies a body, and reads its envelope.
pub(crate) fn read_smile_api(body: &[u8]) -> Result<Delivery<SmileApi>, Rejection> {
    let signature = sign::hex(&sign::smile_api(SECRET, body));
    read(vec![("smile-signature", &signature)], body)
}

/// The same for the other vendor.
pub(crate) fn read_smile_io(body: &[u8]) -> Result<Delivery<SmileIo>, Rejection> {
    let timestamp = NOW.to_string();
    let signature = sign::base64(&sign::smile_io(SECRET, timestamp.as_bytes(), body));
    let headers: Vec<(&str, &[u8])> = vec![
        ("smile-timestamp", timestamp.as_bytes()),
        ("smile-signature", &signature),
    ];
    read(headers, body)
}

fn read<V: Vendor>(headers: Vec<(&str, &[u8])>, body: &[u8]) -> Result<Delivery<V>, Rejection> {
    let head = Request {
        method: "POST",
        peer: None,
        headers,
    };
    let ring = KeyRing::<V>::new(Secret::new(SECRET).expect("a secret"));
    let signature = Signature::<V>::read(&head, NOW, Signature::<V>::TOLERANCE)
        .expect("a well-formed signature");
    let verified = Verification::begin(&ring, signature, body.len())
        .push(Bytes::copy_from_slice(body))
        .and_then(Verification::finish)
        .expect("the right signature");
    Delivery::read(verified)
}
