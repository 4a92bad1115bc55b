//! Prometheus, which scrapes a program under test.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    folder::{free_address, program, temporary},
    process::{Process, listens},
};

/// A `prometheus` of the test's own, which scrapes and evaluates twice a second.
#[derive(Debug)]
pub struct Prometheus {
    _process: Process,
    address: SocketAddr,
    _dir: TempDir,
}

impl Prometheus {
    /// Starts `prometheus` with these rules and scrapes `/metrics` of each address.
    ///
    /// # Panics
    ///
    /// If Prometheus is not installed or does not start.
    pub fn start(targets: &[SocketAddr], rules: &str) -> Self {
        let (dir, address) = (temporary(None), free_address());
        let targets: Vec<_> = targets.iter().map(|target| format!("'{target}'")).collect();
        let settings = format!(
            "global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}\n\
             rule_files: [rules.yml]\n\
             scrape_configs:\n\
             - {{job_name: test, static_configs: [{{targets: [{}]}}]}}\n",
            targets.join(", ")
        );
        for (name, text) in [("prometheus.yml", &*settings), ("rules.yml", rules)] {
            let file = dir.path().join(name);
            fs::write(&file, text).unwrap_or_else(|err| panic!("{}: {err}", file.display()));
        }
        let mut command = Command::new(program("prometheus", &[], "prometheus"));
        command.current_dir(dir.path());
        command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"]);
        command.arg(format!("--web.listen-address={address}"));
        let ready = || listens(address).is_ok();
        Self {
            _process: Process::start(command, &dir.path().join("log"), ready),
            address,
            _dir: dir,
        }
    }

    /// The answer to a query at this moment, as the JSON of Prometheus's API.
    pub fn query(&self, query: &str) -> String {
        let mut command = Command::new(program("curl", &[], "curl"));
        command.args(["--silent", "--show-error", "--max-time", "10", "--get"]);
        command
            .arg("--data-urlencode")
            .arg(format!("query={query}"));
        command.arg(format!("http://{}/api/v1/query", self.address));
        let output = command
            .output()
            .unwrap_or_else(|err| panic!("{command:?}: {err}"));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Waits until the answer to a query holds this text.
    ///
    /// # Panics
    ///
    /// After a minute.
    #[track_caller]
    pub fn wait_for(&self, query: &str, text: &str) {
        let start = Instant::now();
        loop {
            let answer = self.query(query);
            if answer.contains(text) {
                return;
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{query}: expected {text}, found {answer}"
            );
            sleep(Duration::from_millis(200));
        }
    }
}

/// Runs `promtool`, which comes with Prometheus, and returns what it prints.
///
/// # Panics
///
/// If it is not installed, or finds a fault.
#[track_caller]
pub fn promtool(arguments: &[&str], folder: &Path) -> String {
    let mut command = Command::new(program("promtool", &[], "prometheus"));
    let output = command.args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|err| panic!("{command:?}: {err}"));
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{command:?}:\n{text}");
    text
}
