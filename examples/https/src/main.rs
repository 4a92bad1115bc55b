//! Receives Smile API's webhooks over HTTPS on axum. Both vendors send to HTTPS only; a proxy that ends TLS
//! does as well.
//!
//! `TLS_CERT=cert.pem TLS_KEY=key.pem SMILE_API_SECRET=.. cargo run -p https`

use std::{env, error::Error, net::SocketAddr, time::Duration};

use axum::{Router, http::StatusCode, routing::post};
use axum_server::{Handle, tls_rustls::RustlsConfig};
use smile_tower::{Secret, SmileEvent, SmileLayer};
use tokio::{signal::ctrl_c, time::timeout};

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
        tokio::select! {
            _ = ctrl_c() => {}
            () = terminated() => {}
        }
        handle.graceful_shutdown(Some(Duration::from_secs(20)));
    });
    let mut server = axum_server::bind_rustls(address.parse::<SocketAddr>()?, tls)
        .handle(server)
        .first_request_timeout(HEAD_TIMEOUT);
    let mut http1 = server.http_builder().http1();
    http1.header_read_timeout(HEAD_TIMEOUT); // also the wait for the next request
    server.serve(app.into_make_service()).await?;
    // Handlers whose sender went away. Kubernetes kills after 30 s.
    let _ = timeout(Duration::from_secs(5), smile.drain()).await;
    Ok(())
}

/// What a container gets when it is to end.
#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => drop(terminate.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}

/// axum-server has no deadline for a head unless it gets one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

async fn on_event(event: SmileEvent) -> StatusCode {
    println!("{} {}", event.event_type(), event.id());
    StatusCode::NO_CONTENT // anything but 2xx: the vendor sends the event again
}
