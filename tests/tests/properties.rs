//! What holds for any body, any split and any mistake.

#![expect(
    clippy::expect_used,
    reason = "a test ends where something does not hold"
)]

use bytes::Bytes;
use proptest::{collection::vec, prelude::*, sample::Index};
use smile_conformance::{Body, Kind, Request, Setup, sign};

fn status(request: &Request) -> u16 {
    Setup::new().start(Kind::Core).send(request).status
}

/// An event with any text in it.
fn event(text: &str) -> String {
    let text = serde_json::to_string(text).expect("text");
    format!(r#"{{"id":"et-1","type":"USER_CREATED","data":{{"userId":{text}}}}}"#)
}

/// The request's body, cut at any places.
fn cut(mut request: Request, cuts: &[Index]) -> Request {
    let bytes = Bytes::from(request.body.bytes());
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    request.body = Body::Chunked(
        cuts.windows(2)
            .map(|ends| bytes.slice(ends[0]..ends[1]))
            .collect(),
    );
    request
}

fn signed(text: &str) -> [Request; 2] {
    let customer = event(text).replacen(r#""id":"et-1","type":"#, r#""topic":"#, 1);
    [sign::smile_api(event(text)), sign::smile_io(customer)]
}

proptest! {
    #[test]
    fn any_split_of_any_body_verifies(text: String, cuts in vec(any::<Index>(), 0..8)) {
        for request in signed(&text) {
            prop_assert_eq!(status(&cut(request, &cuts)), 204);
        }
    }

    #[test]
    fn any_flipped_bit_of_the_body_fails(text: String, at: Index, bit in 0..8_u8) {
        for mut request in signed(&text) {
            let mut bytes = request.body.bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            request.body = Body::Whole(bytes.into());
            prop_assert_eq!(status(&request), 401);
        }
    }

    /// But for the bit that makes a hex digit upper case, which says the same.
    #[test]
    fn any_flipped_bit_of_the_signature_fails(text: String, at: Index, bit in 0..8_u8) {
        for request in signed(&text) {
            let mut same = false;
            let hex = request.target == sign::SMILE_API;
            let request = request.map_header("smile-signature", |mut value| {
                let before = value.clone();
                let at = at.index(value.len());
                value[at] ^= 1 << bit;
                same = hex && value.eq_ignore_ascii_case(&before);
                value
            });
            prop_assert_eq!(status(&request), if same { 204 } else { 401 });
        }
    }

    #[test]
    fn any_flipped_bit_of_the_timestamp_fails(text: String, at in 0..10_usize, bit in 0..8_u8) {
        let [_, request] = signed(&text);
        let request = request.map_header("smile-timestamp", |mut value| {
            value[at] ^= 1 << bit;
            value
        });
        prop_assert_eq!(status(&request), 401);
    }

    #[test]
    fn every_truncated_or_extended_signature_fails(
        text: String,
        keep: Index,
        more in "[0-9a-zA-Z+/=]{1,100}",
    ) {
        for request in signed(&text) {
            let shorter = request.clone().map_header("smile-signature", |mut value| {
                value.truncate(keep.index(value.len()));
                value
            });
            prop_assert_eq!(status(&shorter), 401);
            let longer = request.map_header("smile-signature", |mut value| {
                value.extend_from_slice(more.as_bytes());
                value
            });
            prop_assert_eq!(status(&longer), 401);
        }
    }

    #[test]
    fn nothing_in_a_head_makes_the_core_panic(
        name in "smile-signature|smile-timestamp|content-encoding|content-length|x-forwarded-for|forwarded",
        value in vec(any::<u8>(), 0..200),
        text: String,
    ) {
        for request in signed(&text) {
            let request = request.without(&name).header(&name, &value);
            prop_assert!((200..500).contains(&status(&request)));
        }
    }

    #[test]
    fn any_object_with_an_id_and_a_type_reaches_the_handler_byte_for_byte(
        id in "\\PC{1,40}",
        name in "\\PC{0,40}",
        members in vec(("[a-zA-Z_]{1,12}", json()), 0..6),
        place: Index,
    ) {
        let quoted = |text: &str| serde_json::to_string(text).expect("text");
        let mut members: Vec<_> = members
            .iter()
            .filter(|(key, _)| key != "id" && key != "type")
            .map(|(key, value)| format!("{}:{value}", quoted(key)))
            .collect();
        members.insert(place.index(members.len() + 1), format!("\"id\":{}", quoted(&id)));
        members.insert(place.index(members.len() + 1), format!("\"type\":{}", quoted(&name)));
        let body = format!("{{{}}}", members.join(","));
        let subject = Setup::new().start(Kind::Core);
        prop_assert_eq!(subject.send(&sign::smile_api(body.clone())).status, 204, "{}", body);
        let seen = subject.seen().pop().expect("a run");
        prop_assert_eq!(&seen.raw[..], body.as_bytes());
        prop_assert_eq!(seen.event, name);
    }
}

/// Any JSON.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Into::into),
            vec(("[a-z]{1,6}", inner), 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}
