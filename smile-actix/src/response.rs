//! The core's answers, written as HTTP responses.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
};
use smile_core::{Header, Reply};

pub(crate) fn response(reply: &Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::new(status)
        .set_body(reply.body())
        .map_into_boxed_body();
    for (name, value) in reply.headers() {
        let value = match value {
            Header::Text(text) => HeaderValue::from_static(text),
            Header::Number(number) => number.into(),
        };
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
    response
}

/// Only HTTP/1 has the header; actix-web leaves it out elsewhere.
pub(crate) fn close(response: &mut HttpResponse, reply: &Reply) {
    if reply.closes() {
        response
            .head_mut()
            .set_connection_type(actix_http::ConnectionType::Close);
    }
}
