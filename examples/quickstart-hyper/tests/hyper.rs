//! The quick start answers.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use smile_conformance::{Connection, sign};

#[test]
fn a_signed_event_is_taken_once_and_other_paths_are_not_found() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_quickstart-hyper"))
        .env("LISTEN", "127.0.0.1:0")
        .env("SMILE_API_SECRET", sign::SECRET)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address = first.strip_prefix("listening on http://").unwrap();
    let mut connection = Connection::open(address.parse().unwrap()).unwrap();
    let mut event = sign::smile_api(sign::event());
    event.target = "/webhooks/smile".into();
    for (target, expected) in [
        ("/webhooks/smile", 204),
        ("/webhooks/smile", 200),
        ("/elsewhere", 404),
    ] {
        event.target = target.into();
        let answer = connection.send(&event).unwrap();
        answer.expect_status(expected, target);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
