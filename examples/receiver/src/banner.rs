//! The text that the receiver prints when it is ready.

use std::net::SocketAddr;

use crate::{
    curl::Curl,
    options::{Secrets, Settings},
};

/// Prints where the receiver listens, and a `curl` line for each vendor.
pub(crate) fn print(settings: &Settings, address: SocketAddr) {
    let curl = Curl::new(settings);
    let host = address.to_string();
    println!("listening on http://{address}");
    println!();
    let (api, io) = (&settings.smile_api, &settings.smile_io);
    println!("Try Smile API{}:", note(api, "SMILE_API_SECRET"));
    println!("  {}", curl.new_event("smile-api", &host));
    println!();
    println!("Try Smile.io{}:", note(io, "SMILE_IO_SECRET"));
    println!("  {}", curl.new_event("smile-io", &host));
    println!();
    if let Some(url) = &settings.forward_to {
        println!("New events go on to {url}, which has to have the same secret.");
        println!();
    }
    println!("Then look at http://{address}/ or http://{address}/events");
}

/// Where the secret comes from.
fn note(secrets: &Secrets, variable: &str) -> String {
    match secrets.generated {
        Some(_) => format!(" ({variable} is not set, so the secret is made for this run)"),
        None => String::new(),
    }
}
