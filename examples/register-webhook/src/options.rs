//! Flags and environment variables, and the settings that they make.

use clap::{Parser, ValueEnum};
use smile_tower::smile_api::registration::{
    Credentials, Environment, InvalidInput, NewWebhook, Registration, Subscription,
};

/// Registers a webhook with Smile API, unless one like it is registered already.
///
/// Other users of the machine see flags in the list of processes: give secrets by the environment.
// No `Debug`, which would show them.
#[derive(Parser)]
#[command(name = "register-webhook", version)]
pub(crate) struct Options {
    /// Which of the vendor's systems; a key works in one of them only
    #[arg(long, env = "SMILE_ENVIRONMENT", default_value = "sandbox")]
    environment: System,

    /// Another address instead: https://.., or http://.. on this machine
    #[arg(long, env = "SMILE_BASE_URL", value_name = "URL")]
    base_url: Option<String>,

    /// The API key, from the Developer Portal
    #[arg(
        long,
        env = "SMILE_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    api_key: String,

    /// The API key's secret
    #[arg(
        long,
        env = "SMILE_API_KEY_SECRET",
        value_name = "S",
        hide_env_values = true
    )]
    api_secret: String,

    /// The webhook's name, for people
    #[arg(long, env = "SMILE_WEBHOOK_NAME", default_value = "register-webhook")]
    name: String,

    /// Where events are to be sent: https://..
    #[arg(long, env = "SMILE_WEBHOOK_URL", value_name = "URL")]
    url: String,

    /// What events are to be signed with, the same as the receiver's: 1 to 64 characters
    #[arg(
        long,
        env = "SMILE_WEBHOOK_SECRET",
        value_name = "S",
        hide_env_values = true
    )]
    secret: String,

    /// The events that are wanted, with commas between
    #[arg(
        long,
        env = "SMILE_WEBHOOK_EVENTS",
        value_name = "TYPES",
        value_delimiter = ',',
        default_value = "ALL_EVENTS"
    )]
    events: Vec<String>,

    /// Ask for the data itself in TASK_FINISHED and ACCOUNT_SYNC_TASK_FINISHED
    #[arg(long)]
    include_payload: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum System {
    Sandbox,
    Production,
}

impl Options {
    pub(crate) fn registration(&self) -> Result<Registration, InvalidInput> {
        let environment = match (&self.base_url, self.environment) {
            (Some(base_url), _) => Environment::at(base_url)?,
            (None, System::Sandbox) => Environment::Sandbox,
            (None, System::Production) => Environment::Production,
        };
        let credentials = Credentials::new(&self.api_key, &self.api_secret)?;
        Ok(Registration::new(environment, credentials))
    }

    pub(crate) fn webhook(&self) -> Result<NewWebhook, InvalidInput> {
        let events = self.events.iter().map(|name| name.trim());
        let webhook = NewWebhook::new(&self.name, &self.url, &self.secret)?.events(
            events
                .filter(|name| !name.is_empty())
                .map(Subscription::from),
        )?;
        Ok(if self.include_payload {
            webhook.include_payload()
        } else {
            webhook
        })
    }
}
