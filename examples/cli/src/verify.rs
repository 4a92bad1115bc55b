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

use clap::Args;
use serde::Serialize;

use self::{cause::Cause, search::Delivery};
use crate::{failure::Failure, vendor::Vendor};

/// Says whether a signature matches a body, and if not, why.
///
/// Reads the body from standard input. Give it the bytes as they were received.
// No `Debug`, which would show the secret.
#[derive(Args)]
pub(crate) struct Verify {
    /// Who signed [default: smile-io with a timestamp or 44 characters of base64, else smile-api]
    #[arg(long)]
    vendor: Option<Vendor>,

    /// The secret [default: SMILE_API_SECRET or SMILE_IO_SECRET, by vendor]
    #[arg(long, value_name = "S")]
    secret: Option<String>,

    /// The value of the header Smile-Signature
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    signature: String,

    /// The value of the header Smile-Timestamp, for Smile.io
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    timestamp: Option<String>,

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
    pub(crate) fn run(&self) -> Result<bool, Failure> {
        let vendor = self.vendor.unwrap_or_else(|| self.likely_vendor());
        let secret = vendor.secret(self.secret.as_deref())?;
        let body = read_body()?;
        let causes = search::explain(&Delivery {
            vendor,
            secret: &secret,
            signature: &self.signature,
            timestamp: self.timestamp.as_deref(),
            body: &body,
        });
        let verdict = Verdict {
            matches: causes.is_empty(),
            causes,
        };
        let text = if self.json {
            serde_json::to_string(&verdict).map_err(Failure::failed)?
        } else {
            self.describe(vendor, &verdict)
        };
        writeln!(io::stdout(), "{text}").map_err(Failure::failed)?;
        Ok(verdict.matches)
    }

    fn likely_vendor(&self) -> Vendor {
        let signature = self.signature.trim();
        if self.timestamp.is_some() || (signature.len() == 44 && signature.ends_with('=')) {
            Vendor::SmileIo
        } else {
            Vendor::SmileApi
        }
    }

    fn describe(&self, vendor: Vendor, verdict: &Verdict) -> String {
        let formula = scheme::formula(vendor);
        let title = vendor.title();
        if verdict.matches {
            let mut text = format!("the signature matches ({title}: {formula})");
            if let Some(age) = self.age().filter(|_| vendor == Vendor::SmileIo) {
                let off = age.unsigned_abs();
                let when = if age < 0 { "ahead" } else { "old" };
                if off > TOLERANCE {
                    text.push_str(&format!(
                        "\nnote: the timestamp is {off} s {when}: receivers accept {TOLERANCE} s, \
                         so they refuse this delivery now"
                    ));
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

    /// Seconds since the timestamp; negative if it is ahead.
    fn age(&self) -> Option<i64> {
        let then: i64 = self.timestamp.as_deref()?.parse().ok()?;
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()?;
        i64::try_from(now.as_secs()).ok()?.checked_sub(then)
    }
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
