//! `smile verify`: why does this signature not match?

mod body;
mod cause;
mod json;
mod scheme;
mod search;
mod secret;
mod signature;

use std::{
    io::{self, IsTerminal, Read, Write},
    time::SystemTime,
};

use bytes::Bytes;
use clap::Args;
use http::Uri;
use serde::Serialize;

use self::{cause::Cause, search::Delivery};
use crate::{
    client,
    failure::Failure,
    receiver::Receiver,
    record::{Record, parsed},
    vendor::Vendor,
};

/// Says whether a signature matches a body, and if not, why.
///
/// Reads the body from standard input: the bytes as they were received. Or takes body, signature
/// and timestamp from a running receiver.
// No `Debug`, which would show the secret.
#[derive(Args)]
pub(crate) struct Verify {
    /// Who signed [default: smile-io with a timestamp or 44 characters of base64, else smile-api]
    #[arg(long)]
    vendor: Option<Vendor>,

    /// The secret that your application has [default: SMILE_API_SECRET or SMILE_IO_SECRET, by vendor]
    #[arg(long, value_name = "S")]
    secret: Option<String>,

    /// The value of the header Smile-Signature
    #[arg(
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        required_unless_present = "from"
    )]
    signature: Option<String>,

    /// The value of the header Smile-Timestamp, for Smile.io
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    timestamp: Option<String>,

    /// A running receiver to take the delivery from, such as http://127.0.0.1:3000
    #[arg(
        long,
        value_name = "URL",
        requires = "delivery",
        conflicts_with_all = ["signature", "timestamp"],
        value_parser = client::address
    )]
    from: Option<Uri>,

    /// The `seq` of the delivery of --from in /deliveries, which has refused ones, too
    #[arg(long, value_name = "N", requires = "from")]
    delivery: Option<u64>,

    /// Prints one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Verdict {
    matches: bool,
    causes: Vec<Cause>,
}

impl Verify {
    /// Returns whether the signature matches.
    pub(crate) async fn run(&self) -> Result<bool, Failure> {
        let received = match (&self.from, self.delivery) {
            (Some(from), Some(seq)) => self.of_receiver(&Receiver::at(from)?, seq).await?,
            _ => self.of_flags()?,
        };
        let vendor = received.vendor;
        let secret = vendor.secret(self.secret.as_deref())?;
        let causes = search::explain(&Delivery {
            vendor,
            secret: &secret,
            signature: &received.signature,
            timestamp: received.timestamp.as_deref(),
            body: &received.body,
        });
        let verdict = Verdict {
            matches: causes.is_empty(),
            causes,
        };
        let text = if self.json {
            serde_json::to_string(&verdict).map_err(Failure::failed)?
        } else {
            describe(&received, &verdict)
        };
        writeln!(io::stdout(), "{text}").map_err(Failure::failed)?;
        Ok(verdict.matches)
    }

    fn of_flags(&self) -> Result<Received, Failure> {
        let signature = self.signature.clone().unwrap_or_default();
        let timestamp = self.timestamp.clone();
        let is_smile_io = timestamp.is_some() || {
            let signature = signature.trim();
            signature.len() == 44 && signature.ends_with('=')
        };
        let likely = if is_smile_io {
            Vendor::SmileIo
        } else {
            Vendor::SmileApi
        };
        Ok(Received {
            vendor: self.vendor.unwrap_or(likely),
            signature,
            timestamp,
            body: read_body()?.into(),
            reason: None,
        })
    }

    async fn of_receiver(&self, receiver: &Receiver, seq: u64) -> Result<Received, Failure> {
        let answer = receiver.get(&format!("/deliveries/{seq}")).await?;
        let record: Record<'_> = parsed(&answer)?;
        let header = |name| record.header(name).map(str::to_owned);
        let signature = header("smile-signature").ok_or_else(|| {
            Failure::failed(
                "the delivery has no Smile-Signature: the sender sent none, or the receiver runs \
                 elsewhere; it shows signatures on its own machine alone",
            )
        })?;
        Ok(Received {
            vendor: self.vendor.unwrap_or(record.vendor),
            signature,
            timestamp: header("smile-timestamp"),
            body: record.body()?,
            reason: record.reason,
        })
    }
}

/// What was received, and from whom.
struct Received {
    vendor: Vendor,
    signature: String,
    timestamp: Option<String>,
    body: Bytes,
    /// What the receiver says of it.
    reason: Option<String>,
}

impl Received {
    /// Seconds since the timestamp; negative if it is ahead.
    fn age(&self) -> Option<i64> {
        let then: i64 = self.timestamp.as_deref()?.parse().ok()?;
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()?;
        i64::try_from(now.as_secs()).ok()?.checked_sub(then)
    }
}

fn describe(received: &Received, verdict: &Verdict) -> String {
    let vendor = received.vendor;
    let formula = scheme::formula(vendor);
    let title = vendor.title();
    if verdict.matches {
        let mut text = format!("the signature matches ({title}: {formula})");
        if let Some(age) = received.age().filter(|_| vendor == Vendor::SmileIo) {
            let off = age.unsigned_abs();
            let when = if age < 0 { "ahead" } else { "old" };
            if off > TOLERANCE {
                text.push_str(&format!(
                    "\nnote: the timestamp is {off} s {when}: receivers accept {TOLERANCE} s, \
                     so they refuse this delivery now"
                ));
            }
        }
        if let Some(reason) = &received.reason {
            text.push_str(&format!("\nnote: the receiver says: {reason}"));
            if reason.ends_with("answered 401") {
                text.push_str("; give the secret that the app has");
            }
        }
        return text;
    }
    let mut text = format!("the signature does not match ({title}: {formula})");
    for cause in &verdict.causes {
        text.push_str(&format!("\n- {}", cause.text));
    }
    text
}

fn read_body() -> Result<Vec<u8>, Failure> {
    let mut input = io::stdin().lock();
    if input.is_terminal() {
        eprintln!("reading the body from standard input; end it with Ctrl-D, or use `< file`");
    }
    let mut body = Vec::new();
    let result = input.by_ref().take(LARGEST_BODY + 1).read_to_end(&mut body);
    result.map_err(Failure::failed)?;
    if u64::try_from(body.len()).is_ok_and(|length| length > LARGEST_BODY) {
        return Err(Failure::usage("the body has over 64 MiB"));
    }
    Ok(body)
}

const LARGEST_BODY: u64 = 64 << 20;
/// What receivers accept by default, in seconds.
const TOLERANCE: u64 = 300;
