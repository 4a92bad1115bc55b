//! Publishes each event once, and waits until the stream has it.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    connection::State,
    jetstream::{
        self, Context,
        context::CreateStreamError,
        message::PublishMessage,
        publish::PublishAck,
        stream::{Config, DiscardPolicy, StorageType, Stream},
    },
};
use bytes::Bytes;
use smile_tower::{Accepted, Inbox, NewEvent, StoreError};

use crate::headers;

/// An inbox in the stream `SMILE`.
#[derive(Clone, Debug)]
pub struct JetStreamInbox {
    context: Context,
    stream: Stream,
}

impl JetStreamInbox {
    /// Connects and creates the stream, which refuses events when it holds this many bytes.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached, takes only small messages, or has a stream of that name with
    /// other settings.
    pub async fn connect(url: &str, max_bytes: i64) -> Result<Self, async_nats::Error> {
        let client = async_nats::connect(url).await?;
        let largest = client.max_payload();
        if largest < BODY_LIMIT + HEADER_LIMIT {
            let err = format!("the server takes {largest} bytes at most: raise its max_payload");
            return Err(err.into());
        }
        let context = jetstream::new(client);
        let stream = create_stream(&context, max_bytes).await?;
        Ok(Self { context, stream })
    }

    /// The stream.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.context.client().connection_state() == State::Connected
    }

    /// Returns when the stream has acknowledged the message.
    pub(crate) async fn publish(
        &self,
        subject: &'static str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<PublishAck, StoreError> {
        if !self.is_connected() {
            // The client would keep the message and send it some time later.
            return Err(StoreError::new("there is no connection to the server"));
        }
        let message = PublishMessage::build()
            .headers(headers)
            .payload(body)
            .expected_stream(STREAM);
        let sent = self.context.send_publish(subject, message).await;
        sent.map_err(StoreError::new)?
            .await
            .map_err(StoreError::new)
    }
}

impl Inbox for JetStreamInbox {
    /// Dropped before the acknowledgement, the event may be stored all the same: the sender's next
    /// attempt is a duplicate then.
    async fn accept(&self, event: NewEvent) -> Result<Accepted, StoreError> {
        if event.retention > WINDOW {
            return Err(StoreError::new(
                "the stream forgets ids before the retention ends",
            ));
        }
        let publish = |event: &NewEvent| {
            let subject = if event.dead.is_some() { DEAD } else { EVENTS };
            self.publish(subject, headers::of_event(event), event.body.clone())
        };
        let ack = publish(&event).await?;
        if !ack.duplicate {
            return Ok(Accepted::New);
        }
        // The number is that of the first message, which nobody can change or delete.
        let first = self.stream.get_raw_message(ack.sequence).await;
        let first = headers::fingerprint(&first.map_err(StoreError::new)?.headers)
            .ok_or_else(|| StoreError::new("the first message under the id is not the inbox's"))?;
        if !event.fingerprint.contradicts(&first) {
            return Ok(Accepted::Duplicate);
        }
        publish(&event.into_id_reuse()).await?;
        Ok(Accepted::IdReuse)
    }
}

async fn create_stream(context: &Context, max_bytes: i64) -> Result<Stream, CreateStreamError> {
    // Fails where the settings differ, unlike `get_or_create_stream`.
    let stream = context.create_stream(Config {
        name: STREAM.into(),
        subjects: vec![EVENTS.into(), DEAD.into()],
        storage: StorageType::File,
        num_replicas: 1, // three in a cluster
        duplicate_window: WINDOW,
        max_age: MAX_AGE,
        max_bytes,
        discard: DiscardPolicy::New,
        deny_delete: true,
        deny_purge: true,
        ..Config::default()
    });
    stream.await
}

/// The longest body that is received: the default of the endpoint.
pub const BODY_LIMIT: usize = 4 << 20;

/// The subject of events.
pub const EVENTS: &str = "smile.events";

/// The subject of dead letters.
pub const DEAD: &str = "smile.dead";

const STREAM: &str = "SMILE";

/// More than all headers together.
const HEADER_LIMIT: usize = 4 << 10;

/// How long the stream remembers ids: as long as the endpoint asks by default.
const WINDOW: Duration = Duration::from_secs(24 * 3600);

/// How long the stream keeps messages: longer than their ids, since `accept` reads them.
const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 3600);
