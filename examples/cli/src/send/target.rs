//! Where deliveries go, and what signs them.

use clap::Args;
use http::Uri;
use smile_core::Secret;

use super::sender::Endpoint;
use crate::{client, failure::Failure, vendor::Vendor};

/// The endpoint, and its secret.
// No `Debug`, which would show the secret.
#[derive(Args)]
pub(crate) struct Target {
    /// The endpoint; without a path, the receiver's /webhooks/smile-api and /webhooks/smile-io
    #[arg(long, value_name = "URL", value_parser = client::address)]
    to: Uri,

    /// What signs [default: SMILE_API_SECRET or SMILE_IO_SECRET, by vendor]
    #[arg(long, value_name = "S")]
    secret: Option<String>,
}

impl Target {
    pub(super) fn has_path(&self) -> bool {
        self.to.path() != "/" || self.to.query().is_some()
    }

    /// The vendor that the path ends with, as the receiver's paths do.
    pub(super) fn vendor_of_path(&self) -> Option<Vendor> {
        let last = self.to.path().trim_end_matches('/').rsplit('/').next()?;
        let mut vendors = [Vendor::SmileApi, Vendor::SmileIo].into_iter();
        vendors.find(|vendor| vendor.name() == last)
    }

    pub(super) fn endpoint(&self, vendor: Vendor) -> Result<Endpoint, Failure> {
        let secret = vendor.secret(self.secret.as_deref())?;
        let secret = Secret::new(secret).map_err(Failure::usage)?;
        let to = match self.has_path() {
            true => self.to.clone(),
            false => {
                let base = self.to.to_string();
                let url = format!("{}/webhooks/{}", base.trim_end_matches('/'), vendor.name());
                url.parse().map_err(Failure::failed)?
            }
        };
        Ok(Endpoint { to, secret })
    }
}
