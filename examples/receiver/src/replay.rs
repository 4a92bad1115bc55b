//! Deliveries by the receiver to itself.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::json;
use smile_core::testkit::{Sample, Signer};

use crate::{dead::Answer, options::Settings};

/// Plays the vendors, with the receiver's own secrets.
pub(crate) struct Replay {
    smile_api: Signer,
    smile_io: Signer,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Replay {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            smile_api: Signer::smile_api(settings.smile_api.first()),
            smile_io: Signer::smile_io(settings.smile_io.first()),
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Delivers a new event of a type, with invented data.
    pub(crate) async fn post_sample(&self, address: SocketAddr, name: &str) -> Answer {
        let all = Sample::all();
        let Some(sample) = all.iter().find(|sample| sample.event_name() == name) else {
            return (404, "no such sample: GET /inspector lists the types".into());
        };
        self.post(address, sample.vendor(), sample.to_json().into())
            .await
    }

    /// Signs a body and delivers it. The answer says with which status it was taken.
    pub(crate) async fn post(&self, address: SocketAddr, vendor: &str, body: Bytes) -> Answer {
        let signer = match vendor {
            "smile-io" => &self.smile_io,
            _ => &self.smile_api,
        };
        let mut request = http::Request::post(format!("http://{address}/webhooks/{vendor}"))
            .header("content-type", "application/json")
            .header("user-agent", "smile-receiver");
        for (name, value) in signer.sign(&body) {
            request = request.header(name, value);
        }
        let request = match request.body(Full::new(body)) {
            Ok(request) => request,
            Err(err) => return (500, err.to_string()),
        };
        match self.client.request(request).await {
            Ok(response) => {
                let status = response.status().as_u16();
                (200, json!({ "status": status }).to_string())
            }
            Err(err) => (
                502,
                format!("the receiver could not deliver to itself: {err}"),
            ),
        }
    }
}
