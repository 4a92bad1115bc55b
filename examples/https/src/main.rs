//! Receives Smile API's webhooks over HTTPS on axum. Both vendors send to HTTPS only; a proxy that ends TLS
//! does as well.
//!
//! `TLS_CERT=cert.pem TLS_KEY=key.pem SMILE_API_SECRET=.. cargo run -p https`

use std::{env, error::Error, net::SocketAddr, time::Duration};

use axum::{Router, http::StatusCode, routing::post};
use axum_server::{Handle, tls_rustls::RustlsConfig};
use smile_tower::{Secret, SmileEvent, SmileLayer};
use tokio::signal::ctrl_c;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init(); // refusals are logged with their reason
    let secret = Secret::new(env::var("SMILE_API_SECRET").unwrap_or_default())
        .map_err(|err| format!("SMILE_API_SECRET: {err}"))?;
    let [cert, key] = ["TLS_CERT", "TLS_KEY"]
        .map(|name| env::var(name).map_err(|_| format!("{name}: expected the path of a PEM file")));
    let tls = RustlsConfig::from_pem_file(cert?, key?).await?;
    let smile = SmileLayer::smile_api(secret).build();
    let app = Router::new().route("/webhooks/smile", post(on_event).route_layer(smile.clone()));

    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3443".into());
    let server = Handle::new();
    let handle = server.clone();
    tokio::spawn(async move {
        if let Some(address) = handle.listening().await {
            println!("listening on https://{address}");
        }
        let _ = ctrl_c().await;
        handle.graceful_shutdown(Some(Duration::from_secs(30)));
    });
    axum_server::bind_rustls(address.parse::<SocketAddr>()?, tls)
        .handle(server)
        .serve(app.into_make_service())
        .await?;
    smile.drain().await; // handlers whose sender went away
    Ok(())
}

async fn on_event(event: SmileEvent) -> StatusCode {
    println!("{} {}", event.event_type(), event.id());
    StatusCode::NO_CONTENT // anything but 2xx: the vendor sends the event again
}
