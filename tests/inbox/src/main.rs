//! An application with an inbox, which its tests kill, freeze and starve.
//!
//! What a handler does, an event says by its id:
//!
//! | Id begins with | The handler |
//! |---|---|
//! | `abort` | ends the process |
//! | `once` | ends the process between its effect and the commit, in the first attempt |
//! | `panic` | panics |
//! | `slow` | takes three seconds |
//! | anything else | takes the time of `--delay` |

mod database;

use std::{error::Error, net::SocketAddr, process, time::Duration};

use actix_web::{App, HttpServer, web};
use axum::Router;
use clap::Parser;
use smile_core::{Delivery, Secret, SmileApi, WorkQueue, Worker, WorkerHandle};
use smile_store::{PostgresInbox, SqliteInbox};
use smile_tower::SmileLayer;
use tokio::net::TcpListener;

use crate::database::Database;

#[derive(Clone, Debug, Parser)]
struct Options {
    /// axum or actix
    #[arg(long, default_value = "axum")]
    framework: String,

    /// sqlite:PATH or postgres://..
    #[arg(long)]
    inbox: String,

    #[arg(long, default_value = "a little secret")]
    secret: String,

    #[arg(long, default_value_t = 16)]
    concurrency: usize,

    #[arg(long, default_value_t = 15)]
    max_attempts: u32,

    /// In seconds
    #[arg(long, default_value_t = 15)]
    lease: u64,

    /// How long a handler takes, in milliseconds
    #[arg(long, default_value_t = 0)]
    delay: u64,

    /// Stores and handles nothing
    #[arg(long)]
    no_worker: bool,

    /// Writes the effect and "done" in one transaction
    #[arg(long)]
    complete_in: bool,
}

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let options = Options::parse();
    match options.framework.as_str() {
        "actix" => on_actix(options),
        _ => on_axum(options),
    }
}

#[tokio::main]
async fn on_axum(options: Options) -> Result<(), Failure> {
    if options.inbox.starts_with("sqlite:") {
        let inbox = SqliteInbox::connect(&options.inbox).await?;
        inbox.create_schema().await?;
        serve_on_axum(options, inbox).await
    } else {
        let inbox = PostgresInbox::connect(&options.inbox).await?;
        inbox.create_schema().await?;
        serve_on_axum(options, inbox).await
    }
}

async fn serve_on_axum(options: Options, inbox: impl WorkQueue + Clone) -> Result<(), Failure> {
    let database = Database::open(&options.inbox).await?;
    let secret = Secret::new(options.secret.clone())?;
    let _worker = start_worker(inbox.clone(), &options, database)?;
    let smile = SmileLayer::smile_api(secret).inbox(inbox);
    let app: Router = Router::new().route_service("/webhooks/smile-api", smile);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    announce(listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

#[actix_web::main]
async fn on_actix(options: Options) -> Result<(), Failure> {
    if options.inbox.starts_with("sqlite:") {
        let inbox = SqliteInbox::connect(&options.inbox).await?;
        inbox.create_schema().await?;
        serve_on_actix(options, inbox).await
    } else {
        let inbox = PostgresInbox::connect(&options.inbox).await?;
        inbox.create_schema().await?;
        serve_on_actix(options, inbox).await
    }
}

async fn serve_on_actix(options: Options, inbox: impl WorkQueue + Clone) -> Result<(), Failure> {
    let database = Database::open(&options.inbox).await?;
    let secret = Secret::new(options.secret.clone())?;
    let _worker = start_worker(inbox.clone(), &options, database)?;
    let smile = smile_actix::SmileMiddleware::smile_api(secret).inbox(inbox);
    let server =
        HttpServer::new(move || App::new().route("/webhooks/smile-api", web::to(smile.clone())));
    let server = server.workers(2).bind("127.0.0.1:0")?;
    announce(server.addrs()[0]);
    server.run().await?;
    Ok(())
}

fn announce(address: SocketAddr) {
    println!("listening on http://{address}");
}

fn start_worker(
    inbox: impl WorkQueue,
    options: &Options,
    database: Database,
) -> Result<Option<WorkerHandle>, Failure> {
    if options.no_worker {
        return Ok(None);
    }
    let handler = {
        let options = options.clone();
        move |event: Delivery<SmileApi>| handle(event, options.clone(), database.clone())
    };
    let worker = Worker::new(inbox)
        .handle(handler)
        .concurrency(options.concurrency)?
        .max_attempts(options.max_attempts)?
        .lease(Duration::from_secs(options.lease))?
        .backoff(Duration::from_millis(50), Duration::from_millis(200));
    Ok(Some(worker.start()))
}

async fn handle(
    event: Delivery<SmileApi>,
    options: Options,
    database: Database,
) -> Result<(), Failure> {
    database.begin_run(event.id(), event.attempt()).await?;
    match event.id().split('-').next().unwrap_or_default() {
        "abort" => {
            // The others that are running have begun by then.
            tokio::time::sleep(Duration::from_millis(100)).await;
            process::abort();
        }
        "panic" => panic!("as the event says"),
        "slow" => tokio::time::sleep(Duration::from_secs(3)).await,
        _ => tokio::time::sleep(Duration::from_millis(options.delay)).await,
    }
    let aborts = event.id().starts_with("once") && event.attempt() == 1;
    if options.complete_in {
        database.effect_and_done(&event, aborts).await
    } else {
        database.effect(event.id()).await
    }
}
