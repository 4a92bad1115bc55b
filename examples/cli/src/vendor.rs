//! The two vendors, and the secret of each.

use std::env;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Who signs, and how.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Vendor {
    /// HMAC-SHA512 of the body, in hex
    SmileApi,
    /// HMAC-SHA256 of timestamp, dot and body, in base64
    SmileIo,
}

impl Vendor {
    /// The value of `--vendor`, and of `vendor` in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SmileApi => "smile-api",
            Self::SmileIo => "smile-io",
        }
    }

    /// The name for people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::SmileApi => "Smile API",
            Self::SmileIo => "Smile.io",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::SmileApi => Self::SmileIo,
            Self::SmileIo => Self::SmileApi,
        }
    }

    /// The environment variable that has the secret.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::SmileApi => "SMILE_API_SECRET",
            Self::SmileIo => "SMILE_IO_SECRET",
        }
    }

    /// The secret of the flag, or else of the vendor's variable. It is kept as it is given.
    pub(crate) fn secret(self, flag: Option<&str>) -> Result<String, Failure> {
        let variable = self.variable();
        let (secret, source) = match flag {
            Some(secret) => (secret.to_owned(), "--secret"),
            None => (
                env::var(variable).map_err(|_| {
                    Failure::usage(format!(
                        "there is no secret of {}: give it by --secret or {variable}",
                        self.title()
                    ))
                })?,
                variable,
            ),
        };
        if secret.trim().is_empty() {
            return Err(Failure::usage(format!("{source} is blank")));
        }
        Ok(secret)
    }
}
