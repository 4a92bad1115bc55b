//! The typed data of every event: what is read is what is written.

use smile_core::{DataError, smile_api, smile_io};

use crate::{
    envelope::{read_smile_api, read_smile_io},
    json::{Exact, Members},
};

/// Reads the data of a body with Smile API's envelope.
pub fn smile_api_data(body: &[u8]) {
    let Ok(event) = read_smile_api(body) else {
        return;
    };
    assert_eq!(event.raw(), body);
    let data = event.data();
    check_error(data.as_ref().err(), body);
    if let Ok(data) = &data {
        let json = written(data);
        let again =
            smile_api::Data::from_json(event.event_type(), &json).expect("a second reading");
        assert_eq!(written(&again), json, "the second reading writes the same");
        let owned = data.clone().into_owned();
        assert_eq!(&owned, data);
        assert_eq!(written(&owned), json);
    }
    if let Some(text) = Members::of(body).and_then(|members| members.very_first("data")) {
        let alone = smile_api::Data::from_json(event.event_type(), text);
        assert_eq!(alone.as_ref().ok(), data.as_ref().ok(), "by itself");
        if let Ok(data) = &data {
            compare(text, &written(data));
        }
    }
}

/// Reads the data of a body with Smile.io's envelope.
pub fn smile_io_data(body: &[u8]) {
    let Ok(event) = read_smile_io(body) else {
        return;
    };
    assert_eq!(event.raw(), body);
    let data = event.data();
    check_error(data.as_ref().err(), body);
    if let Ok(data) = &data {
        let json = written(data);
        let again = smile_io::Data::from_json(event.topic(), &json).expect("a second reading");
        assert_eq!(written(&again), json, "the second reading writes the same");
        let owned = data.clone().into_owned();
        assert_eq!(&owned, data);
        assert_eq!(written(&owned), json);
    }
    if let Some(text) = Members::of(body).and_then(|members| members.very_first("data")) {
        let alone = smile_io::Data::from_json(event.topic(), text);
        assert_eq!(alone.as_ref().ok(), data.as_ref().ok(), "by itself");
        if let Ok(data) = &data {
            compare(text, &written(data));
        }
    }
}

fn written(data: &impl serde::Serialize) -> String {
    serde_json::to_string(data).expect("models are JSON")
}

/// Where the whole body is JSON, an error is about the data, and says where it is.
fn check_error(err: Option<&DataError>, body: &[u8]) {
    if let Some(err) = err
        && Members::of(body).is_some()
    {
        assert!(err.path().starts_with("data"), "{err}");
        assert!(err.line() > 0);
    }
}

/// Nothing is lost and nothing is made up: members in any order, scalars to the letter.
pub(crate) fn compare(read: &str, written: &str) {
    if let Some(expected) = Exact::of(read) {
        assert_eq!(Exact::of(written), Some(expected), "{read}");
    }
}
