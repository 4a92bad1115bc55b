//! Registers a webhook with Smile API, unless one like it is registered already.
//!
//! ```text
//! export SMILE_API_KEY=.. SMILE_API_KEY_SECRET=.. SMILE_WEBHOOK_SECRET=..
//! cargo run -p register-webhook -- --environment sandbox \
//!     --url https://app.example/webhooks/smile --events TASK_FINISHED,ACCOUNT_FAILED
//! ```
//!
//! Run again, it finds what is there and creates nothing. It ends with an error where the webhook
//! is there with another secret, since its events would be refused. It never prints a secret.

mod options;

use std::{error::Error, fmt, process::ExitCode, time::Duration};

use clap::Parser;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use smile_tower::{
    RegistrationClient,
    smile_api::registration::{ApiErrorKind, Ensured, SecretMatch, Webhook},
};

use crate::options::Options;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(done) => {
            println!("{done}");
            ExitCode::SUCCESS
        }
        Err(err) => {
            eprintln!("register-webhook: {}", Chain(&*err));
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<String, Box<dyn Error>> {
    let (registration, webhook) = (options.registration()?, options.webhook()?);
    let https = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
        .https_or_http() // plain http to this machine only: `Environment::at` refuses the rest
        .enable_http1()
        .build();
    let http = Client::builder(TokioExecutor::new()).build(https);
    let client = RegistrationClient::new(registration, http);

    match tokio::time::timeout(DEADLINE, client.ensure(webhook)).await? {
        Ok(Ensured::Created(webhook)) => Ok(format!("created webhook {}", id(&webhook))),
        Ok(Ensured::Existing(webhook, SecretMatch::Same)) => {
            Ok(format!("webhook {} is there already", id(&webhook)))
        }
        Ok(Ensured::Existing(webhook, SecretMatch::Different)) => Err(format!(
            "webhook {} is there already, with another secret: delete it and run this again, or \
             let the receiver accept that secret too",
            id(&webhook)
        )
        .into()),
        Ok(Ensured::Existing(webhook, _)) => Ok(format!(
            "webhook {} is there already; the vendor does not tell with which secret",
            id(&webhook)
        )),
        Ok(other) => Ok(format!("the webhook is registered: {other:?}")),
        Err(err) => {
            match err.as_api().map(|err| err.kind()) {
                Some(ApiErrorKind::RateLimited) => eprintln!("wait a second and run this again"),
                Some(ApiErrorKind::Unauthorized) => {
                    eprintln!("check key and secret, and that they belong to this environment");
                }
                _ => {}
            }
            Err(err.into())
        }
    }
}

/// The vendor's id, fit for a terminal.
fn id(webhook: &Webhook<'_>) -> String {
    let id = webhook.id.as_deref().unwrap_or("without id");
    id.escape_debug().to_string()
}

/// An error with its sources.
struct Chain<'e>(&'e dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(err) = source {
            write!(f, ": {err}")?;
            source = err.source();
        }
        Ok(())
    }
}

/// For all requests together.
const DEADLINE: Duration = Duration::from_secs(60);
