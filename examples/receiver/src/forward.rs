//! Events handed on to another app, for `--forward-to`.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use smile_core::testkit::Signer;
use tokio::time::timeout;

use crate::{
    deliveries::{note_failure, signed_headers},
    options::Settings,
};

/// Where to hand events on to.
pub(crate) struct Forward {
    url: http::Uri,
    smile_api: Vec<Signer>,
    smile_io: Vec<Signer>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Forward {
    /// `None` without the flag.
    pub(crate) fn new(settings: &Settings) -> Option<Self> {
        Some(Self {
            url: settings.forward_to.clone()?,
            smile_api: settings.smile_api.all().map(Signer::smile_api).collect(),
            smile_io: settings.smile_io.all().map(Signer::smile_io).collect(),
            client: Client::builder(TokioExecutor::new()).build_http(),
        })
    }

    /// Hands a body on with the signature that came with it, and returns the app's status.
    ///
    /// An inbox keeps no signature, so a worker signs anew, with the secret that matched: that is
    /// the same signature for Smile API, and one with the present time for Smile.io.
    pub(crate) async fn hand_on(&self, vendor: &str, body: &Bytes, secret: usize) -> u16 {
        let signers = match vendor {
            "smile-io" => &self.smile_io,
            _ => &self.smile_api,
        };
        let signed = signed_headers().or_else(|| {
            let signed = signers.get(secret)?.sign(body).into_iter();
            Some(
                signed
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
            )
        });
        let mut request =
            http::Request::post(self.url.clone()).header("content-type", "application/json");
        for (name, value) in signed.unwrap_or_default() {
            request = request.header(name, value);
        }
        let Ok(request) = request.body(Full::new(body.clone())) else {
            return 500;
        };
        let url = &self.url;
        match timeout(LONGEST, self.client.request(request)).await {
            Ok(Ok(response)) => {
                let status = response.status().as_u16();
                if !response.status().is_success() {
                    tracing::warn!(target: "smile", %url, status, "the app refused the event");
                    let remedy = match status {
                        401 => "give the app and the receiver one secret; the app's log says more",
                        404 => "is this the app's route? Compare it with --forward-to",
                        _ => "look at the app's log",
                    };
                    note_failure(format!("the app at {url} answered {status}"), remedy);
                }
                status
            }
            Ok(Err(err)) => {
                let error: &dyn std::error::Error = &err;
                tracing::warn!(target: "smile", %url, error, "the app could not be reached");
                let reason = format!("the app at {url} could not be reached");
                note_failure(reason, "does the app run, and listen there?");
                502
            }
            Err(_) => {
                tracing::warn!(target: "smile", %url, "the app did not answer within {LONGEST:?}");
                let reason = format!("the app at {url} did not answer within {LONGEST:?}");
                note_failure(reason, "look at the app's log");
                504
            }
        }
    }
}

const LONGEST: Duration = Duration::from_secs(10);
