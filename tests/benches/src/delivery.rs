//! Signed requests, in no framework's form.

use bytes::{Bytes, BytesMut};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) kind: Kind,
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

/// What is special about a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Good,
    /// Its body comes in frames of 16 KiB, not in one.
    InFrames,
    SignatureMissing,
    SignatureWrong,
    /// It goes to a path without a route.
    WrongPath,
}

impl Kind {
    /// The status of the right answer.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Good | Self::InFrames => 204,
            Self::SignatureMissing | Self::SignatureWrong => 401,
            Self::WrongPath => 404,
        }
    }
}

impl Delivery {
    pub(crate) fn new(kind: Kind, body: Bytes) -> Self {
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
        let secret = match kind {
            Kind::SignatureWrong => "another secret",
            _ => SECRET,
        };
        if kind != Kind::SignatureMissing {
            let mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).expect("any key");
            let signature = mac.chain_update(&body).finalize().into_bytes();
            headers.push((SIGNATURE, hex::encode(signature)));
        }
        let path = match kind {
            Kind::WrongPath => "/nowhere",
            _ => PATH,
        };
        Self {
            kind,
            path,
            headers,
            body,
        }
    }

    pub(crate) fn signature(&self) -> Option<&str> {
        let found = self.headers.iter().find(|(name, _)| *name == SIGNATURE);
        found.map(|(_, value)| value.as_str())
    }

    /// A new copy of the body, as a server takes it out of its buffer: just written, and shared.
    pub(crate) fn read_body(&self) -> Bytes {
        BytesMut::from(&self.body[..]).split().freeze()
    }

    /// The head and the body, for a socket.
    pub(crate) fn to_wire(&self) -> Vec<u8> {
        let mut wire = format!("POST {} HTTP/1.1\r\n", self.path);
        for (name, value) in &self.headers {
            wire.extend([name, ": ", value, "\r\n"]);
        }
        wire += "\r\n";
        [wire.as_bytes(), &self.body].concat()
    }
}

/// The secret of every receiver.
pub(crate) const SECRET: &str = "a little secret, of the usual length";

/// The path of every receiver.
pub(crate) const PATH: &str = "/webhooks/smile";

/// The header with the signature.
pub(crate) const SIGNATURE: &str = "smile-signature";
