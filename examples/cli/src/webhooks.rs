//! `smile webhooks`: Smile API's registration of webhooks.

mod access;
mod plan;

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;
use smile_tower::{
    RegistrationClient, RegistrationError,
    smile_api::registration::{
        ApiErrorKind, NewWebhook, PageRequest, SecretMatch, Subscription, Webhook,
    },
};

use self::{
    access::Access,
    plan::{Plan, Wanted},
};
use crate::{
    client::{self, HttpClient},
    failure::Failure,
    names,
    table::Table,
};

/// Lists, ensures and deletes webhooks at Smile API.
#[derive(Args)]
pub(crate) struct Webhooks {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the registered webhooks, without their secrets
    List {
        #[command(flatten)]
        access: Access,
        /// Prints a line of JSON for each
        #[arg(long)]
        json: bool,
    },
    Ensure(Box<Ensure>),
    /// Deletes webhooks by their ids
    Delete {
        #[command(flatten)]
        access: Access,
        /// The ids, as `smile webhooks list` shows them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

/// Registers a webhook, unless one like it is registered.
///
/// One with the same URL and some of the events is replaced by one that has all of them: the new one
/// is created first, so no event is lost.
#[derive(Args)]
struct Ensure {
    #[command(flatten)]
    access: Access,

    /// The webhook's name, for people
    #[arg(long, env = "SMILE_WEBHOOK_NAME", default_value = "smile")]
    name: String,

    /// Where events are to be sent: https://..
    #[arg(long, env = "SMILE_WEBHOOK_URL")]
    url: String,

    /// What signs events, the same as the receiver's: 1 to 64 characters
    #[arg(
        long,
        env = "SMILE_API_SECRET",
        value_name = "S",
        hide_env_values = true
    )]
    secret: String,

    /// The wanted events, with commas between
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

type Client = RegistrationClient<HttpClient>;

impl Webhooks {
    pub(crate) async fn run(&self) -> Result<bool, Failure> {
        let work = async {
            match &self.command {
                Command::List { access, json } => list(&connect(access)?, *json).await,
                Command::Ensure(ensure) => ensure.run().await,
                Command::Delete { access, ids } => delete(&connect(access)?, ids).await,
            }
        };
        match tokio::time::timeout(DEADLINE, work).await {
            Ok(result) => result.map(|()| true),
            Err(_) => Err(Failure::failed(format!(
                "Smile API did not answer within {} s",
                DEADLINE.as_secs()
            ))),
        }
    }
}

impl Ensure {
    async fn run(&self) -> Result<(), Failure> {
        let wanted = Wanted {
            url: &self.url,
            events: self.events()?,
            include_payload: self.include_payload,
            secret: &self.secret,
        };
        // Checks the limits before anything is sent.
        self.webhook(&wanted.events)?;
        let client = connect(&self.access)?;
        let plan = plan::make(&all(&client).await?, &wanted).map_err(Failure::failed)?;
        match plan {
            Plan::Keep { id, secret, delete } => {
                match secret {
                    SecretMatch::Same => println!("webhook {} is there already", shown(&id)),
                    _ => println!(
                        "webhook {} is there already; the vendor does not tell with which secret",
                        shown(&id)
                    ),
                }
                for id in delete {
                    client.delete(&id).await.map_err(explained)?;
                    println!(
                        "deleted webhook {}, which sent the same events again",
                        shown(&id)
                    );
                }
            }
            Plan::Create { events, delete } => {
                let created = client
                    .create(&self.webhook(&events)?)
                    .await
                    .map_err(explained)?;
                println!("created webhook {}", shown(id_of(&created)));
                for id in delete {
                    client.delete(&id).await.map_err(|err| {
                        eprintln!(
                            "webhook {} still sends some of the events again: run this once more",
                            shown(&id)
                        );
                        explained(err)
                    })?;
                    println!("deleted webhook {}, which it replaces", shown(&id));
                }
            }
        }
        Ok(())
    }

    fn events(&self) -> Result<Vec<Subscription>, Failure> {
        let mut known = names::of_smile_api();
        known.push(Subscription::All.as_str().to_owned());
        let events = self.events.iter().map(|name| name.trim());
        events
            .filter(|name| !name.is_empty())
            .map(|name| match known.iter().any(|known| known == name) {
                true => Ok(Subscription::from(name)),
                false => Err(Failure::usage(names::unknown("event", name, &known))),
            })
            .collect()
    }

    fn webhook(&self, events: &[Subscription]) -> Result<NewWebhook, Failure> {
        let webhook = NewWebhook::new(&self.name, &self.url, &self.secret)
            .and_then(|webhook| webhook.events(events.iter().cloned()))
            .map_err(Failure::usage)?;
        Ok(match self.include_payload {
            true => webhook.include_payload(),
            false => webhook,
        })
    }
}

fn connect(access: &Access) -> Result<Client, Failure> {
    let registration = access.registration().map_err(Failure::usage)?;
    Ok(RegistrationClient::new(registration, client::client()?))
}

async fn list(client: &Client, json: bool) -> Result<(), Failure> {
    let mut table = Table::new(&["ID", "NAME", "URL", "ACTIVE", "PAYLOAD", "EVENTS"]);
    for webhook in all(client).await? {
        let events: Vec<&str> = webhook
            .event_types
            .iter()
            .map(Subscription::as_str)
            .collect();
        let is_active = webhook.active.unwrap_or(true);
        let has_payload = webhook.include_payload.unwrap_or(false);
        if json {
            let line = json!({
                "id": webhook.id.as_deref(),
                "name": webhook.name.as_deref(),
                "url": webhook.url.as_deref(),
                "active": is_active,
                "includePayload": has_payload,
                "eventTypes": events,
            });
            println!("{line}");
        } else {
            let yes = |value: bool| if value { "yes" } else { "no" };
            table.row([
                id_of(&webhook),
                webhook.name.as_deref().unwrap_or("-"),
                webhook.url.as_deref().unwrap_or("-"),
                yes(is_active),
                yes(has_payload),
                &events.join(","),
            ]);
        }
    }
    if !json {
        println!("{table}");
    }
    Ok(())
}

async fn delete(client: &Client, ids: &[String]) -> Result<(), Failure> {
    for id in ids {
        client.delete(id).await.map_err(explained)?;
        println!("deleted webhook {}", shown(id));
    }
    Ok(())
}

/// The webhooks of all pages.
async fn all(client: &Client) -> Result<Vec<Webhook<'static>>, Failure> {
    let mut webhooks = Vec::new();
    let mut request = PageRequest::first();
    let mut cursor = String::new();
    for _ in 0..MOST_PAGES {
        let page = client.list(&request).await.map_err(explained)?;
        let next = page.next_cursor.as_deref().unwrap_or_default().to_owned();
        webhooks.extend(page);
        if next.is_empty() {
            return Ok(webhooks);
        }
        if next == cursor {
            break;
        }
        request = PageRequest::at(&next);
        cursor = next;
    }
    Err(Failure::failed(RegistrationError::EndlessList))
}

/// With a hint where one helps.
fn explained(err: RegistrationError) -> Failure {
    match err.as_api().map(|err| err.kind()) {
        Some(ApiErrorKind::RateLimited) => eprintln!("wait a second and run this again"),
        Some(ApiErrorKind::Unauthorized) => {
            eprintln!("check key and secret, and that they belong to this environment");
        }
        Some(ApiErrorKind::NotFound) => {
            eprintln!("`smile webhooks list` shows the ids of this environment");
        }
        _ => {}
    }
    Failure::failed(err)
}

fn id_of<'w>(webhook: &'w Webhook<'_>) -> &'w str {
    webhook.id.as_deref().unwrap_or("without id")
}

/// The vendor's text, fit for a terminal.
fn shown(text: &str) -> String {
    text.escape_debug().to_string()
}

/// For all requests together.
const DEADLINE: Duration = Duration::from_secs(60);
const MOST_PAGES: usize = 100;
