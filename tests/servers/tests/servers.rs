//! Each server does to its clients what the tests rely on.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    time::Duration,
};

use smile_test_servers::{Forwarder, Nats, Postgres, Redis};

fn connect(url: &str) -> TcpStream {
    let address = url.rsplit(['/', '@']).find(|part| part.contains(':'));
    let stream = TcpStream::connect(address.unwrap()).unwrap();
    let patience = Some(Duration::from_millis(300));
    stream.set_read_timeout(patience).unwrap();
    stream
}

fn ask(stream: &mut TcpStream, question: &[u8], length: usize) -> Result<Vec<u8>, ErrorKind> {
    let mut answer = vec![0; length];
    stream
        .write_all(question)
        .and_then(|()| stream.read_exact(&mut answer))
        .map(|()| answer)
        .map_err(|err| err.kind())
}

#[test]
fn a_forwarder_leads_new_connections_to_the_new_target_and_leaves_the_old_where_they_are() {
    let [old, new] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let forwarder = Forwarder::start(old.local_addr().unwrap());
    let mut clients = Vec::new();
    for target in [&old, &new] {
        forwarder.switch(target.local_addr().unwrap());
        let client = TcpStream::connect(forwarder.address()).unwrap();
        clients.push((client, target.accept().unwrap().0));
    }
    assert_eq!(forwarder.connections(), 2);
    for (mut client, mut server) in clients {
        client.write_all(b"ping").unwrap();
        assert_eq!(ask(&mut server, b"pong", 4).unwrap(), b"ping");
        assert_eq!(ask(&mut client, b"", 4).unwrap(), b"pong");
        drop(server);
        assert!(ask(&mut client, b"", 1).is_err());
    }
}

#[test]
#[ignore = "needs redis-server"]
fn a_redis_server_freezes_thaws_and_keeps_its_data_when_killed() {
    let mut redis = Redis::start();
    let mut client = connect(&redis.url());
    assert_eq!(ask(&mut client, b"SET a b\r\n", 5).unwrap(), b"+OK\r\n");
    redis.freeze();
    let silence = ask(&mut client, b"PING\r\n", 7);
    assert_eq!(silence, Err(ErrorKind::WouldBlock));
    redis.thaw();
    assert_eq!(ask(&mut client, b"", 7).unwrap(), b"+PONG\r\n");
    redis.kill();
    assert!(ask(&mut client, b"PING\r\n", 7).is_err());
    redis.restart();
    let mut client = connect(&redis.url());
    assert_eq!(ask(&mut client, b"GET a\r\n", 7).unwrap(), b"$1\r\nb\r\n");
    redis.stop();
    assert!(ask(&mut client, b"PING\r\n", 7).is_err());
}

#[test]
#[ignore = "needs nats-server"]
fn a_nats_server_freezes_thaws_and_answers_again_when_it_was_killed() {
    let mut nats = Nats::start();
    let mut client = greeted(&nats.url());
    assert_eq!(ask(&mut client, b"PING\r\n", 6).unwrap(), b"PONG\r\n");
    nats.freeze();
    let silence = ask(&mut client, b"PING\r\n", 6);
    assert_eq!(silence, Err(ErrorKind::WouldBlock));
    nats.thaw();
    assert_eq!(ask(&mut client, b"", 6).unwrap(), b"PONG\r\n");
    nats.kill();
    assert!(ask(&mut client, b"PING\r\n", 6).is_err());
    nats.restart();
    let mut client = greeted(&nats.url());
    assert_eq!(ask(&mut client, b"PING\r\n", 6).unwrap(), b"PONG\r\n");
    nats.stop();
    assert!(ask(&mut client, b"PING\r\n", 6).is_err());
}

/// Connects and reads the server's first line.
fn greeted(url: &str) -> TcpStream {
    let mut client = connect(url);
    while ask(&mut client, b"", 1).unwrap() != b"\n" {}
    client
}

fn sql(url: &str, sql: &str) -> String {
    let output = Command::new("psql")
        .env("PGCONNECT_TIMEOUT", "2")
        .args([url, "-Atqc", sql])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
#[ignore = "needs postgresql"]
fn a_postgres_server_freezes_thaws_and_keeps_its_data_when_killed() {
    // The request for TLS, which is answered with one byte before anything else.
    let tls = [0, 0, 0, 8, 4, 210, 22, 47];
    let mut postgres = Postgres::start();
    let url = postgres.url();
    sql(&url, "create table kept as select 7 as n");
    postgres.freeze();
    let silence = ask(&mut connect(&url), &tls, 1);
    assert_eq!(silence, Err(ErrorKind::WouldBlock));
    postgres.thaw();
    assert_eq!(ask(&mut connect(&url), &tls, 1).unwrap(), b"N");
    assert_eq!(sql(&url, "select n from kept"), "7");
    postgres.kill();
    assert_eq!(sql(&url, "select n from kept"), "");
    postgres.restart();
    assert_eq!(sql(&url, "select n from kept"), "7");
    postgres.stop();
    assert_eq!(sql(&url, "select n from kept"), "");
}

#[test]
#[ignore = "needs postgresql"]
fn a_postgres_standby_refuses_to_write_until_it_is_promoted() {
    let mut postgres = Postgres::start();
    let create = "create table made as select 7 as n; select n from made";
    postgres.restart_as_standby();
    assert_eq!(sql(&postgres.url(), create), "");
    postgres.promote();
    assert_eq!(sql(&postgres.url(), create), "7");
}
