//! Signed requests, in no framework's form.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};

use crate::frames::{Arrival, Frames};

/// The secret of every receiver.
pub(crate) const SECRET: &str = "a little secret, of the usual length";

/// Where every receiver listens.
pub(crate) const PATH: &str = "/webhooks/smile";

/// How a sender signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "peers"),
    expect(dead_code, reason = "nobody else signs")
)]
pub(crate) enum Scheme {
    /// Smile API: HMAC-SHA512 in hex.
    Smile,
    /// GitHub: HMAC-SHA256 in hex.
    GitHub,
    /// Standard Webhooks: HMAC-SHA256 over id, time and body in base64.
    Standard,
}

impl Scheme {
    pub(crate) fn hash(self) -> &'static str {
        match self {
            Self::Smile => "SHA-512",
            Self::GitHub | Self::Standard => "SHA-256",
        }
    }
}

/// What is wrong with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flaw {
    None,
    SignatureMissing,
    /// As long as one, and of something else than digits.
    SignatureMalformed,
    SignatureWrong,
    /// It goes where nobody listens.
    Lost,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    pub(crate) arrival: Arrival,
}

impl Delivery {
    pub(crate) fn new(scheme: Scheme, flaw: Flaw, body: Bytes) -> Self {
        let mut headers = vec![
            ("host", "hooks.example.ph".to_owned()),
            (
                "user-agent",
                "Apache-HttpClient/5.1.3 (Java/17.0.2)".to_owned(),
            ),
            ("accept", "*/*".to_owned()),
            ("content-type", "application/json".to_owned()),
            ("content-length", body.len().to_string()),
        ];
        let secret = match flaw {
            Flaw::SignatureWrong => "another secret",
            _ => SECRET,
        };
        for (name, mut value) in signature(scheme, secret, &body) {
            match flaw {
                Flaw::SignatureMissing if name.contains("signature") => continue,
                Flaw::SignatureMalformed if name.contains("signature") => {
                    value.pop();
                    value.push('~');
                }
                _ => {}
            }
            headers.push((name, value));
        }
        let path = match flaw {
            Flaw::Lost => "/nowhere",
            _ => PATH,
        };
        Self {
            path,
            headers,
            body,
            arrival: Arrival::Whole,
        }
    }

    pub(crate) fn coming(self, arrival: Arrival) -> Self {
        Self { arrival, ..self }
    }

    /// The value of a header by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| *header == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn frames(&self) -> Frames {
        Frames::new(self.read_body(), self.arrival)
    }

    /// The body as a server takes it out of its buffer: just written, and shared.
    pub(crate) fn read_body(&self) -> Bytes {
        if self.body.len() > FITS_A_CACHE {
            return self.body.clone();
        }
        BytesMut::from(&self.body[..]).split().freeze()
    }

    /// As bytes for a socket: the head and the body.
    pub(crate) fn to_wire(&self) -> Vec<u8> {
        let mut wire = format!("POST {} HTTP/1.1\r\n", self.path);
        for (name, value) in &self.headers {
            wire.extend([name, ": ", value, "\r\n"]);
        }
        wire += "\r\n";
        let mut wire = wire.into_bytes();
        wire.extend_from_slice(&self.body);
        wire
    }
}

/// What is larger comes from main memory, be it written just now or not.
const FITS_A_CACHE: usize = 256 << 10;

fn signature(scheme: Scheme, secret: &str, body: &[u8]) -> Vec<(&'static str, String)> {
    match scheme {
        Scheme::Smile => vec![("smile-signature", hex::encode(sha512(secret, body)))],
        Scheme::GitHub => vec![
            (
                "x-github-delivery",
                "72d3162e-cc78-11e3-81ab-4c9367dc0958".to_owned(),
            ),
            ("x-github-event", "push".to_owned()),
            (
                "x-hub-signature-256",
                "sha256=".to_owned() + &hex::encode(sha256(secret, &[body])),
            ),
        ],
        Scheme::Standard => {
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .expect("it is after 1970")
                .as_secs()
                .to_string();
            let id = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
            let signed = [id.as_bytes(), b".", now.as_bytes(), b".", body];
            vec![
                ("webhook-id", id.to_owned()),
                (
                    "webhook-signature",
                    "v1,".to_owned() + &STANDARD.encode(sha256(secret, &signed)),
                ),
                ("webhook-timestamp", now),
            ]
        }
    }
}

fn sha512(secret: &str, body: &[u8]) -> [u8; 64] {
    let mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).expect("any key");
    mac.chain_update(body).finalize().into_bytes().into()
}

fn sha256(secret: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}
