//! `smile replay`: sends what was received before, signed anew.

use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
};

use bytes::Bytes;
use clap::Args;
use http::Uri;

use crate::{
    client,
    failure::Failure,
    receiver::Receiver,
    record::{Record, parsed},
    send::{self, Flow, delivery::Delivery, fault::Limits, target::Target},
    vendor::Vendor,
};

/// Sends deliveries again, byte for byte, signed anew: from a file, or from a running receiver.
///
/// A receiver that has handled the event answers 200 and does not run its handler again.
// No `Debug`, which would show the secret.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("source").required(true))]
pub(crate) struct Replay {
    /// A body, or what a receiver's /events, /deliveries/N or /dead/N gave; - is standard input
    #[arg(value_name = "FILE", group = "source")]
    file: Option<PathBuf>,

    /// A running receiver to take deliveries from, such as http://127.0.0.1:3000
    #[arg(long, value_name = "URL", group = "source", value_parser = client::address)]
    from: Option<Uri>,

    /// The last N handled events of --from
    #[arg(long, value_name = "N", requires = "from", group = "choice")]
    last: Option<usize>,

    /// The events of --from with this id
    #[arg(long, value_name = "ID", requires = "from", group = "choice")]
    id: Option<String>,

    /// The event of --from with this `seq` in /events
    #[arg(long, value_name = "N", requires = "from", group = "choice")]
    seq: Option<u64>,

    /// The delivery of --from with this `seq` in /deliveries, which has refused ones, too
    #[arg(long, value_name = "N", requires = "from", group = "choice")]
    delivery: Option<u64>,

    /// The dead letter of --from with this id
    #[arg(long, value_name = "ID", requires = "from", group = "choice")]
    dead: Option<i64>,

    #[command(flatten)]
    target: Target,

    /// The vendor [default: as recorded, or as the body tells]
    #[arg(long)]
    vendor: Option<Vendor>,

    #[command(flatten)]
    flow: Flow,

    /// Prints a line of JSON for each delivery
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub(crate) async fn run(&self) -> Result<bool, Failure> {
        let deliveries = match (&self.file, &self.from) {
            (Some(path), _) => self.of_file(&read(path)?)?,
            (None, Some(from)) => self.of_receiver(&Receiver::at(from)?).await?,
            (None, None) => return Err(Failure::usage("expected a file or --from")),
        };
        // The receiver's limits matter to faults alone.
        let limits = Limits {
            body: usize::MAX,
            is_inbox: false,
        };
        let sender = self.flow.sender(&self.target, &deliveries, limits)?;
        let same = |delivery: &Delivery| Ok(delivery.clone());
        send::send(sender, deliveries, 1, same, self.json).await
    }

    fn of_file(&self, content: &[u8]) -> Result<Vec<Delivery>, Failure> {
        let records: Option<Vec<Record<'_>>> = match serde_json::from_slice(content) {
            Ok(list) => Some(list),
            Err(_) => serde_json::Deserializer::from_slice(content)
                .into_iter()
                .collect::<Result<_, _>>()
                .ok(),
        };
        match records {
            Some(records) if !records.is_empty() => records
                .iter()
                .map(|record| self.of_record(record))
                .collect(),
            _ => {
                let body = Bytes::copy_from_slice(content);
                Ok(vec![send::of_body(body, self.vendor)?])
            }
        }
    }

    async fn of_receiver(&self, receiver: &Receiver) -> Result<Vec<Delivery>, Failure> {
        let one = match (self.dead, self.delivery) {
            (Some(id), _) => Some(format!("/dead/{id}")),
            (None, Some(seq)) => Some(format!("/deliveries/{seq}")),
            (None, None) => None,
        };
        if let Some(path) = one {
            let answer = receiver.get(&path).await?;
            return Ok(vec![self.of_record(&parsed(&answer)?)?]);
        }
        let path = match self.seq {
            Some(seq) => format!("/events?after={}&limit=1", seq.saturating_sub(1)),
            None => "/events".to_owned(),
        };
        let answer = receiver.get(&path).await?;
        let mut records: Vec<Record<'_>> = parsed(&answer)?;
        if let Some(id) = &self.id {
            let is_wanted = |found: &serde_json::Value| found.as_str() == Some(id);
            records.retain(|record| record.id.as_ref().is_some_and(is_wanted));
        } else if let Some(last) = self.last {
            let first = records.len().saturating_sub(last);
            records.drain(..first);
        } else if self.seq.is_none() {
            return Err(Failure::usage(
                "expected one of --last, --id, --seq, --delivery and --dead, which say what to take",
            ));
        }
        if records.is_empty() {
            return Err(Failure::failed("the receiver has no such event"));
        }
        records
            .iter()
            .map(|record| self.of_record(record))
            .collect()
    }

    fn of_record(&self, record: &Record<'_>) -> Result<Delivery, Failure> {
        let vendor = self.vendor.unwrap_or(record.vendor);
        send::of_body(record.body()?, Some(vendor))
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::new();
    let result = if path.as_os_str() == "-" {
        io::stdin()
            .lock()
            .read_to_end(&mut content)
            .map(|_| content)
    } else {
        fs::read(path)
    };
    result.map_err(|err| Failure::usage(format!("{}: {err}", path.display())))
}
