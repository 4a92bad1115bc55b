//! Other crates, set up as their documentation says. They get the deliveries of all others, and read
//! them into the structs of the handler written by hand.

use std::hint::black_box;

use crate::{
    event::Event,
    receiver::{Framework, Peer},
    subject::{Subject, on_actix},
};

mod actix_web_lab;
mod webhook_verify;

pub(crate) async fn open(peer: Peer) -> Box<dyn Subject> {
    match peer {
        Peer::WebhookVerify(Framework::Axum) => Box::new(webhook_verify::app_with_json()),
        Peer::WebhookVerify(Framework::Actix) => on_actix(webhook_verify::resource()).await,
        Peer::WebhookVerifyBytes => Box::new(webhook_verify::app_with_bytes()),
        Peer::RequestSignature => on_actix(actix_web_lab::resource()).await,
    }
}

/// Reads verified bytes. Returns whether they were an event.
fn read(body: &[u8]) -> bool {
    let event: Result<Event<String>, _> = serde_json::from_slice(body);
    black_box(&event).is_ok()
}
