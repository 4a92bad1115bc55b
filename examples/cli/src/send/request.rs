//! A request to send, and how.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::SystemTime,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use smile_core::{Secret, testkit::Signer};

use crate::vendor::Vendor;

#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Without what the transport adds.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    pub(crate) manner: Manner,
}

/// How the body travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// With its length.
    Whole,
    /// In chunks, without its length.
    Chunked,
    /// Half of it, then the connection ends.
    Truncated,
    /// Half of it, then a byte each second.
    Slow,
    /// Whole, and an answer counts that comes before the end.
    Early,
}

impl Request {
    /// As the vendor signs it, at this moment.
    pub(crate) fn signed(vendor: Vendor, secret: &Secret, body: Bytes) -> Self {
        Self {
            headers: sign(vendor, secret, &body, 0),
            body,
            manner: Manner::Whole,
        }
    }
}

/// The vendor's headers, with a timestamp that is off by these seconds.
pub(crate) fn sign(
    vendor: Vendor,
    secret: &Secret,
    body: &[u8],
    off: i64,
) -> Vec<(&'static str, String)> {
    let signer = match vendor {
        Vendor::SmileApi => Signer::smile_api(secret),
        Vendor::SmileIo => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let now = now.map_or(0, |since| since.as_secs());
            Signer::smile_io(secret).at(now.saturating_add_signed(off))
        }
    };
    signer.sign(body)
}

/// A body with or without its length.
#[derive(Debug)]
pub(crate) struct Sent {
    rest: Bytes,
    is_chunked: bool,
}

impl Sent {
    pub(crate) fn new(body: Bytes, is_chunked: bool) -> Self {
        Self {
            rest: body,
            is_chunked,
        }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = match self.is_chunked {
            true => self.rest.len().min(CHUNK),
            false => self.rest.len(),
        };
        if length == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match u64::try_from(self.rest.len()) {
            Ok(length) if !self.is_chunked => SizeHint::with_exact(length),
            _ => SizeHint::default(),
        }
    }
}

const CHUNK: usize = 256;
