//! `smile dead`: the dead letters of a running receiver's inbox.

use bytes::Bytes;
use clap::{Args, Subcommand};
use http::Uri;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{client, failure::Failure, receiver::Receiver, table::Table};

/// Lists, shows and replays the dead letters of a receiver's inbox.
#[derive(Args, Debug)]
pub(crate) struct Dead {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the events that failed for good
    List {
        #[command(flatten)]
        at: At,
        /// Prints a line of JSON for each
        #[arg(long)]
        json: bool,
    },
    /// Shows one, with its body, as JSON
    Show {
        #[command(flatten)]
        at: At,
        id: i64,
    },
    /// Hands dead letters to the worker again
    Replay {
        #[command(flatten)]
        at: At,
        /// Their ids, as `smile dead list` shows them
        #[arg(required_unless_present = "all")]
        ids: Vec<i64>,
        /// All that are listed
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

#[derive(Args, Debug)]
struct At {
    /// The running receiver
    #[arg(
        long,
        value_name = "URL",
        value_parser = client::address,
        default_value = "http://127.0.0.1:3000"
    )]
    to: Uri,
}

/// An element of the receiver's `/dead`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Letter {
    id: i64,
    vendor: String,
    event_id: Option<String>,
    #[serde(rename = "type")]
    event_type: Option<String>,
    reason: String,
    error: String,
    attempts: u32,
    died_at: Option<String>,
}

impl Dead {
    pub(crate) async fn run(&self) -> Result<bool, Failure> {
        match &self.command {
            Command::List { at, json } => list(&Receiver::at(&at.to)?, *json).await?,
            Command::Show { at, id } => {
                let letter = Receiver::at(&at.to)?.get(&format!("/dead/{id}")).await?;
                println!("{}", pretty(&letter)?);
            }
            Command::Replay { at, ids, all } => {
                let receiver = Receiver::at(&at.to)?;
                let ids = match all {
                    true => letters(&receiver)
                        .await?
                        .iter()
                        .map(|(_, letter)| letter.id)
                        .collect(),
                    false => ids.clone(),
                };
                for id in &ids {
                    receiver.post(&format!("/dead/{id}/replay")).await?;
                    println!("dead letter {id} waits for the worker again");
                }
                if ids.is_empty() {
                    println!("there are no dead letters");
                }
            }
        }
        Ok(true)
    }
}

async fn list(receiver: &Receiver, json: bool) -> Result<(), Failure> {
    let letters = letters(receiver).await?;
    if json {
        letters.iter().for_each(|(line, _)| println!("{line}"));
        return Ok(());
    }
    if letters.is_empty() {
        println!("there are no dead letters");
        return Ok(());
    }
    let mut table = Table::new(&[
        "ID", "VENDOR", "TYPE", "EVENT", "REASON", "ATTEMPTS", "DIED", "ERROR",
    ]);
    for (_, letter) in letters {
        let text = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        table.row([
            letter.id.to_string(),
            letter.vendor,
            text(letter.event_type),
            text(letter.event_id),
            letter.reason,
            letter.attempts.to_string(),
            text(letter.died_at),
            letter.error,
        ]);
    }
    println!("{table}");
    Ok(())
}

/// All dead letters, with their lines.
async fn letters(receiver: &Receiver) -> Result<Vec<(String, Letter)>, Failure> {
    let mut all: Vec<(String, Letter)> = Vec::new();
    loop {
        let after = all.last().map_or(0, |(_, letter)| letter.id);
        let page = receiver.get(&format!("/dead?after={after}")).await?;
        let lines: Vec<&RawValue> = parsed(&page)?;
        if lines.is_empty() {
            return Ok(all);
        }
        for line in lines {
            all.push((line.get().to_owned(), parsed(line.get().as_bytes())?));
        }
    }
}

fn parsed<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(json).map_err(|err| {
        Failure::failed(format!(
            "the receiver's answer is not what its /dead gives: {err}"
        ))
    })
}

fn pretty(json: &Bytes) -> Result<String, Failure> {
    let value: serde_json::Value = parsed(json)?;
    serde_json::to_string_pretty(&value).map_err(Failure::failed)
}
