//! A request's head, as the core wants to see it.

use std::net::IpAddr;

use actix_web::{
    HttpRequest,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderName},
};
use smile_core::Head;

pub(crate) struct RequestHead<'r>(pub(crate) &'r HttpRequest);

impl Head for RequestHead<'_> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn path(&self) -> &str {
        self.0.uri().path()
    }

    fn query(&self) -> Option<&str> {
        self.0.uri().query()
    }

    fn peer(&self) -> Option<IpAddr> {
        self.0.peer_addr().map(|peer| peer.ip())
    }

    fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
        let values = match known(name) {
            Some(name) => self.0.headers().get_all(name),
            None => self.0.headers().get_all(name),
        };
        values.for_each(|value| each(value.as_bytes()));
    }
}

/// The names that every request is asked for, parsed once and not with every look-up.
fn known(name: &str) -> Option<&'static HeaderName> {
    static SIGNATURE: HeaderName = HeaderName::from_static("smile-signature");
    static TIMESTAMP: HeaderName = HeaderName::from_static("smile-timestamp");
    Some(match name {
        "smile-signature" => &SIGNATURE,
        "smile-timestamp" => &TIMESTAMP,
        "content-encoding" => &CONTENT_ENCODING,
        "content-length" => &CONTENT_LENGTH,
        _ => return None,
    })
}
