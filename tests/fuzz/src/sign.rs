//! Signatures by the hash crates directly.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};

pub(crate) fn smile_api(secret: &[u8], body: &[u8]) -> [u8; 64] {
    let mac = Hmac::<Sha512>::new_from_slice(secret).expect("HMAC takes any key");
    mac.chain_update(body).finalize().into_bytes().into()
}

pub(crate) fn smile_io(secret: &[u8], timestamp: &[u8], body: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes any key");
    let signed = [timestamp, b".", body].concat();
    mac.chain_update(signed).finalize().into_bytes().into()
}

/// The header's text for Smile API.
pub(crate) fn hex(tag: &[u8]) -> Vec<u8> {
    hex::encode(tag).into_bytes()
}

/// The header's text for Smile.io.
pub(crate) fn base64(tag: &[u8]) -> Vec<u8> {
    STANDARD.encode(tag).into_bytes()
}
