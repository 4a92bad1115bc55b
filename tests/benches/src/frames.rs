//! Bodies that come in frames of the bench's own making.

use std::{
    convert::Infallible,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use actix_http::error::PayloadError;
use bytes::Bytes;
use futures_core::Stream;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::clock::{Clock, Untimed};

/// How a body comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Arrival {
    /// At once, in the framework's own body.
    Whole,
    /// As from a server that reads into a buffer of one size.
    InFrames,
    /// At once, and what is done with it before the end is asked for is not timed. In ours that is
    /// the hash, a thousand times of what there is to be seen beside it.
    HashUntimed,
}

impl Arrival {
    /// What its receiving is timed by.
    pub(crate) fn clock(self) -> Clock {
        match self {
            Self::Whole | Self::InFrames => Clock::Thread,
            Self::HashUntimed => Clock::Wall,
        }
    }
}

/// What is left of a body.
#[derive(Debug)]
pub(crate) struct Frames {
    rest: Bytes,
    arrival: Arrival,
    untimed: Option<Untimed>,
}

const FRAME: usize = 16 << 10;

impl Frames {
    pub(crate) fn new(body: Bytes, arrival: Arrival) -> Self {
        Self {
            rest: body,
            arrival,
            untimed: None,
        }
    }

    fn next(&mut self) -> Option<Bytes> {
        self.untimed = None;
        if self.rest.is_empty() {
            return None;
        }
        Some(match self.arrival {
            Arrival::Whole => mem::take(&mut self.rest),
            Arrival::InFrames => self.rest.split_to(self.rest.len().min(FRAME)),
            Arrival::HashUntimed => {
                self.untimed = Some(Untimed::begin(self.arrival.clock()));
                mem::take(&mut self.rest)
            }
        })
    }
}

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next().map(|frame| Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len().try_into().unwrap_or(u64::MAX))
    }
}

impl Stream for Frames {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.next().map(Ok))
    }
}
