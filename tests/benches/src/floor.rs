//! The least that can be done for a delivery, without any framework.

use std::hint::black_box;

use bytes::Bytes;

use crate::{
    by_hand::Receiver,
    delivery::Delivery,
    event::{Event, Text},
    subject::{Lap, Local, Subject, lap},
};

/// Checks the signature and copies the body once, which is what a socket costs.
pub(crate) struct Floor {
    receiver: Receiver,
    reads: Reads,
}

/// What the floor does after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    Nothing,
    /// One pass of `serde_json` into structs that borrow.
    Borrowed,
}

impl Floor {
    pub(crate) fn new(reads: Reads) -> Self {
        Self {
            receiver: Receiver::new(),
            reads,
        }
    }

    fn receive(&self, body: &Bytes, signature: Option<&str>) -> u16 {
        let body = Bytes::copy_from_slice(body);
        let signature = signature.map(str::as_bytes);
        if self.receiver.verify(signature, &body).is_err() {
            return 401;
        }
        if self.reads == Reads::Borrowed {
            let event: Result<Event<Text<'_>>, _> = serde_json::from_slice(&body);
            black_box(&event).as_ref().expect("the body is an event");
        }
        black_box(&body);
        204
    }
}

impl Subject for Floor {
    fn lap<'a>(&'a mut self, deliveries: &'a [Delivery]) -> Local<'a, Lap> {
        let parts = |delivery: &'a Delivery| (&delivery.body, delivery.header("smile-signature"));
        Box::pin(lap(deliveries, parts, async |(body, signature)| {
            self.receive(body, signature)
        }))
    }
}
