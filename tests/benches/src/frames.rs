//! Bodies that come in several frames, as from a server that reads into a buffer of one size.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{Router, body::Body};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};

use crate::{
    delivery::Delivery,
    subject::{Lap, Local, Subject, lap_of_app, request},
};

/// An app that gets its requests' bodies in frames.
pub(crate) struct InFrames(pub(crate) Router);

impl Subject for InFrames {
    fn lap<'a>(&'a mut self, deliveries: &'a [Delivery]) -> Local<'a, Lap> {
        lap_of_app(&self.0, deliveries, |delivery| {
            request::<Bytes>(delivery).map(|body| Body::new(Frames(body)))
        })
    }
}

/// What is left of a body.
struct Frames(Bytes);

const FRAME: usize = 16 << 10;

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let len = self.0.len().min(FRAME);
        let frame = (len > 0).then(|| Ok(Frame::data(self.0.split_to(len))));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}
