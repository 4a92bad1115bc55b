//! The intake without any framework.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::Stream;
use smile_core::{Head, InboxIntake, Intake, IntakeResponse, Reply, Vendor};

use super::{Handler, Setup};
use crate::{Body, Request, Response, sign};

pub(super) fn send(setup: &Setup, request: &Request) -> Response {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.expect("a runtime").block_on(async {
        match RequestHead(request).path() {
            sign::SMILE_API => handle(&setup.smile_api, &setup.handler, request).await,
            sign::SMILE_IO => handle(&setup.smile_io, &setup.handler, request).await,
            sign::INBOX_SMILE_API => store(&setup.inbox_smile_api, request).await,
            sign::INBOX_SMILE_IO => store(&setup.inbox_smile_io, request).await,
            other => panic!("no route {other}"),
        }
    })
}

async fn handle<V: Vendor>(intake: &Intake<V>, handler: &Handler, request: &Request) -> Response {
    let admitted = match intake.admit(&RequestHead(request)) {
        Ok(admitted) => admitted,
        Err(rejection) => return response(&rejection.reply()),
    };
    let delivery = match intake.receive(admitted, chunks(request)).await {
        Ok(delivery) => delivery,
        Err(rejection) => return response(&rejection.reply()),
    };
    let run = |delivery| async move { handler.run(&delivery, None).await };
    let intake = intake.clone();
    match intake
        .hand_over(delivery, run, |status| Some(*status))
        .await
    {
        IntakeResponse::Handler(status) => response(&Reply::empty(status)),
        IntakeResponse::Reply(reply) => response(&reply),
        IntakeResponse::Rejected(rejection) => response(&rejection.reply()),
    }
}

async fn store<V: Vendor>(intake: &InboxIntake<V>, request: &Request) -> Response {
    let accepted = match intake.admit(&RequestHead(request)) {
        Ok(admitted) => intake.accept(admitted, chunks(request)).await,
        Err(rejection) => Err(rejection),
    };
    match accepted {
        Ok(reply) => response(&reply),
        Err(rejection) => response(&rejection.reply()),
    }
}

fn chunks(request: &Request) -> Chunks {
    let chunks = match request.body.clone() {
        Body::Whole(bytes) => vec![bytes],
        Body::Chunked(chunks) => chunks,
    };
    Chunks(chunks.into_iter())
}

fn response(reply: &Reply) -> Response {
    let mut headers: Vec<_> = reply
        .headers()
        .map(|(name, value)| (name.to_owned(), value.to_text().into_owned()))
        .collect();
    headers.sort();
    Response {
        status: reply.status(),
        headers,
        body: reply.body().into(),
    }
}

/// A request as the core sees it.
pub fn as_head(request: &Request) -> impl Head + '_ {
    RequestHead(request)
}

struct RequestHead<'r>(&'r Request);

impl Head for RequestHead<'_> {
    fn method(&self) -> &str {
        self.0.method
    }

    fn path(&self) -> &str {
        self.0.target.split('?').next().unwrap_or_default()
    }

    fn query(&self) -> Option<&str> {
        self.0.target.split_once('?').map(|(_, query)| query)
    }

    fn peer(&self) -> Option<IpAddr> {
        Some(Ipv4Addr::LOCALHOST.into())
    }

    fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
        let fields = self
            .0
            .headers
            .iter()
            .filter(|header| header.0.eq_ignore_ascii_case(name));
        fields.for_each(|header| each(&header.1));
    }
}

struct Chunks(std::vec::IntoIter<Bytes>);

impl Stream for Chunks {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}
