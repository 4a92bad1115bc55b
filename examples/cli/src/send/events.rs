//! The events to send.

use std::{fs, path::PathBuf};

use bytes::Bytes;
use serde::Deserialize;
use smile_core::{
    smile_api::EventType,
    smile_io::Topic,
    testkit::{Sample, SetError},
};

use super::delivery::Delivery;
use crate::{failure::Failure, names, vendor::Vendor};

/// What the flags ask for.
pub(super) struct Selection<'a> {
    pub(super) types: &'a [String],
    pub(super) files: &'a [PathBuf],
    /// As given, for a file.
    pub(super) vendor: Option<Vendor>,
    /// The vendors of `--all`.
    pub(super) all_of: Vec<Vendor>,
    /// One event of each vendor in place of all.
    pub(super) is_one_of_each: bool,
    pub(super) set: &'a [String],
    /// The items in a payload's lists; `Some(None)` for no payload.
    pub(super) items: Option<Option<usize>>,
}

impl Selection<'_> {
    pub(super) fn deliveries(&self) -> Result<Vec<Delivery>, Failure> {
        if !self.files.is_empty() {
            return self
                .files
                .iter()
                .map(|path| from_file(path, self.vendor))
                .collect();
        }
        let events = self.events()?.into_iter();
        events
            .map(|(vendor, name)| self.delivery(vendor, &name))
            .collect()
    }

    /// Another event of the same type, with the same fault.
    pub(super) fn fresh(&self, delivery: &Delivery) -> Result<Delivery, Failure> {
        Ok(Delivery {
            fault: delivery.fault,
            ..self.delivery(delivery.vendor, &delivery.sample)?
        })
    }

    /// The names, each with its vendor.
    fn events(&self) -> Result<Vec<(Vendor, String)>, Failure> {
        if !self.types.is_empty() {
            return self.types.iter().map(|name| self.named(name)).collect();
        }
        let mut events = Vec::new();
        for vendor in &self.all_of {
            let names = match (vendor, self.is_one_of_each) {
                (Vendor::SmileApi, true) => vec![ONE_OF_SMILE_API.to_owned()],
                (Vendor::SmileIo, true) => vec![ONE_OF_SMILE_IO.to_owned()],
                (Vendor::SmileApi, false) => names::of_smile_api(),
                (Vendor::SmileIo, false) => names::of_smile_io(),
            };
            events.extend(names.into_iter().map(|name| (*vendor, name)));
        }
        Ok(events)
    }

    fn named(&self, name: &str) -> Result<(Vendor, String), Failure> {
        let is_in = |names: Vec<String>| names.iter().any(|known| known == name);
        let vendor = if is_in(names::of_smile_api()) {
            Vendor::SmileApi
        } else if is_in(names::of_smile_io()) {
            Vendor::SmileIo
        } else {
            let all = [names::of_smile_api(), names::of_smile_io()].concat();
            return Err(Failure::usage(format!(
                "{}; an event that this version does not know can be sent by --file",
                names::unknown("event", name, &all)
            )));
        };
        match self.vendor {
            Some(given) if given != vendor => Err(Failure::usage(format!(
                "{name} is an event of {}, and --vendor is {}",
                vendor.title(),
                given.name()
            ))),
            _ => Ok((vendor, name.to_owned())),
        }
    }

    fn delivery(&self, vendor: Vendor, name: &str) -> Result<Delivery, Failure> {
        let mut sample = match vendor {
            Vendor::SmileApi => Sample::smile_api(EventType::from(name)),
            Vendor::SmileIo => Sample::smile_io(Topic::from(name)),
        };
        match self.items {
            None => {}
            Some(Some(items)) => sample = sample.full(items),
            Some(None) => {
                let has_payload = sample.to_json().contains(r#""payload":"#);
                if has_payload {
                    sample = sample.try_set_json("data.payload", "null").map_err(usage)?;
                }
            }
        }
        for assignment in self.set {
            let Some((path, value)) = assignment.split_once('=') else {
                return Err(Failure::usage(format!(
                    "--set {assignment}: expected PATH=VALUE"
                )));
            };
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok();
            sample = match is_json {
                true => sample.try_set_json(path, value),
                false => sample.try_set(path, value),
            }
            .map_err(|err| Failure::usage(format!("--set {assignment} for {name}: {err}")))?;
        }
        Ok(Delivery {
            vendor,
            event_type: sample.event_name().to_owned(),
            sample: name.to_owned(),
            body: Bytes::from(&sample),
            fault: None,
        })
    }
}

/// Puts a ping before Smile.io's events, if there are any.
pub(super) fn put_ping_first(deliveries: &mut Vec<Delivery>) {
    if !deliveries
        .iter()
        .any(|delivery| delivery.vendor == Vendor::SmileIo)
    {
        return;
    }
    let ping = match deliveries
        .iter()
        .position(|delivery| delivery.event_type == PING)
    {
        Some(at) => deliveries.remove(at),
        None => Delivery {
            vendor: Vendor::SmileIo,
            event_type: PING.to_owned(),
            sample: PING.to_owned(),
            body: Bytes::from(Sample::smile_io(Topic::Ping)),
            fault: None,
        },
    };
    deliveries.insert(0, ping);
}

/// Makes a delivery of a body, whose members tell the vendor.
pub(crate) fn of_body(body: Bytes, vendor: Option<Vendor>) -> Result<Delivery, Failure> {
    #[derive(Default, Deserialize)]
    struct Envelope {
        #[serde(rename = "type")]
        event_type: Option<String>,
        topic: Option<String>,
    }

    let envelope: Envelope = serde_json::from_slice(&body).unwrap_or_default();
    let found = match &envelope {
        Envelope {
            event_type: Some(_),
            ..
        } => Some(Vendor::SmileApi),
        Envelope { topic: Some(_), .. } => Some(Vendor::SmileIo),
        _ => None,
    };
    let vendor = vendor.or(found).ok_or_else(|| {
        Failure::usage(
            "the body has neither type nor topic, so its vendor is unknown: name it by --vendor",
        )
    })?;
    let name = match vendor {
        Vendor::SmileApi => envelope.event_type,
        Vendor::SmileIo => envelope.topic,
    };
    Ok(Delivery {
        vendor,
        event_type: name.unwrap_or_else(|| "-".into()),
        sample: String::new(),
        body,
        fault: None,
    })
}

fn from_file(path: &PathBuf, vendor: Option<Vendor>) -> Result<Delivery, Failure> {
    let body =
        fs::read(path).map_err(|err| Failure::usage(format!("{}: {err}", path.display())))?;
    of_body(body.into(), vendor)
}

fn usage(err: SetError) -> Failure {
    Failure::usage(err)
}

pub(super) const PING: &str = "ping";
const ONE_OF_SMILE_API: &str = "ACCOUNT_CONNECTED";
const ONE_OF_SMILE_IO: &str = "customer/updated";
