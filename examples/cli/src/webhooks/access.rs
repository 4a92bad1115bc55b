//! Where webhooks are registered, and with which key.

use clap::{Args, ValueEnum};
use smile_tower::smile_api::registration::{Credentials, Environment, InvalidInput, Registration};

// No `Debug`, which would show the key's secret.
#[derive(Args)]
pub(super) struct Access {
    /// Which of the vendor's systems; a key works in one of them only
    #[arg(long, env = "SMILE_ENVIRONMENT", default_value = "sandbox")]
    environment: System,

    /// Another address instead: https://.., or http://.. on this machine
    #[arg(long, env = "SMILE_BASE_URL", value_name = "URL")]
    base_url: Option<String>,

    /// The API key's id, from the Developer Portal
    #[arg(
        long,
        env = "SMILE_API_KEY_ID",
        value_name = "ID",
        hide_env_values = true
    )]
    api_key_id: String,

    /// The API key's secret
    #[arg(
        long,
        env = "SMILE_API_KEY_SECRET",
        value_name = "S",
        hide_env_values = true
    )]
    api_key_secret: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum System {
    Sandbox,
    Production,
}

impl Access {
    pub(super) fn registration(&self) -> Result<Registration, InvalidInput> {
        let environment = match (&self.base_url, self.environment) {
            (Some(base_url), _) => Environment::at(base_url)?,
            (None, System::Sandbox) => Environment::Sandbox,
            (None, System::Production) => Environment::Production,
        };
        let credentials = Credentials::new(&self.api_key_id, &self.api_key_secret)?;
        Ok(Registration::new(environment, credentials))
    }
}
