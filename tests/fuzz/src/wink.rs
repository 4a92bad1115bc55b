//! Forwarded callbacks of the widget, which anybody can send.

use smile_core::smile_api::wink::{Hint, HintError, Payload};

use crate::{
    data::compare,
    json::{Members, text},
};

/// Reads a body as a forwarded callback, and expects that it is written as it was read.
pub fn wink(body: &[u8]) {
    let hint = Hint::parse(body);
    let members = Members::of(body);
    let name = members
        .as_ref()
        .and_then(|members| members.first("callback"));
    match (&hint, name.map(text)) {
        (Ok(hint), Some(Some(name))) => assert_eq!(hint.callback().as_str(), name),
        (Err(HintError::Wrapper(err)), Some(Some(_))) => panic!("{err}: {body:?}"),
        (Ok(_), None) if members.is_some() => panic!("no callback: {body:?}"),
        _ => {}
    }
    let Ok(hint) = hint else {
        return;
    };
    let json = serde_json::to_string(&hint).expect("hints are JSON");
    let again = Hint::parse(json.as_bytes()).expect("a second reading");
    assert_eq!(serde_json::to_string(&again).expect("hints are JSON"), json);
    assert_eq!(hint.clone().into_owned(), hint);
    if let Some(payload) = members.and_then(|members| members.very_first("payload")) {
        let written = serde_json::to_string(hint.payload()).expect("payloads are JSON");
        compare(payload, &written);
    }
    match hint.payload() {
        Payload::Close(closed) => drop(closed.reason()),
        Payload::UploadsCreated(uploads) | Payload::UploadsRemoved(uploads) => {
            drop(uploads.uploads());
        }
        Payload::UiEvent(event) => drop((event.account(), event.archive())),
        _ => {}
    }
}
