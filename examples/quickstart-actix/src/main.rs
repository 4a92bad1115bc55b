//! Receives Smile API's webhooks on actix-web: `SMILE_API_SECRET=.. cargo run -p quickstart-actix`.

use std::{env, error::Error};

use actix_web::{App, HttpResponse, HttpServer, web};
use smile_actix::{Data, Secret, SmileEvent, SmileMiddleware};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init(); // refusals are logged with their reason
    let secret = Secret::new(env::var("SMILE_API_SECRET").unwrap_or_default())
        .map_err(|err| format!("SMILE_API_SECRET: {err}"))?;
    // Built here and not in the factory, which runs once for each worker: one memory for all.
    let smile = SmileMiddleware::smile_api(secret).build();
    let server = HttpServer::new(move || {
        let webhook = web::resource("/webhooks/smile").wrap(smile.clone());
        App::new().service(webhook.route(web::post().to(on_event)))
    });

    let server = server.max_connections(256).shutdown_timeout(25); // seconds
    let server = server.bind("127.0.0.1:3000")?;
    println!("listening on http://{}", server.addrs()[0]);
    Ok(server.run().await?) // until Ctrl-C, or SIGTERM, which lets requests end first
}

async fn on_event(event: SmileEvent) -> HttpResponse {
    match event.data() {
        Ok(Data::AccountConnected(account)) => {
            println!("{:?} linked {:?}", account.user_id, account.account_id);
        }
        Ok(_) => println!("{} {}", event.event_type(), event.id()), // also types yet to come
        // Names the path in the JSON; `event.raw()` has every byte.
        Err(err) => println!("{}: {err}", event.id()),
    }
    HttpResponse::NoContent().finish() // anything but 2xx: the vendor sends the event again
}
