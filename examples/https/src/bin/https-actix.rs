//! The same on actix-web:
//! `TLS_CERT=cert.pem TLS_KEY=key.pem SMILE_API_SECRET=.. cargo run -p https --bin https-actix`.

use std::{env, error::Error, sync::Arc};

use actix_web::{App, HttpResponse, HttpServer, http::KeepAlive, web};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use smile_actix::{Secret, SmileEvent, SmileMiddleware};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init(); // refusals are logged with their reason
    let secret = Secret::new(env::var("SMILE_API_SECRET").unwrap_or_default())
        .map_err(|err| format!("SMILE_API_SECRET: {err}"))?;
    let smile = SmileMiddleware::smile_api(secret).build();
    let server = HttpServer::new(move || {
        let webhook = web::resource("/webhooks/smile").wrap(smile.clone());
        App::new().service(webhook.route(web::post().to(on_event)))
    })
    // actix-web's deadline of 5 s is for the first head of a connection, so let there be one.
    .keep_alive(KeepAlive::Disabled)
    .max_connections(256) // for each worker, of which there is one for each processor
    .shutdown_timeout(25); // Kubernetes kills after 30 s
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3443".into());
    let server = server.bind_rustls_0_23(address, tls()?)?;
    println!("listening on https://{}", server.addrs()[0]);
    Ok(server.run().await?) // until Ctrl-C, or SIGTERM, which lets requests end first
}

fn tls() -> Result<ServerConfig, Box<dyn Error>> {
    let [cert, key] = ["TLS_CERT", "TLS_KEY"]
        .map(|name| env::var(name).map_err(|_| format!("{name}: expected the path of a PEM file")));
    let chain = CertificateDer::pem_file_iter(cert?)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key?)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?;
    Ok(config.with_no_client_auth().with_single_cert(chain, key)?)
}

async fn on_event(event: SmileEvent) -> HttpResponse {
    println!("{} {}", event.event_type(), event.id());
    HttpResponse::NoContent().finish() // anything but 2xx: the vendor sends the event again
}
