//! The core's answers, written as HTTP responses.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE},
    },
};
use smile_core::{Header, Rejection, Reply};

/// How a middleware writes its own answers.
#[derive(Clone, Default)]
pub(crate) struct Answers {
    on_rejection: Option<OnRejection>,
}

type OnRejection = Arc<dyn Fn(&Rejection) -> HttpResponse + Send + Sync>;

impl Answers {
    pub(crate) fn refusing_with(
        respond: impl Fn(&Rejection) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        Self {
            on_rejection: Some(Arc::new(respond)),
        }
    }

    /// The user's own response or the problem document, with the rejection in its extensions.
    pub(crate) fn refuse(&self, rejection: Rejection) -> HttpResponse {
        let reply = rejection.reply();
        let own = self.own_response(&rejection);
        let mut response = own.unwrap_or_else(|| response(&reply));
        close(&mut response, &reply);
        response.extensions_mut().insert(rejection);
        response
    }

    /// `None` where `on_rejection` is not set, and where it panics.
    fn own_response(&self, rejection: &Rejection) -> Option<HttpResponse> {
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

pub(crate) fn response(reply: &Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::new(status)
        .set_body(reply.body())
        .map_into_boxed_body();
    for (name, value) in reply.headers() {
        response
            .headers_mut()
            .insert(header_name(name), header_value(value));
    }
    response
}

/// Only HTTP/1 has the header; actix-web leaves it out elsewhere.
fn close(response: &mut HttpResponse, reply: &Reply) {
    if reply.closes() {
        response
            .head_mut()
            .set_connection_type(actix_http::ConnectionType::Close);
    }
}

/// The names of most answers, parsed once and not with every answer.
fn header_name(name: &'static str) -> HeaderName {
    match name {
        "content-type" => CONTENT_TYPE,
        "www-authenticate" => WWW_AUTHENTICATE,
        name => HeaderName::from_static(name),
    }
}

/// Likewise the values of a refused signature, the answer that strangers get.
fn header_value(value: Header) -> HeaderValue {
    static PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
    static CHALLENGE: HeaderValue = HeaderValue::from_static("Smile-Signature");
    match value {
        Header::Text("application/problem+json") => PROBLEM.clone(),
        Header::Text("Smile-Signature") => CHALLENGE.clone(),
        Header::Text(text) => HeaderValue::from_static(text),
        Header::Number(number) => number.into(),
    }
}
