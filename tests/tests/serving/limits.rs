//! Connections that are closed, and connections that wait.

use std::{io::Read, thread::sleep, time::Duration};

use crate::server::{
    BOTH, Framework, HEAD_TIMEOUT, LARGE, Limits, MARGIN, Server, ask, closed_within, get_request,
};

const HALF_A_HEAD: &[u8] = b"POST /body HTTP/1.1\r\nhost: localhost\r\nsmile-sig";

#[test]
fn a_connection_without_a_byte_is_closed() {
    for framework in BOTH {
        let server = Server::start(framework, Limits::default());
        let took = closed_within(
            &server.connect(),
            HEAD_TIMEOUT + MARGIN,
            &format!("{framework:?}"),
        );
        assert!(took > HEAD_TIMEOUT / 2, "{framework:?}: after {took:?}");
    }
}

#[test]
fn half_a_head_is_cut() {
    for framework in BOTH {
        let server = Server::start(framework, Limits::default());
        let mut connection = server.connect();
        connection.write(HALF_A_HEAD).unwrap();
        let took = closed_within(
            &connection,
            HEAD_TIMEOUT + MARGIN,
            &format!("{framework:?}"),
        );
        assert!(took > HEAD_TIMEOUT / 2, "{framework:?}: after {took:?}");
    }
}

#[test]
fn a_head_that_drips_is_cut_all_the_same() {
    for framework in BOTH {
        let server = Server::start(framework, Limits::default());
        let mut connection = server.connect();
        let mut dripping = connection.try_clone().unwrap();
        let drips = std::thread::spawn(move || {
            for byte in HALF_A_HEAD {
                sleep(HEAD_TIMEOUT / 20);
                if std::io::Write::write_all(&mut dripping, &[*byte]).is_err() {
                    break;
                }
            }
        });
        connection.write(b"").unwrap();
        closed_within(
            &connection,
            HEAD_TIMEOUT + MARGIN,
            &format!("{framework:?}"),
        );
        drips.join().unwrap();
    }
}

#[test]
fn half_a_head_after_an_answer_is_cut() {
    let server = Server::start(Framework::Axum, Limits::default());
    let mut connection = server.connect();
    ask(&mut connection, "/");
    connection.write(HALF_A_HEAD).unwrap();
    closed_within(&connection, HEAD_TIMEOUT + MARGIN, "axum");
}

/// Its deadline is for the first head of a connection only.
#[test]
fn without_keep_alive_actix_times_every_head() {
    let idle = Duration::ZERO;
    let server = Server::start(
        Framework::Actix,
        Limits {
            idle,
            ..Limits::default()
        },
    );
    let mut connection = server.connect();
    ask(&mut connection, "/");
    connection.write(HALF_A_HEAD).unwrap_or(());
    closed_within(&connection, HEAD_TIMEOUT + MARGIN, "actix");
}

#[test]
fn a_connection_waits_for_its_next_request_as_long_as_it_may() {
    for framework in BOTH {
        let idle = HEAD_TIMEOUT * 3;
        let server = Server::start(
            framework,
            Limits {
                idle,
                ..Limits::default()
            },
        );
        let mut connection = server.connect();
        ask(&mut connection, "/");
        sleep(HEAD_TIMEOUT * 2);
        ask(&mut connection, "/");
        let took = closed_within(&connection, idle + MARGIN, &format!("{framework:?}"));
        assert!(took > idle / 2, "{framework:?}: after {took:?}");
    }
}

/// Deadlines of heads and of silence do not count while a request runs.
#[test]
fn a_handler_may_take_longer_than_a_head() {
    for framework in BOTH {
        let idle = HEAD_TIMEOUT;
        let server = Server::start(
            framework,
            Limits {
                idle,
                ..Limits::default()
            },
        );
        let mut connection = server.connect();
        ask(&mut connection, "/slow/2500");
        ask(&mut connection, "/");
    }
}

#[test]
fn connections_above_the_limit_wait_until_one_closes() {
    const MOST: usize = 4;
    for framework in BOTH {
        let connections = MOST;
        let server = Server::start(
            framework,
            Limits {
                connections,
                ..Limits::default()
            },
        );
        for _ in 0..3 {
            let mut open: Vec<_> = (0..MOST).map(|_| server.connect()).collect();
            open.iter_mut().for_each(|connection| ask(connection, "/"));
            let mut waiting = server.connect();
            waiting.write(&get_request("/").to_wire()).unwrap();
            let mut stream = waiting.try_clone().unwrap();
            stream
                .set_read_timeout(Some(Duration::from_millis(300)))
                .unwrap();
            assert!(
                stream.read(&mut [0; 1]).is_err(),
                "{framework:?}: it is served above the limit"
            );
            stream.set_read_timeout(Some(MARGIN)).unwrap();
            open.pop();
            let answer = waiting.read_response().expect("a place is free");
            answer.expect_status(200, "after one closed");
        }
    }
}

/// What the system's buffers hold is lost to nobody; the rest is never sent.
#[test]
fn a_reader_that_takes_nothing_of_its_answer_loses_its_connection() {
    let framework = Framework::Axum;
    let write = Duration::from_millis(500);
    let server = Server::start(
        framework,
        Limits {
            write,
            ..Limits::default()
        },
    );
    let mut connection = server.connect();
    connection.write(&get_request("/large").to_wire()).unwrap();
    sleep(write * 4);
    let mut stream = connection.try_clone().unwrap();
    let (mut all, mut bytes) = (0, vec![0; 1 << 16]);
    while let Ok(read @ 1..) = stream.read(&mut bytes) {
        all += read;
    }
    assert!(all < LARGE, "it got all {all} bytes");
    // One that reads slowly, but reads, gets everything.
    let mut connection = server.connect();
    connection.write(&get_request("/large").to_wire()).unwrap();
    let mut stream = connection.try_clone().unwrap();
    let (mut all, mut bytes) = (0, vec![0; 4 << 20]);
    while all < LARGE {
        sleep(write / 5);
        all += stream.read(&mut bytes).expect("the rest");
    }
}
