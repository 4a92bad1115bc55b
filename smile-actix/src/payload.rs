//! The raw payload of a request, with its errors as the core names them.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{dev::Payload, error::PayloadError};
use bytes::Bytes;
use futures_core::Stream;
use smile_core::BodyError;

pub(crate) struct RawPayload<'p>(pub(crate) &'p mut Payload);

impl Stream for RawPayload<'_> {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut *self.0).poll_next(cx);
        next.map(|next| next.map(|chunk| chunk.map_err(body_error)))
    }
}

fn body_error(err: PayloadError) -> BodyError {
    match &err {
        PayloadError::Overflow => BodyError::TooLong(err.into()),
        PayloadError::Io(cause) if cause.kind() == io::ErrorKind::TimedOut => {
            BodyError::TimedOut(err.into())
        }
        _ => BodyError::Broken(err.into()),
    }
}
