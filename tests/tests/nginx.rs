//! Refusals behind a proxy that is still passing on the body.

use smile_conformance::{Connection, Kind, Setup, sign};
use smile_test_servers::Nginx;

#[test]
#[ignore = "needs nginx"]
fn a_refusal_by_the_head_passes_through_nginx() {
    for kind in Kind::SERVERS {
        let server = Setup::new().start(kind);
        let nginx = Nginx::start(server.address());
        let six_megabytes = || vec![b' '; 6 << 20];
        let long = sign::smile_api(six_megabytes());
        for (what, status, request) in [
            ("declared too long", 413, long.clone()),
            (
                "encoded",
                415,
                long.clone().header("content-encoding", "gzip"),
            ),
            ("unsigned", 401, long.without("smile-signature")),
            ("stale", 401, sign::smile_io_at("1", six_megabytes())),
        ] {
            let wire = request.to_wire();
            let direct = server.send(&request);
            direct.expect_status(status, what);
            for _ in 0..10 {
                let mut connection = Connection::open(nginx.address()).expect("nginx listens");
                connection.write(&wire).expect(what);
                let answer = connection.read_response().expect(what);
                let place = format!("{what} on {kind:?}");
                answer.expect_status(status, &place);
                assert_eq!(answer.body, direct.body, "{place}");
            }
        }
    }
}
