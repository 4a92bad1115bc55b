//! Receives Smile API's webhooks on axum: `SMILE_API_SECRET=.. cargo run -p quickstart-axum`.

use std::{env, error::Error};

use axum::{Router, http::StatusCode, routing::post};
use smile_tower::{Data, Secret, SmileEvent, SmileLayer};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init(); // refusals are logged with their reason
    let secret = Secret::new(env::var("SMILE_API_SECRET").unwrap_or_default())
        .map_err(|err| format!("SMILE_API_SECRET: {err}"))?;
    let smile = SmileLayer::smile_api(secret).build();
    let webhook = post(on_event).route_layer(smile.clone());
    let app = Router::new().route("/webhooks/smile", webhook);

    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    // Until Ctrl-C or SIGTERM; then what has begun gets 25 s to end.
    smile_tower::serve(listener, app).drain(&smile).await?;
    Ok(())
}

async fn on_event(event: SmileEvent) -> StatusCode {
    match event.data() {
        Ok(Data::AccountConnected(account)) => {
            println!("{:?} linked {:?}", account.user_id, account.account_id);
        }
        Ok(_) => println!("{} {}", event.event_type(), event.id()), // also types yet to come
        // Names the path in the JSON; `event.raw()` has every byte.
        Err(err) => println!("{}: {err}", event.id()),
    }
    StatusCode::NO_CONTENT // anything but 2xx: the vendor sends the event again
}
