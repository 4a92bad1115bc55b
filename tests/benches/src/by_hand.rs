//! The handlers that people write themselves: the yardstick.
//!
//! They read the body into `Bytes`, compare an HMAC-SHA512 whose key was set up once, and read JSON
//! into structs. They have no deadline, no rotation, no tolerance for members of other shapes.

use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use sha2::Sha512;

use crate::delivery::SECRET;

pub(crate) mod actix;
pub(crate) mod axum;

/// The part that knows no framework.
#[derive(Debug)]
pub(crate) struct Verifier {
    mac: Hmac<Sha512>,
}

/// Why the answer is not 204.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    Unauthorized,
    NoEvent,
}

impl Verifier {
    pub(crate) fn new() -> Self {
        Self {
            mac: Hmac::new_from_slice(SECRET.as_bytes()).expect("any key"),
        }
    }

    pub(crate) fn verify(&self, signature: Option<&[u8]>, body: &[u8]) -> Result<(), Refusal> {
        let signature = signature.ok_or(Refusal::Unauthorized)?;
        let signature = hex::decode(signature).map_err(|_| Refusal::Unauthorized)?;
        let mut mac = self.mac.clone();
        mac.update(body);
        mac.verify_slice(&signature)
            .map_err(|_| Refusal::Unauthorized)
    }

    pub(crate) fn receive<E: DeserializeOwned>(
        &self,
        signature: Option<&[u8]>,
        body: &[u8],
    ) -> Result<E, Refusal> {
        self.verify(signature, body)?;
        serde_json::from_slice(body).map_err(|_| Refusal::NoEvent)
    }
}
