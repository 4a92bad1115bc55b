//! Bodies: the request's on its way in, the response's on its way out.

use std::{
    error::Error,
    io,
    iter::successors,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Full, LengthLimitError};
use pin_project_lite::pin_project;
use smile_core::BodyError;

pin_project! {
    /// The data frames of a body. Trailers are left out: nobody signs them.
    pub(crate) struct DataStream<B> {
        #[pin]
        body: B,
    }
}

impl<B> DataStream<B> {
    pub(crate) fn new(body: B) -> Self {
        Self { body }
    }
}

impl<B> Stream for DataStream<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // Asks until there is no frame left and not until `is_end_stream`, which a body of unknown
        // length never says.
        let mut body = self.project().body;
        loop {
            match ready!(body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Some(Err(err)) => return Poll::Ready(Some(Err(body_error(err.into())))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// Names the error of a layer outside, wherever it stands among the causes.
fn body_error(err: Box<dyn Error + Send + Sync>) -> BodyError {
    let causes = || {
        let outermost: &(dyn Error + 'static) = &*err;
        successors(Some(outermost), |&err| err.source())
    };
    let is_limit = causes().any(|cause| cause.is::<LengthLimitError>());
    let is_timeout = causes().any(is_timeout);
    if is_limit {
        BodyError::TooLong(err)
    } else if is_timeout {
        BodyError::TimedOut(err)
    } else {
        BodyError::Broken(err)
    }
}

fn is_timeout(err: &(dyn Error + 'static)) -> bool {
    match err.downcast_ref::<io::Error>() {
        Some(err) => err.kind() == io::ErrorKind::TimedOut,
        // By its text: every version of tower-http has another type of this name.
        None => err.to_string() == "data was not received within the designated timeout",
    }
}

pin_project! {
    /// The body of a response: the inner service's, or one of our own answers.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProjection]
    #[derive(Debug)]
    enum Kind<B> {
        Inner { #[pin] body: B },
        Own { #[pin] body: Full<Bytes> },
    }
}

/// For a service of your own beside the layer's, which has to answer with one type.
impl<B> From<B> for ResponseBody<B> {
    fn from(body: B) -> Self {
        Self::inner(body)
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn inner(body: B) -> Self {
        Self {
            kind: Kind::Inner { body },
        }
    }

    pub(crate) fn own(body: Bytes) -> Self {
        Self {
            kind: Kind::Own {
                body: Full::new(body),
            },
        }
    }
}

/// Empty. Layers outside that answer by themselves, such as CORS and time-outs, make their bodies
/// so.
impl<B> Default for ResponseBody<B> {
    fn default() -> Self {
        Self::own(Bytes::new())
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProjection::Inner { body } => body.poll_frame(cx),
            KindProjection::Own { body } => body
                .poll_frame(cx)
                .map_err(|infallible| match infallible {}),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Own { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Own { body } => body.size_hint(),
        }
    }
}
