//! Requests and responses of no framework.

use bytes::Bytes;

/// A request to send. Headers go out as they are given, repeated ones repeated.
#[derive(Clone, Debug)]
#[must_use]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The path, with its query.
    pub target: String,
    /// Names and values, in order; framing headers are added when it is sent.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Body,
}

/// A body and its framing.
#[derive(Clone, Debug)]
pub enum Body {
    /// With a `Content-Length`.
    Whole(Bytes),
    /// Chunked, without one.
    Chunked(Vec<Bytes>),
}

impl Body {
    /// All the bytes.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Whole(bytes) => bytes.to_vec(),
            Self::Chunked(chunks) => chunks.concat(),
        }
    }
}

impl Request {
    /// A POST of JSON without a signature.
    pub fn post(target: &str, body: impl Into<Bytes>) -> Self {
        Self {
            method: "POST",
            target: target.to_owned(),
            headers: vec![("content-type".into(), b"application/json".to_vec())],
            body: Body::Whole(body.into()),
        }
    }

    /// Sends it to the endpoint that stores, instead of the one with a handler.
    pub fn to_inbox(mut self) -> Self {
        self.target = self.target.replace("/webhooks/", "/inbox/");
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Removes a header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|header| header.0 != name);
        self
    }

    /// Replaces a header's value by what `change` makes of it.
    pub fn map_header(mut self, name: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Self {
        let header = self.headers.iter_mut().find(|header| header.0 == name);
        let (_, value) = header.expect("the header is there");
        *value = change(std::mem::take(value));
        self
    }

    /// Sends the body in chunks of `size` bytes.
    pub fn chunked(mut self, size: usize) -> Self {
        let bytes = Bytes::from(self.body.bytes());
        let cuts = (0..bytes.len()).step_by(size);
        self.body = Body::Chunked(
            cuts.map(|from| bytes.slice(from..bytes.len().min(from + size)))
                .collect(),
        );
        self
    }

    /// The request as it goes on the wire of HTTP/1.1.
    pub fn to_wire(&self) -> Vec<u8> {
        let mut wire = self.head_to_wire();
        match &self.body {
            Body::Whole(bytes) => wire.extend_from_slice(bytes),
            Body::Chunked(chunks) => {
                for chunk in chunks {
                    wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    wire.extend_from_slice(chunk);
                    wire.extend_from_slice(b"\r\n");
                }
                wire.extend_from_slice(b"0\r\n\r\n");
            }
        }
        wire
    }

    /// The head alone, framing headers included.
    pub fn head_to_wire(&self) -> Vec<u8> {
        let has = |name| self.headers.iter().any(|header| header.0 == name);
        let mut wire = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !has("host") {
            wire.push_str("host: localhost\r\n");
        }
        match &self.body {
            Body::Whole(bytes) => {
                if !has("content-length") {
                    wire.push_str(&format!("content-length: {}\r\n", bytes.len()));
                }
            }
            Body::Chunked(_) => wire.push_str("transfer-encoding: chunked\r\n"),
        }
        let mut wire = wire.into_bytes();
        for (name, value) in &self.headers {
            wire.extend_from_slice(name.as_bytes());
            wire.extend_from_slice(b": ");
            wire.extend_from_slice(value);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b"\r\n");
        wire
    }
}

/// A response received.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in lower case and values, sorted.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.0 == name)
            .map(|header| header.1.as_str())
    }

    /// What has to be equal on every framework: all but the date, the connection and the framing.
    pub fn comparable(&self) -> Self {
        let free = ["date", "connection", "content-length", "transfer-encoding"];
        let headers = self
            .headers
            .iter()
            .filter(|header| !free.contains(&header.0.as_str()));
        Self {
            status: self.status,
            headers: headers.cloned().collect(),
            body: self.body.clone(),
        }
    }

    /// Fails with the whole response where the status is another.
    #[track_caller]
    pub fn expect_status(&self, status: u16, what: &str) {
        assert_eq!(
            self.status,
            status,
            "{what}: {:?} {}",
            self.headers,
            String::from_utf8_lossy(&self.body)
        );
    }
}
