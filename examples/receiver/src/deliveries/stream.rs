//! Deliveries as server-sent events.
//!
//! `boot` comes first for a new reader, and for one whose last delivery is not here any more: from a
//! receiver before a restart, or older than all that is kept. It says that the list is to be loaded.
//! Then each delivery comes as `delivery`, the same JSON as in the list.

use std::{convert::Infallible, fmt::Write, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream::unfold};
use tokio::{sync::watch, time::timeout};

use super::{Deliveries, News};
use crate::viewer::Viewer;

struct Reader {
    deliveries: Arc<Deliveries>,
    viewer: Viewer,
    news: watch::Receiver<News>,
    first: Option<String>,
    /// The last sequence number that was sent.
    after: u64,
}

impl Deliveries {
    /// The text of the stream. It goes on after `last_event_id`, where it can.
    pub(crate) fn stream(
        self: &Arc<Self>,
        last_event_id: Option<&str>,
        viewer: Viewer,
    ) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
        let (first, after) = match last_event_id.and_then(|id| self.resume(id)) {
            Some(seq) => (format!("retry: {RETRY_MS}\n\n"), seq),
            None => {
                let boot = &self.boot;
                let newest = self.news.borrow().newest;
                let first = format!(
                    "retry: {RETRY_MS}\nevent: boot\nid: {boot}-{newest}\n\
                     data: {{\"boot\":\"{boot}\",\"newest\":{newest}}}\n\n"
                );
                (first, newest)
            }
        };
        let reader = Reader {
            deliveries: Arc::clone(self),
            viewer,
            news: self.news.subscribe(),
            first: Some(first),
            after,
        };
        unfold(reader, |mut reader| async move {
            let text = reader.next().await?;
            Some((Ok(text.into()), reader))
        })
    }

    /// The sequence number after which a stream goes on without a gap.
    fn resume(&self, last_event_id: &str) -> Option<u64> {
        let (boot, seq) = last_event_id.split_once('-')?;
        let seq: u64 = seq.parse().ok()?;
        let kept = self.lock();
        let without_gap = seq + 1 >= kept.oldest() && seq < kept.next;
        (boot == self.boot && without_gap).then_some(seq)
    }
}

impl Reader {
    /// `None` at the receiver's end.
    async fn next(&mut self) -> Option<String> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            if self.news.borrow_and_update().closed {
                return None;
            }
            let batch = self.deliveries.after(self.after, MOST_AT_ONCE);
            if let Some(last) = batch.last() {
                self.after = last.seq;
                let mut text = String::new();
                for entry in &batch {
                    let (boot, seq) = (&self.deliveries.boot, entry.seq);
                    let line = entry.to_line(self.viewer);
                    let _ = write!(text, "event: delivery\nid: {boot}-{seq}\ndata: {line}\n\n");
                }
                return Some(text);
            }
            match timeout(KEEP_ALIVE, self.news.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                // A comment, so that proxies keep the connection and a lost reader is noticed.
                Err(_) => return Some(":\n\n".into()),
            }
        }
    }
}

const RETRY_MS: u32 = 1000;
const MOST_AT_ONCE: usize = 256;
const KEEP_ALIVE: Duration = Duration::from_secs(15);
