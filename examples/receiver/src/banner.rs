//! The text that the receiver prints when it is ready.

use std::net::SocketAddr;

use crate::{curl::Curl, options::Settings};

/// Prints where the receiver listens, and a `curl` line for each vendor.
pub(crate) fn print(settings: &Settings, address: SocketAddr) {
    let curl = Curl::new(settings);
    let host = address.to_string();
    println!("listening on http://{address}");
    println!();
    println!("Try Smile API:");
    println!("  {}", curl.new_event("smile-api", &host));
    println!();
    println!("Try Smile.io:");
    println!("  {}", curl.new_event("smile-io", &host));
    println!();
    println!("Then look at http://{address}/ or http://{address}/events");
}
