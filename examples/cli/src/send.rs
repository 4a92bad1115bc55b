//! `smile send`: plays both vendors.

pub(crate) mod delivery;
mod events;
pub(crate) mod fault;
pub(crate) mod report;
mod request;
pub(crate) mod sender;
pub(crate) mod target;
mod transport;

use std::{path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum};

pub(crate) use self::events::of_body;
use self::{
    delivery::Delivery,
    events::Selection,
    fault::{Fault, Limits},
    report::Report,
    sender::{Pace, Sender},
    target::Target,
};
use crate::{failure::Failure, vendor::Vendor};

/// Sends signed sample events, as the vendors do.
///
/// Smile API sends an event up to two times again after anything but 2xx, Smile.io with growing
/// waits; before Smile.io's first event comes a ping.
// No `Debug`, which would show the secret.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(crate) struct Send {
    /// Events to send, such as TASK_FINISHED or customer/updated
    #[arg(value_name = "TYPE", group = "what")]
    types: Vec<String>,

    /// Every event of the vendor, or of both; with --fault, one of each vendor
    #[arg(long, group = "what", conflicts_with = "types")]
    all: bool,

    /// A body to send as it is; repeat for more
    #[arg(long, value_name = "PATH", group = "what", conflicts_with_all = ["types", "all"])]
    file: Vec<PathBuf>,

    /// Sends deliveries with a fault, and expects the answer that belongs to it; repeat for more
    ///
    /// all, or bad-signature, missing, stale, future, truncated-body, reformatted-json, wrong-secret,
    /// two-signatures, gzip, too-large, slow-body, other-vendor, not-json. Without a type, one event
    /// of each vendor is sent.
    #[arg(long, value_name = "NAME", group = "what", value_delimiter = ',')]
    fault: Vec<FaultArgument>,

    #[command(flatten)]
    target: Target,

    /// The vendor [default: by type; for --all, by the path of --to]
    #[arg(long)]
    vendor: Option<Vendor>,

    /// Sets a member of the events, such as data.userId=tenant-1; JSON or text; repeat for more
    #[arg(long, value_name = "PATH=VALUE", conflicts_with = "file")]
    set: Vec<String>,

    /// How much data events have that carry some [default: one or two items in a list]
    #[arg(long, conflicts_with = "file")]
    payload: Option<Payload>,

    /// The items in each list of --payload full; the vendor sends up to 300
    #[arg(long, value_name = "N", default_value_t = 300, requires = "payload")]
    items: usize,

    /// Sends this many events of each type
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "file")]
    count: usize,

    /// Sends no ping before Smile.io's first event
    #[arg(long)]
    no_ping: bool,

    #[command(flatten)]
    flow: Flow,

    /// The receiver's largest body, for the fault too-large
    #[arg(long, value_name = "BYTES", default_value_t = 4 << 20)]
    body_limit: usize,

    /// The endpoint is an inbox, which stores what is signed and no JSON
    #[arg(long)]
    inbox: bool,

    /// Prints a line of JSON for each delivery
    #[arg(long)]
    json: bool,
}

/// How deliveries are sent.
#[derive(Args, Debug)]
pub(crate) struct Flow {
    /// Sends each accepted event this many times again
    #[arg(long, value_name = "N", default_value_t = 0)]
    duplicate: u32,

    /// The most events on their way at a time
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,

    /// The most events a second
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,

    /// Sends bodies in chunks, without their length
    #[arg(long)]
    chunked: bool,

    /// The wait before an event is sent again, in seconds; Smile API waits a few dozen
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    resend_after: std::time::Duration,

    /// Sends nothing again after a failure
    #[arg(long)]
    no_resend: bool,

    /// The longest wait for an answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    timeout: std::time::Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Payload {
    /// None, as without includePayload
    None,
    /// Each list with --items items
    Full,
}

/// The name of a fault, or `all`.
#[derive(Clone, Copy, Debug)]
enum FaultArgument {
    All,
    One(Fault),
}

impl std::str::FromStr for FaultArgument {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if name == "all" {
            return Ok(Self::All);
        }
        let names: Vec<String> = Fault::value_variants()
            .iter()
            .map(|fault| fault.name().to_owned())
            .collect();
        let found = Fault::value_variants()
            .iter()
            .find(|fault| fault.name() == name);
        found.copied().map(Self::One).ok_or_else(|| {
            let near = crate::names::unknown("fault", name, &names);
            format!("{near}; there are all, {}", names.join(", "))
        })
    }
}

impl Send {
    pub(crate) async fn run(&self) -> Result<bool, Failure> {
        let selection = self.selection();
        let mut deliveries = selection.deliveries()?;
        let faults = self.faults();
        if !faults.is_empty() {
            deliveries = with_faults(&deliveries, &faults)?;
        }
        let limits = Limits {
            body: self.body_limit,
            is_inbox: self.inbox,
        };
        let pings_first = faults.is_empty() && !self.no_ping && self.file.is_empty();
        if pings_first {
            events::put_ping_first(&mut deliveries);
        }
        let sender = self.flow.sender(&self.target, &deliveries, limits)?;
        let fresh = |delivery: &Delivery| selection.fresh(delivery);
        send(sender, deliveries, self.count, fresh, self.json).await
    }

    fn selection(&self) -> Selection<'_> {
        let vendors = self.vendor.or_else(|| self.target.vendor_of_path());
        Selection {
            types: &self.types,
            files: &self.file,
            vendor: self.vendor,
            // Of a fault, one event is enough.
            all_of: match vendors {
                Some(vendor) => vec![vendor],
                None => vec![Vendor::SmileApi, Vendor::SmileIo],
            },
            is_one_of_each: !self.fault.is_empty(),
            set: &self.set,
            items: match self.payload {
                None => None,
                Some(Payload::None) => Some(None),
                Some(Payload::Full) => Some(Some(self.items)),
            },
        }
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for argument in &self.fault {
            match argument {
                FaultArgument::One(fault) => faults.push(*fault),
                FaultArgument::All => faults.extend(Fault::value_variants()),
            }
        }
        faults
    }
}

impl Flow {
    /// A sender with an endpoint for each vendor of the deliveries.
    pub(crate) fn sender(
        &self,
        target: &Target,
        deliveries: &[Delivery],
        limits: Limits,
    ) -> Result<Sender, Failure> {
        let endpoint = |vendor: Vendor| {
            let is_needed = deliveries.iter().any(|delivery| delivery.vendor == vendor);
            is_needed.then(|| target.endpoint(vendor)).transpose()
        };
        let (smile_api, smile_io) = (endpoint(Vendor::SmileApi)?, endpoint(Vendor::SmileIo)?);
        if target.has_path() && smile_api.is_some() && smile_io.is_some() {
            return Err(Failure::usage(
                "an endpoint takes the events of one vendor: name it by --vendor, or give --to \
                 without a path for a receiver with /webhooks/smile-api and /webhooks/smile-io",
            ));
        }
        Ok(Sender {
            transport: transport::Transport::new(self.timeout)?,
            smile_api,
            smile_io,
            pace: Pace {
                concurrency: self.concurrency.into(),
                rate: self.rate,
                duplicates: self.duplicate,
                resend_after: (!self.no_resend).then_some(self.resend_after),
                chunked: self.chunked,
            },
            limits,
        })
    }
}

/// Sends each delivery so many times, as events that `fresh` makes of it, and prints the outcomes.
/// Returns whether they are as expected.
pub(crate) async fn send(
    sender: Sender,
    mut deliveries: Vec<Delivery>,
    count: usize,
    fresh: impl Fn(&Delivery) -> Result<Delivery, Failure>,
    is_json: bool,
) -> Result<bool, Failure> {
    let mut report = Report::new(is_json, deliveries.len().saturating_mul(count));
    let is_ping = |delivery: &Delivery| delivery.event_type == events::PING;
    if deliveries.first().is_some_and(is_ping) && deliveries.len() > 1 {
        // The vendor makes no webhook for an endpoint that refuses its ping.
        let ping = deliveries.remove(0);
        let outcomes = sender.deliver(&ping).await?;
        let is_accepted = outcomes.last().is_some_and(|outcome| outcome.ok);
        report.add(outcomes);
        if !is_accepted {
            eprintln!("the endpoint refused the ping, so Smile.io sends it no event");
            deliveries.retain(|delivery| delivery.vendor != Vendor::SmileIo);
        }
    }
    // Made one by one: a long run of large events would not fit into memory.
    let events = deliveries.iter().flat_map(|delivery| {
        let first = std::iter::once_with(|| Ok(delivery.clone()));
        first.chain((1..count).map(|_| fresh(delivery)))
    });
    Arc::new(sender).send_all(events, &mut report).await?;
    report.finish()
}

fn with_faults(deliveries: &[Delivery], faults: &[Fault]) -> Result<Vec<Delivery>, Failure> {
    let mut all = Vec::new();
    for delivery in deliveries {
        let fitting = faults
            .iter()
            .filter(|fault| fault.applies_to(delivery.vendor));
        all.extend(fitting.map(|fault| Delivery {
            fault: Some(*fault),
            ..delivery.clone()
        }));
    }
    if all.is_empty() {
        return Err(Failure::usage(
            "Smile API signs no timestamp: the faults stale and future are for Smile.io's events",
        ));
    }
    Ok(all)
}

fn seconds(text: &str) -> Result<std::time::Duration, String> {
    let seconds: f64 = text.parse().map_err(|err| format!("{err}"))?;
    std::time::Duration::try_from_secs_f64(seconds).map_err(|err| err.to_string())
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.001..=1e6).contains(&rate) => Ok(rate),
        _ => Err("expected a number from 0.001 to 1000000".into()),
    }
}
