//! The crates of this workspace, set up as their documentation says.

use std::{hint::black_box, num::NonZeroUsize};

use smile_core::{Delivery, Intake, MemoryDedupe, Secret, SmileApi};

use crate::{delivery::SECRET, receiver::Handoff};

pub(crate) mod actix;
pub(crate) mod axum;

/// What a handler reads of an event.
pub(crate) trait Reading: Send + 'static {
    fn read(event: &Delivery<SmileApi>);
}

/// Its type and id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EnvelopeOnly;

/// Its data, typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Typed;

impl Reading for EnvelopeOnly {
    fn read(event: &Delivery<SmileApi>) {
        black_box((event.event_type(), event.id()));
    }
}

impl Reading for Typed {
    fn read(event: &Delivery<SmileApi>) {
        black_box(&event.data())
            .as_ref()
            .expect("the body is an event");
    }
}

pub(crate) fn intake(handoff: Handoff) -> Intake<SmileApi> {
    let intake = Intake::smile_api(secret());
    match handoff {
        Handoff::Direct => intake.direct().build(),
        Handoff::Deduplicated { capacity } => {
            let capacity = NonZeroUsize::new(capacity).expect("it is not 0");
            let memory = MemoryDedupe::bounded(capacity);
            intake.deduplicate(memory).build()
        }
    }
}

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET).expect("it is not empty")
}
