//! The same on actix-web: `SMILE_API_SECRET=.. cargo run -p inbox --bin inbox-actix`.

use std::{env, error::Error};

use actix_web::{App, HttpServer, web};
use smile_actix::{Data, Permanent, Secret, SmileEvent, SmileMiddleware, Worker};
use smile_store::SqliteInbox;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init(); // failed runs and dead letters are logged
    let secret = Secret::new(env::var("SMILE_API_SECRET").unwrap_or_default())
        .map_err(|err| format!("SMILE_API_SECRET: {err}"))?;
    let url = env::var("INBOX_URL").unwrap_or_else(|_| "sqlite:inbox.db".into());
    let inbox = SqliteInbox::connect(&url).await?;
    inbox.create_schema().await?;

    let worker = Worker::new(inbox.clone()).handle(on_event).start();
    let smile = SmileMiddleware::smile_api(secret).inbox(inbox);
    let server = HttpServer::new(move || {
        App::new()
            .route("/webhooks/smile", web::to(smile.clone()))
            .route("/healthz", web::get().to(|| async { "ok" }))
    })
    .max_connections(256) // for each worker
    .shutdown_timeout(25) // seconds
    .bind("127.0.0.1:3000")?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
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
