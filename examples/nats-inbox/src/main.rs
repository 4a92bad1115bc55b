//! Receives Smile API's webhooks into a stream of NATS JetStream, and handles them from there.
//!
//! ```sh
//! nats-server -c nats.conf &
//! NATS_URL=nats://127.0.0.1:4222 SMILE_API_SECRET=.. cargo run -p nats-inbox
//! ```
//!
//! The endpoint answers 200 when the stream has acknowledged the event, and 503 when the server is
//! away or the stream is full. The vendor then sends the event again.
//!
//! # The server's settings
//!
//! ```text
//! max_payload: 8MB
//! jetstream { store_dir: "/var/lib/nats", sync_interval: always }
//! ```
//!
//! - **`sync_interval: always`** (from nats-server 2.10). By default the server acknowledges a
//!   message first and syncs its files every two minutes, so that a power cut [loses acknowledged
//!   events](https://github.com/nats-io/nats-server/issues/7564). No client can see this setting:
//!   the program does not check it. Without it three replicas bear the loss of one machine, but not
//!   a power cut for all, nor [one amid broken
//!   connections](https://github.com/nats-io/nats-server/issues/7567). A replicated stream refuses a
//!   repetition while the first is being stored; the answer is 503 then.
//! - **`max_payload`**: the default of 1 MB is less than the largest events. The program checks it.
//!
//! # The stream
//!
//! - Each event is published with its key as `Nats-Msg-Id`. The stream remembers it for 24 hours, in
//!   which a repetition is a duplicate, also after a restart. A later one is a new event.
//! - JetStream looks at the id alone. But it acknowledges a duplicate with the number of the first
//!   message, whose fingerprint the inbox compares: another body under a known id becomes a dead
//!   letter.
//! - A full stream refuses events and drops none. Handled ones stay, and all leave **after a week:
//!   also an event that nobody handled**, so watch the consumer's `num_pending`.
//! - Dead letters are in the subject `smile.dead`; their header `Smile-Dead` has the reason.
//!
//! # The handler
//!
//! It runs at least once for each event: make its effects idempotent. If it fails, the event comes
//! again after 1 s, 2 s, 4 s and so on up to an hour, and becomes a dead letter after 15 attempts.
//! If the process ends, its events come again after 75 s; if the server ends, it may forget that an
//! event was handled. Several processes share the events.

use std::{
    env::{self, VarError},
    error::Error,
    future::IntoFuture,
    io,
};

use axum::Router;
use nats_inbox::{BODY_LIMIT, JetStreamInbox, consume};
use smile_tower::{Data, Delivery, Secret, SmileApi, SmileLayer};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    tracing_subscriber::fmt::init(); // refusals and failures are logged with their reason
    let secret = Secret::new(env::var("SMILE_API_SECRET").unwrap_or_default())
        .map_err(|err| format!("SMILE_API_SECRET: {err}"))?;
    let url = match env::var("NATS_URL") {
        Err(VarError::NotPresent) => "nats://127.0.0.1:4222".to_owned(),
        url => url?,
    };
    let inbox = JetStreamInbox::connect(&url, STREAM_LIMIT)
        .await
        .map_err(|err| format!("{url}: {err}"))?;
    let smile = SmileLayer::smile_api(secret)
        .body_limit(BODY_LIMIT)?
        .inbox(inbox.clone());
    let app = Router::new().route_service("/webhooks/smile", smile);

    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let serve = smile_tower::serve(listener, app).into_future(); // until Ctrl-C or SIGTERM
    tokio::select! {
        served = serve => Ok(served?), // handlers that run are dropped: their events come again
        consumed = consume(&inbox, on_event) => consumed,
    }
}

async fn on_event(event: Delivery<SmileApi>) -> Result<(), io::Error> {
    match event.data() {
        Ok(Data::AccountConnected(account)) => {
            println!("{:?} linked {:?}", account.user_id, account.account_id);
        }
        Ok(_) => println!("{} {}", event.event_type(), event.id()), // also types yet to come
        // Names the path in the JSON; `event.raw()` has every byte.
        Err(err) => println!("{}: {err}", event.id()),
    }
    Ok(()) // an error: the event comes again
}

/// 1 GiB: half a million events of 2 KB.
const STREAM_LIMIT: i64 = 1 << 30;
