//! Events for inboxes, made by an endpoint as every event is.

use std::{
    convert::Infallible,
    error::Error,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::Stream;
use smile_core::{Accepted, EventKey, Head, Inbox, Intake, NewEvent, Secret, StoreError};

pub(crate) async fn new_event(id: &str) -> NewEvent {
    let kept = Arc::new(Kept::default());
    let endpoint = Intake::smile_api(Secret::new("a little secret").unwrap()).inbox(kept.clone());
    let admitted = endpoint.admit(&SignedHead).unwrap();
    let body = Once(Some(BODY.into()));
    endpoint.accept(admitted, body).await.unwrap();
    let mut event = kept.0.lock().unwrap().take().unwrap();
    event.key = EventKey::new(id);
    event
}

/// What a log shows of an error: its causes, each with the next.
pub(crate) fn causes(err: &impl Error) -> String {
    let mut causes = err.to_string();
    let mut next = err.source();
    while let Some(err) = next {
        causes = format!("{causes}: {err}");
        next = err.source();
    }
    causes
}

const BODY: &str = r#"{"id":"et-1","type":"ACCOUNT_CONNECTED","data":{"accountId":"a-1"}}"#;

/// printf %s "$BODY" | openssl dgst -sha512 -hmac 'a little secret'
const SIGNATURE: &str = concat!(
    "64f8b0bfed43ecb1240ac61f199441243f6685fb5f696bc7e1ab2794d201eccb",
    "d233c3647079768ee0ab97fb38bfe42507543ca9f2957795f31210db3297e61a",
);

struct SignedHead;

impl Head for SignedHead {
    fn method(&self) -> &str {
        "POST"
    }

    fn path(&self) -> &str {
        "/"
    }

    fn query(&self) -> Option<&str> {
        None
    }

    fn peer(&self) -> Option<IpAddr> {
        None
    }

    fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
        if name == "smile-signature" {
            each(SIGNATURE.as_bytes());
        }
    }
}

struct Once(Option<Bytes>);

impl Stream for Once {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

#[derive(Default)]
struct Kept(Mutex<Option<NewEvent>>);

impl Inbox for Kept {
    async fn accept(&self, event: NewEvent) -> Result<Accepted, StoreError> {
        *self.0.lock().unwrap() = Some(event);
        Ok(Accepted::New)
    }
}
