//! Sends a request, and reads the answer.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tower_service::Service;

use super::request::{Manner, Request, Sent};
use crate::{
    client::{self, Connector, HttpClient},
    failure::{Chain, Failure},
};

/// Where deliveries go.
#[derive(Clone)]
pub(crate) struct Transport {
    client: HttpClient<Sent>,
    connector: Connector,
    timeout: Duration,
}

/// What of an answer counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) is_duplicate: bool,
}

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

impl Transport {
    pub(crate) fn new(timeout: Duration) -> Result<Self, Failure> {
        let connector = client::connector()?;
        Ok(Self {
            client: client::over(connector.clone()),
            connector,
            timeout,
        })
    }

    /// The answer, or the reason why there is none.
    pub(crate) async fn send(&self, to: &Uri, request: Request) -> Result<Answer, String> {
        let sending = async {
            match request.manner {
                Manner::Whole | Manner::Chunked => self.send_well(to, request).await,
                Manner::Truncated | Manner::Slow | Manner::Early => {
                    self.send_by_hand(to, &request).await
                }
            }
        };
        match tokio::time::timeout(self.timeout, sending).await {
            Ok(result) => result.map_err(|err| Chain(&*err).to_string()),
            Err(_) => Err(format!("no answer within {} s", self.timeout.as_secs_f64())),
        }
    }

    async fn send_well(&self, to: &Uri, request: Request) -> Fallible<Answer> {
        let is_chunked = request.manner == Manner::Chunked;
        let mut sent = http::Request::post(to.clone())
            .header("content-type", "application/json")
            .header("user-agent", USER_AGENT);
        for (name, value) in &request.headers {
            sent = sent.header(*name, value);
        }
        let sent = sent.body(Sent::new(request.body, is_chunked))?;
        let (parts, body) = self.client.request(sent).await?.into_parts();
        // To the end, so that the connection can be used again.
        body.collect().await?;
        Ok(Answer::of(parts.status.as_u16(), &parts.headers))
    }

    /// Over a connection of its own, as no HTTP client would.
    async fn send_by_hand(&self, to: &Uri, request: &Request) -> Fallible<Answer> {
        let stream = self.connector.clone().call(to.clone()).await?;
        let (mut reader, mut writer) = tokio::io::split(TokioIo::new(stream));
        let writing = async {
            // An error here is the end of the connection, of which the reader learns as well.
            let _ = write(&mut writer, &head(to, request), request).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            answer = read_answer(&mut reader) => answer,
            () = writing => Err("the connection ended".into()),
        }
    }
}

impl Answer {
    fn of(status: u16, headers: &HeaderMap) -> Self {
        Self {
            status,
            is_duplicate: headers
                .get("smile-duplicate")
                .is_some_and(|value| value == "true"),
        }
    }
}

fn head(to: &Uri, request: &Request) -> Vec<u8> {
    let path = to.path_and_query().map_or("/", |path| path.as_str());
    let host = to.authority().map_or("", |host| host.as_str());
    let mut head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: {USER_AGENT}\r\ncontent-type: \
         application/json\r\ncontent-length: {}\r\n",
        request.body.len()
    );
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

async fn write(
    writer: &mut (impl AsyncWrite + Unpin),
    head: &[u8],
    request: &Request,
) -> std::io::Result<()> {
    let body: &Bytes = &request.body;
    writer.write_all(head).await?;
    if request.manner == Manner::Early {
        writer.write_all(body).await?;
        return writer.flush().await;
    }
    let (first, rest) = body.split_at(body.len() / 2);
    writer.write_all(first).await?;
    writer.flush().await?;
    if request.manner == Manner::Truncated {
        return writer.shutdown().await;
    }
    // Never the last byte: the body must not end.
    let (_, rest) = rest.split_last().unwrap_or((&0, rest));
    for byte in rest {
        tokio::time::sleep(Duration::from_secs(1)).await;
        writer.write_all(&[*byte]).await?;
        writer.flush().await?;
    }
    Ok(())
}

/// Reads the head of the answer; interim ones do not count.
async fn read_answer(reader: &mut (impl AsyncRead + Unpin)) -> Fallible<Answer> {
    let mut received = Vec::new();
    loop {
        if let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head: Vec<u8> = received.drain(..end + 4).collect();
            let (status, headers) = parse(&head).ok_or("the answer is no HTTP/1.1")?;
            if status.is_informational() {
                continue;
            }
            return Ok(Answer::of(status.as_u16(), &headers));
        }
        if received.len() > LONGEST_HEAD {
            return Err("the answer's head is longer than 64 KiB".into());
        }
        if reader.read_buf(&mut received).await? == 0 {
            return Err("the connection ended before an answer".into());
        }
    }
}

fn parse(head: &[u8]) -> Option<(StatusCode, HeaderMap)> {
    let mut lines = str::from_utf8(head).ok()?.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.get(2..5)?;
    let fields = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name: HeaderName = name.parse().ok()?;
        let value: HeaderValue = value.trim().parse().ok()?;
        Some((name, value))
    });
    Some((status.parse().ok()?, fields.collect()))
}

const USER_AGENT: &str = concat!("smile/", env!("CARGO_PKG_VERSION"));
const LONGEST_HEAD: usize = 64 << 10;
