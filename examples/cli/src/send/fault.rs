//! What can be wrong with a delivery, and the answer that a receiver has to give.

use std::io::Write;

use bytes::Bytes;
use clap::ValueEnum;
use flate2::{Compression, write::GzEncoder};
use smile_core::Secret;

use super::request::{Manner, Request, sign};
use crate::{failure::Failure, vendor::Vendor};

/// A fault of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// A digit of the signature is another one
    BadSignature,
    /// There is no signature
    Missing,
    /// The timestamp is ten minutes old (Smile.io)
    Stale,
    /// The timestamp is ten minutes ahead (Smile.io)
    Future,
    /// The connection ends in the middle of the body
    TruncatedBody,
    /// The JSON was written anew after it was signed
    ReformattedJson,
    /// Another secret signed it
    WrongSecret,
    /// The signature comes twice
    TwoSignatures,
    /// The body is compressed
    Gzip,
    /// The body is one byte over the limit
    TooLarge,
    /// The body stops in the middle and waits
    SlowBody,
    /// It is signed as the other vendor does
    OtherVendor,
    /// The signed body is no JSON
    NotJson,
}

/// What the receiver allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The largest body, in bytes.
    pub(crate) body: usize,
    /// Whether the endpoint stores events in an inbox.
    pub(crate) is_inbox: bool,
}

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BadSignature => "bad-signature",
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Future => "future",
            Self::TruncatedBody => "truncated-body",
            Self::ReformattedJson => "reformatted-json",
            Self::WrongSecret => "wrong-secret",
            Self::TwoSignatures => "two-signatures",
            Self::Gzip => "gzip",
            Self::TooLarge => "too-large",
            Self::SlowBody => "slow-body",
            Self::OtherVendor => "other-vendor",
            Self::NotJson => "not-json",
        }
    }

    /// Whether the vendor's scheme has it: Smile API signs no timestamp.
    pub(crate) fn applies_to(self, vendor: Vendor) -> bool {
        !matches!(
            (self, vendor),
            (Self::Stale | Self::Future, Vendor::SmileApi)
        )
    }

    /// The status that `docs/answers.md` promises.
    pub(crate) fn expected(self, limits: Limits) -> u16 {
        match self {
            Self::BadSignature
            | Self::Missing
            | Self::Stale
            | Self::Future
            | Self::ReformattedJson
            | Self::WrongSecret
            | Self::TwoSignatures
            | Self::OtherVendor => 401,
            Self::TruncatedBody => 400,
            Self::Gzip => 415,
            Self::TooLarge => 413,
            Self::SlowBody => 408,
            // An inbox stores what was signed, and makes a dead letter of it.
            Self::NotJson if limits.is_inbox => 200,
            Self::NotJson => 422,
        }
    }

    /// The faulty request for a body.
    pub(crate) fn request(
        self,
        vendor: Vendor,
        secret: &Secret,
        body: &Bytes,
        limits: Limits,
    ) -> Result<Request, Failure> {
        let signed = |body: &Bytes| Request::signed(vendor, secret, body.clone());
        let mut request = signed(body);
        match self {
            Self::BadSignature => {
                for (name, value) in &mut request.headers {
                    if *name == SIGNATURE {
                        let other = if value.starts_with('0') { "1" } else { "0" };
                        value.replace_range(..1, other);
                    }
                }
            }
            Self::Missing => request.headers.retain(|(name, _)| *name != SIGNATURE),
            Self::Stale => request.headers = sign(vendor, secret, body, -TEN_MINUTES),
            Self::Future => request.headers = sign(vendor, secret, body, TEN_MINUTES),
            Self::TruncatedBody => request.manner = Manner::Truncated,
            Self::ReformattedJson => {
                let value: serde_json::Value =
                    serde_json::from_slice(body).map_err(Failure::failed)?;
                let text = serde_json::to_string_pretty(&value).map_err(Failure::failed)?;
                request.body = text.into();
            }
            Self::WrongSecret => {
                let other = Secret::new("not the receiver's secret").map_err(Failure::failed)?;
                request = Request::signed(vendor, &other, body.clone());
            }
            Self::TwoSignatures => {
                let twice = request
                    .headers
                    .iter()
                    .filter(|(name, _)| *name == SIGNATURE);
                let twice: Vec<_> = twice.cloned().collect();
                request.headers.extend(twice);
            }
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(body).map_err(Failure::failed)?;
                request = signed(&encoder.finish().map_err(Failure::failed)?.into());
                request.headers.push(("content-encoding", "gzip".into()));
            }
            Self::TooLarge => {
                let mut large = body.to_vec();
                large.resize(limits.body.saturating_add(1).max(large.len()), b' ');
                request = signed(&large.into());
                request.manner = Manner::Early;
            }
            Self::SlowBody => request.manner = Manner::Slow,
            Self::OtherVendor => request.headers = sign(vendor.other(), secret, body, 0),
            Self::NotJson => request = signed(&Bytes::from_static(b"this is no JSON")),
        }
        Ok(request)
    }
}

const SIGNATURE: &str = "smile-signature";
/// Twice what a receiver allows by default, in seconds.
const TEN_MINUTES: i64 = 600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_each_fault_with_its_answer() {
        const PAGE: &str = include_str!("../../../../docs/tool.md");
        let limits = Limits {
            body: 1,
            is_inbox: false,
        };
        for fault in Fault::value_variants() {
            let name = format!("`{}`", fault.name());
            let mut rows = PAGE.lines().filter(|line| line.starts_with('|'));
            let row = rows
                .find(|row| row.contains(&name))
                .unwrap_or_else(|| panic!("{name} has no row"));
            let expected = fault.expected(limits).to_string();
            let found = row.rsplit('|').nth(1).map(str::trim);
            assert!(
                found.is_some_and(|found| found.starts_with(&expected)),
                "{row}"
            );
        }
    }
}
