//! Stores webhooks of Smile API, answers 200, and handles them later:
//! `SMILE_API_SECRET=.. cargo run -p inbox`.
//!
//! For PostgreSQL, put `PostgresInbox` in the place of `SqliteInbox`, and its feature.

use std::{env, error::Error};

use axum::{Router, routing::get};
use smile_store::SqliteInbox;
use smile_tower::{Data, Permanent, Secret, SmileEvent, SmileLayer, Worker};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init(); // failed runs and dead letters are logged
    let secret = Secret::new(env::var("SMILE_API_SECRET").unwrap_or_default())
        .map_err(|err| format!("SMILE_API_SECRET: {err}"))?;
    let url = env::var("INBOX_URL").unwrap_or_else(|_| "sqlite:inbox.db".into());
    let inbox = SqliteInbox::connect(&url).await?;
    inbox.create_schema().await?;

    let worker = Worker::new(inbox.clone()).handle(on_event).start();
    let smile = SmileLayer::smile_api(secret).inbox(inbox);
    let app = Router::new()
        .route_service("/webhooks/smile", smile)
        .route("/healthz", get(|| async { "ok" }));

    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    smile_tower::serve(listener, app).await?; // until Ctrl-C or SIGTERM
    worker.stop().await; // runs end, waiting events stay
    Ok(())
}

/// An error is tried again, a permanent one is a dead letter at once.
async fn on_event(event: SmileEvent) -> Result<(), Permanent> {
    match event.data() {
        Ok(Data::AccountConnected(account)) => {
            println!("{:?} linked {:?}", account.user_id, account.account_id);
        }
        Ok(_) => println!("{} {}", event.event_type(), event.id()), // also types yet to come
        // No later attempt reads it; after an update that does, replay it.
        Err(err) => return Err(Permanent::new(err)),
    }
    Ok(())
}
