//! The least that a delivery can cost, without any framework.

use std::hint::black_box;

use bytes::Bytes;

use crate::{
    by_hand::Verifier,
    delivery::Delivery,
    event::{Event, Text},
    receiver::Depth,
    subject::{Lap, Local, Subject, lap},
};

/// Checks the signature and copies the body once, as a socket does. Typed, it also reads the body
/// with `serde_json`, in one pass into structs that borrow.
pub(crate) struct Floor {
    pub(crate) verifier: Verifier,
    pub(crate) depth: Depth,
}

impl Floor {
    fn receive(&self, body: &Bytes, signature: Option<&str>) -> u16 {
        let body = Bytes::copy_from_slice(body);
        let signature = signature.map(str::as_bytes);
        if self.verifier.verify(signature, &body).is_err() {
            return 401;
        }
        if self.depth == Depth::Typed {
            let event: Result<Event<Text<'_>>, _> = serde_json::from_slice(&body);
            black_box(&event).as_ref().expect("the body is an event");
        }
        black_box(&body);
        204
    }
}

impl Subject for Floor {
    fn lap<'a>(&'a mut self, deliveries: &'a [Delivery]) -> Local<'a, Lap> {
        let parts = |delivery: &'a Delivery| (&delivery.body, delivery.signature());
        Box::pin(lap(deliveries, parts, async |(body, signature)| {
            self.receive(body, signature)
        }))
    }
}
