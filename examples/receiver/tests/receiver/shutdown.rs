//! The end of the receiver, by SIGTERM.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use smile_conformance::sign;

use crate::process::{FRAMEWORKS, Receiver};

/// Half a head and silence have no answer to wait for.
#[test]
fn after_sigterm_every_request_that_has_begun_is_answered_and_the_process_ends() {
    const DRAIN: Duration = Duration::from_secs(20);
    for framework in FRAMEWORKS {
        let flags = ["--handler-delay", "2000", "--head-timeout", "3"];
        let receiver = Receiver::start(
            framework,
            &[&flags[..], &["--drain-timeout", "20"]].concat(),
        );
        let mut running: Vec<_> = (0..50).map(|_| receiver.connect()).collect();
        for connection in &mut running {
            let event = sign::smile_api(sign::event());
            connection.write(&event.to_wire()).unwrap();
        }
        let mut open: Vec<_> = (0..20).map(|_| receiver.connect()).collect();
        for connection in open.iter_mut().skip(5) {
            connection
                .write(b"POST /webhooks/smile-api HTTP/1.1\r\nhost: a\r\nsmi")
                .unwrap();
        }
        sleep(Duration::from_secs(1));
        let start = Instant::now();
        let ending = std::thread::spawn(move || receiver.terminate());
        for connection in &mut running {
            connection
                .read_response()
                .unwrap()
                .expect_status(204, framework);
        }
        assert_eq!(ending.join().unwrap().code(), Some(0), "{framework}");
        assert!(
            start.elapsed() < DRAIN / 2,
            "{framework}: {:?}",
            start.elapsed()
        );
    }
}

/// A signal that came before the server had asked for signals killed the process.
#[test]
fn a_receiver_that_has_said_where_it_listens_ends_when_asked() {
    for framework in FRAMEWORKS {
        for _ in 0..10 {
            let start = Instant::now();
            let status = Receiver::start(framework, &[]).terminate();
            assert_eq!(status.code(), Some(0), "{framework}: {status}");
            assert!(start.elapsed() < Duration::from_secs(10), "{framework}");
        }
    }
}

#[test]
fn a_second_signal_ends_the_receiver_at_once() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &["--handler-delay", "60000"]);
        let mut running = receiver.connect();
        let event = sign::smile_api(sign::event());
        running.write(&event.to_wire()).unwrap();
        sleep(Duration::from_millis(500));
        let start = Instant::now();
        receiver.send_sigterm();
        sleep(Duration::from_millis(500));
        receiver.send_sigterm();
        assert_eq!(receiver.wait().code(), Some(1), "{framework}");
        assert!(start.elapsed() < Duration::from_secs(10), "{framework}");
    }
}
