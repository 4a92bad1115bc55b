//! The core's replies, written as HTTP responses.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode, Version,
    header::{CONNECTION, CONTENT_TYPE},
};
use smile_core::{Header, Rejection, Reply};

use crate::ResponseBody;

/// How a layer writes the responses of its own.
#[derive(Clone, Default)]
pub(crate) struct Responder {
    on_rejection: Option<OnRejection>,
}

type OnRejection = Arc<dyn Fn(&Rejection) -> Response<Bytes> + Send + Sync>;

impl Responder {
    pub(crate) fn refusing_with(
        respond: impl Fn(&Rejection) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        Self {
            on_rejection: Some(Arc::new(respond)),
        }
    }

    pub(crate) fn reply<B>(&self, reply: &Reply, version: Version) -> Response<ResponseBody<B>> {
        let mut response = response(reply);
        close(&mut response, reply, version);
        response.map(ResponseBody::own)
    }

    /// The user's own response or the problem document, with the rejection in its extensions.
    pub(crate) fn refuse<B>(
        &self,
        rejection: Rejection,
        version: Version,
    ) -> Response<ResponseBody<B>> {
        let reply = rejection.reply();
        let own = self.own_response(&rejection);
        let mut response = own.unwrap_or_else(|| response(&reply));
        close(&mut response, &reply, version);
        response.extensions_mut().insert(rejection);
        response.map(ResponseBody::own)
    }

    /// `None` where `on_rejection` is not set, and where it panics.
    fn own_response(&self, rejection: &Rejection) -> Option<Response<Bytes>> {
        let respond = self.on_rejection.as_ref()?;
        match catch_unwind(AssertUnwindSafe(|| respond(rejection))) {
            Ok(response) => Some(response),
            Err(_panic) => {
                tracing::error!(
                    target: "smile",
                    "`on_rejection` panicked: the sender gets the problem document"
                );
                None
            }
        }
    }
}

pub(crate) fn response(reply: &Reply) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(reply.body().as_bytes()));
    *response.status_mut() =
        StatusCode::from_u16(reply.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers() {
        response
            .headers_mut()
            .insert(header_name(name), header_value(value));
    }
    response
}

/// Only HTTP/1 has the header; a stream of HTTP/2 ends by itself.
fn close<B>(response: &mut Response<B>, reply: &Reply, version: Version) {
    if reply.closes() && version <= Version::HTTP_11 {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

fn header_name(name: &'static str) -> HeaderName {
    match name {
        "content-type" => CONTENT_TYPE,
        name => HeaderName::from_static(name),
    }
}

fn header_value(value: Header) -> HeaderValue {
    match value {
        Header::Text(text) => HeaderValue::from_static(text),
        Header::Number(number) => number.into(),
    }
}
