//! The body of an answer to a request that was not read to its end.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::Payload,
};
use bytes::Bytes;

/// Keeps the request's payload until the answer is written.
///
/// actix-http reads the rest of a chunked request for as long as it comes, if nobody holds its
/// payload. If somebody does, it closes the connection: after the answer it reads on for
/// `HttpServer::client_disconnect_timeout` (1 s by default), since closing at once would reset the
/// connection and lose the answer.
pub(crate) fn hold_until_written(response: HttpResponse, payload: Payload) -> HttpResponse {
    match payload {
        Payload::None => response,
        payload => response.map_body(|_, body| {
            BoxBody::new(HoldingBody {
                body,
                _payload: payload,
            })
        }),
    }
}

struct HoldingBody {
    body: BoxBody,
    _payload: Payload,
}

impl MessageBody for HoldingBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
