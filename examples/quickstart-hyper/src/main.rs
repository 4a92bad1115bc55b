//! Receives Smile API's webhooks on bare hyper: `SMILE_API_SECRET=.. cargo run -p quickstart-hyper`.

use std::{convert::Infallible, env, error::Error};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use smile_tower::{Data, Delivery, Intake, Secret, SmileApi, SmileLayer};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init(); // refusals are logged with their reason
    let secret = Secret::new(env::var("SMILE_API_SECRET").unwrap_or_default())
        .map_err(|err| format!("SMILE_API_SECRET: {err}"))?;
    let smile = SmileLayer::with_body(Intake::smile_api(secret).build(), Full::new);
    let webhook = smile.layer(service_fn(on_event));

    let app = service_fn(move |request: Request<Incoming>| {
        let webhook = webhook.clone();
        async move {
            match request.uri().path() {
                "/webhooks/smile" => webhook.oneshot(request).await,
                _ => Ok(status(StatusCode::NOT_FOUND).map(Into::into)),
            }
        }
    });

    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // Until Ctrl-C or SIGTERM; then what has begun gets 25 s to end.
    smile_tower::serve(listener, app).drain(&smile).await?;
    Ok(())
}

async fn on_event(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let Some(event) = request.extensions().get::<Delivery<SmileApi>>() else {
        return Ok(status(StatusCode::INTERNAL_SERVER_ERROR)); // no layer is in front
    };
    match event.data() {
        Ok(Data::AccountConnected(account)) => {
            println!("{:?} linked {:?}", account.user_id, account.account_id);
        }
        Ok(_) => println!("{} {}", event.event_type(), event.id()), // also types yet to come
        Err(err) => println!("{}: {err}", event.id()),              // `event.raw()` has every byte
    }
    Ok(status(StatusCode::NO_CONTENT)) // anything but 2xx: the vendor sends the event again
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}
