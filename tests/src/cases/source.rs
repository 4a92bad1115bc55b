//! The allow-list. Every subject is spoken to from the loopback address.

use smile_core::IpAllowList;

use crate::{Kind, Running, Setup, sign};

fn allowing(kind: Kind, allowed: &[&str], proxies: &[&str]) -> Running {
    let list = |networks: &[&str]| IpAllowList::parse(networks).expect("networks");
    let builder = Setup::smile_api_builder().allow_from(list(allowed));
    Setup::new()
        .smile_api(builder.trusted_proxies(list(proxies)).build())
        .start(kind)
}

/// By network, by address, by its mapped form.
pub fn a_listed_address_passes(kind: Kind) {
    for network in ["127.0.0.0/8", "127.0.0.1", "::ffff:127.0.0.1"] {
        let subject = allowing(kind, &["192.0.2.0/24", network], &[]);
        subject
            .send(&sign::smile_api(sign::event()))
            .expect_status(204, network);
    }
}

/// Even before the signature, and with a signature that is right.
pub fn an_unlisted_address_is_refused_before_anything_else(kind: Kind) {
    for networks in [&["192.0.2.0/24"][..], &[]] {
        let subject = allowing(kind, networks, &[]);
        let answer = subject.send(&sign::smile_api(sign::event()));
        answer.expect_status(403, "signed");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        let unsigned = sign::smile_api("").without("smile-signature");
        subject.send(&unsigned).expect_status(403, "unsigned");
        // In the routers of axum and actix-web other methods do not reach the layer.
        if let Kind::Core | Kind::Hyper = kind {
            let mut get = unsigned;
            get.method = "GET";
            subject.send(&get).expect_status(403, "another method");
        }
        assert_eq!(subject.seen(), []);
    }
}

/// Forwarding headers are walked from the right, through trusted proxies only.
pub fn a_proxys_word_counts_only_where_it_is_trusted(kind: Kind) {
    let vendor = "18.142.61.230";
    let send = |subject: &Running, name: &str, value: &str| {
        subject
            .send(&sign::smile_api(sign::event()).header(name, value))
            .status
    };
    let untrusting = allowing(kind, &[vendor], &[]);
    assert_eq!(
        send(&untrusting, "x-forwarded-for", vendor),
        403,
        "nobody is trusted"
    );
    let subject = allowing(kind, &[vendor], &["127.0.0.1", "10.0.0.0/8"]);
    for (name, value, status) in [
        ("x-forwarded-for", "18.142.61.230", 204),
        ("x-forwarded-for", "18.142.61.230, 10.0.0.7", 204),
        ("x-forwarded-for", "18.142.61.230:443", 204),
        ("forwarded", "for=18.142.61.230", 204),
        (
            "forwarded",
            "for=\"18.142.61.230:443\";proto=https, for=10.0.0.7",
            204,
        ),
        ("x-forwarded-for", "18.142.61.230, 198.51.100.1", 403),
        ("x-forwarded-for", "198.51.100.1, 10.0.0.7", 403),
        ("x-forwarded-for", "18.142.61.230, nonsense", 403),
        ("x-forwarded-for", "", 403),
        ("forwarded", "for=unknown", 403),
        (
            "forwarded",
            r#"for=18.142.61.230;x="\"", for=198.51.100.1;proto=https"#,
            403,
        ),
        (
            "forwarded",
            r#"for=18.142.61.230;x=", for=198.51.100.1"#,
            403,
        ),
        (
            "forwarded",
            r#"for=18.142.61.230;x=", for="198.51.100.1:4711""#,
            403,
        ),
        ("via", "18.142.61.230", 403),
    ] {
        assert_eq!(send(&subject, name, value), status, "{name}: {value}");
    }
}
