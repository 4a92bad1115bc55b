//! One verified event.

use std::{net::IpAddr, sync::LazyLock, time::Duration};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use smile_core::{Delivery, Head, KeyRing, Secret, Signature, SmileApi, Verification};

/// A delivery of the event that all models are about.
pub(crate) fn delivery() -> Delivery<SmileApi> {
    // Verified once, since every schedule needs it.
    static DELIVERY: LazyLock<Delivery<SmileApi>> = LazyLock::new(verify);
    DELIVERY.clone()
}

fn verify() -> Delivery<SmileApi> {
    let body = Bytes::from_static(br#"{"id":"et-1","type":"TASK_STARTED"}"#);
    let mac = Hmac::<Sha512>::new_from_slice(b"secret").expect("any key");
    let signature = hex::encode(mac.chain_update(&body).finalize().into_bytes());
    let ring = KeyRing::<SmileApi>::new(Secret::new("secret").expect("a secret"));
    let signature = Signature::read(&Signed(signature), 0, Duration::ZERO).expect("well formed");
    let verified = Verification::begin(&ring, signature, body.len())
        .push(body)
        .and_then(Verification::finish)
        .expect("signed");
    Delivery::read(verified).expect("an event")
}

struct Signed(String);

impl Head for Signed {
    fn method(&self) -> &str {
        "POST"
    }

    fn path(&self) -> &str {
        "/"
    }

    fn query(&self) -> Option<&str> {
        None
    }

    fn peer(&self) -> Option<IpAddr> {
        None
    }

    fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
        if name == "smile-signature" {
            each(self.0.as_bytes());
        }
    }
}
