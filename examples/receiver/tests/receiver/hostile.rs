//! Senders that lie about lengths, and the end of the process amid requests. `tests/hostile` has those that
//! drip, flood and vanish.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use smile_conformance::{Request, sign};

use crate::process::{FRAMEWORKS, Receiver};

#[test]
fn a_declared_length_of_2_to_the_46_allocates_nothing_and_is_answered_soon() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &[]);
        receiver
            .send(&sign::smile_api(sign::event()))
            .expect_status(204, "warm");
        let before = receiver.resident();
        let signed = sign::smile_api("").header("content-length", (1_u64 << 46).to_string());
        for (request, status) in [
            (signed.clone(), 413),
            (signed.without("smile-signature"), 401),
        ] {
            let start = Instant::now();
            let mut connection = receiver.connect();
            connection.write(&request.head_to_wire()).unwrap();
            connection
                .read_response()
                .unwrap()
                .expect_status(status, framework);
            // The server waits a second for the rest, since a sender that writes would lose the answer.
            assert!(start.elapsed() < Duration::from_secs(3), "{framework}");
        }
        let grown = receiver.resident().saturating_sub(before);
        assert!(grown < 1024, "{framework}: {grown} KiB");
    }
}

#[test]
fn a_receiver_without_descriptors_goes_on_as_soon_as_it_has_some() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &[]);
        receiver
            .send(&sign::smile_api(sign::event()))
            .expect_status(204, "before");
        receiver.allow_descriptors(10);
        let flood: Vec<_> = (0..30).map(|_| receiver.connect()).collect();
        sleep(Duration::from_millis(500));
        drop(flood);
        receiver
            .send(&sign::smile_api(sign::event()))
            .expect_status(204, framework);
    }
}

/// What is left unread of one request is not taken for the next.
#[test]
fn a_request_after_a_refused_one_is_read_from_its_own_start() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &["--body-limit", "1000"]);
        let smuggled = sign::smile_api(sign::event()).to_wire();
        let refused = [
            Request::post(sign::SMILE_API, smuggled.clone()),
            Request::post(sign::SMILE_API, smuggled.clone()).chunked(100),
            sign::smile_api(smuggled.clone()).header("content-encoding", "gzip"),
            sign::smile_api([smuggled, vec![b'x'; 2000]].concat()).chunked(100),
        ];
        for request in refused {
            let mut connection = receiver.connect();
            let status = connection.send(&request).unwrap().status;
            assert!((401..=415).contains(&status), "{framework}: {status}");
            // The connection is closed, or the next request on it gets its own answer.
            if let Ok(answer) = connection.send(&sign::smile_api("[]")) {
                answer.expect_status(422, framework);
            }
        }
        assert_eq!(receiver.events("").len(), 0, "{framework}");
    }
}
