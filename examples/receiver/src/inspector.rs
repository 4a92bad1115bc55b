//! The answers of the page's routes, the same on both frameworks.

use std::{net::SocketAddr, sync::OnceLock};

use serde::Deserialize;
use serde_json::json;
use smile_core::testkit::Sample;

use crate::{
    curl::Curl,
    dead::Answer,
    deliveries::Deliveries,
    log::Page,
    options::Settings,
    replay::Replay,
    viewer::{Asker, FOREIGN_PAGE, Viewer},
};

/// What the page's routes need beside the deliveries.
pub(crate) struct Inspector {
    curl: Curl,
    replay: Replay,
    has_inbox: bool,
    /// Where the receiver listens, once it does.
    address: OnceLock<SocketAddr>,
}

impl Inspector {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            curl: Curl::new(settings),
            replay: Replay::new(settings),
            has_inbox: settings.inbox.is_some(),
            address: OnceLock::new(),
        }
    }

    pub(crate) fn listens_on(&self, address: SocketAddr) {
        let _ = self.address.set(address);
    }

    /// What the page can do here. The command lines hold a generated secret, as the banner does.
    pub(crate) fn about(&self, deliveries: &Deliveries, asker: &Asker<'_>) -> Answer {
        let viewer = asker.viewer(deliveries.is_loopback());
        let host = asker.host.filter(|_| viewer == Viewer::Local);
        let curl = host.map(|host| {
            json!({
                "smile-api": self.curl.new_event("smile-api", host),
                "smile-io": self.curl.new_event("smile-io", host),
            })
        });
        let samples: Vec<_> = Sample::all()
            .iter()
            .filter(|_| viewer == Viewer::Local)
            .map(|sample| json!({"vendor": sample.vendor(), "type": sample.event_name()}))
            .collect();
        let about = json!({
            "boot": deliveries.boot(),
            "local": viewer == Viewer::Local,
            "inbox": self.has_inbox,
            "curl": curl,
            "samples": samples,
        });
        (200, about.to_string())
    }

    pub(crate) fn list(&self, deliveries: &Deliveries, page: &Page, asker: &Asker<'_>) -> Answer {
        let viewer = asker.viewer(deliveries.is_loopback());
        (200, deliveries.list(page, viewer))
    }

    pub(crate) fn show(&self, deliveries: &Deliveries, seq: &str, asker: &Asker<'_>) -> Answer {
        let viewer = asker.viewer(deliveries.is_loopback());
        let Some(entry) = seq.parse().ok().and_then(|seq| deliveries.get(seq)) else {
            return no_delivery(seq);
        };
        let host = asker.host.filter(|_| viewer == Viewer::Local);
        let curl = host
            .zip(entry.whole_body())
            .map(|(host, body)| self.curl.body(entry.vendor, host, body));
        (200, entry.to_detail(viewer, curl))
    }

    /// Delivers a body to this receiver again, signed anew.
    pub(crate) async fn replay(
        &self,
        deliveries: &Deliveries,
        seq: &str,
        asker: &Asker<'_>,
    ) -> Answer {
        let address = match self.may_act(deliveries, asker) {
            Ok(address) => address,
            Err(answer) => return answer,
        };
        let Some(entry) = seq.parse().ok().and_then(|seq| deliveries.get(seq)) else {
            return no_delivery(seq);
        };
        let Some(body) = entry.whole_body() else {
            return (409, format!("the body of delivery {seq} is not kept whole"));
        };
        self.replay.post(address, entry.vendor, body.clone()).await
    }

    /// Delivers a sample to this receiver.
    pub(crate) async fn send_sample(
        &self,
        deliveries: &Deliveries,
        wanted: &WantedSample,
        asker: &Asker<'_>,
    ) -> Answer {
        match self.may_act(deliveries, asker) {
            Ok(address) => self.replay.post_sample(address, &wanted.name).await,
            Err(answer) => answer,
        }
    }

    /// Where to deliver to, if this asker may make the receiver do so.
    fn may_act(&self, deliveries: &Deliveries, asker: &Asker<'_>) -> Result<SocketAddr, Answer> {
        if asker.viewer(deliveries.is_loopback()) == Viewer::Remote {
            let text = "only at a receiver that listens on loopback, and from its own machine";
            return Err((403, text.into()));
        }
        if asker.is_cross_origin() {
            return Err((403, FOREIGN_PAGE.into()));
        }
        let address = self.address.get().copied();
        address.ok_or_else(|| (503, "the receiver is starting".into()))
    }
}

/// The answer to a query that names no sample.
pub(crate) const NO_TYPE: &str = "expected ?type=ACCOUNT_CONNECTED or another of GET /inspector";

/// The query of `POST /samples`.
#[derive(Debug, Deserialize)]
pub(crate) struct WantedSample {
    #[serde(rename = "type")]
    name: String,
}

fn no_delivery(seq: &str) -> Answer {
    // What was asked for is a stranger's text.
    let text = match seq.parse::<u64>() {
        Ok(seq) => format!("no delivery {seq}: it never was, or newer ones took its place"),
        Err(_) => "no such delivery: expected a number".into(),
    };
    (404, text)
}
