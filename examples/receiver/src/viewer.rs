//! Who looks: somebody at this machine, or anybody.

use std::net::IpAddr;

/// Who asks for deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// Somebody at this machine, who sees refused deliveries as well and may deliver again.
    Local,
    Remote,
}

/// What the head of a request says about who asks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asker<'h> {
    pub(crate) host: Option<&'h str>,
    pub(crate) origin: Option<&'h str>,
    /// Whether a proxy or a tunnel handed the request on.
    pub(crate) forwarded: bool,
}

impl Asker<'_> {
    /// Headers that a proxy or a tunnel adds.
    pub(crate) const FORWARDED: [&'static str; 4] =
        ["forwarded", "via", "x-forwarded-for", "x-forwarded-host"];

    /// A receiver that listens on loopback is still seen from everywhere through a tunnel, or by a
    /// page whose domain name leads to loopback. So the request's host has to be loopback, too.
    pub(crate) fn viewer(&self, listens_on_loopback: bool) -> Viewer {
        if listens_on_loopback && !self.forwarded && self.host.is_some_and(is_loopback) {
            Viewer::Local
        } else {
            Viewer::Remote
        }
    }

    /// Whether another site's page sent it from the browser of somebody at this machine.
    pub(crate) fn is_cross_origin(&self) -> bool {
        match (self.origin, self.host) {
            (None, _) => false,
            (Some(origin), Some(host)) => origin.strip_prefix("http://") != Some(host),
            (Some(_), None) => true,
        }
    }
}

/// The answer to a request that another site's page sent.
pub(crate) const FOREIGN_PAGE: &str = "only from the receiver's own page";

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer(host: &str) -> Viewer {
        let host = Some(host);
        let asker = Asker {
            host,
            ..Asker::default()
        };
        asker.viewer(true)
    }

    #[test]
    fn names_and_addresses_of_this_machine_are_local() {
        for host in [
            "localhost",
            "localhost:3000",
            "127.0.0.1:3000",
            "127.8.8.8",
            "[::1]:1",
            "[::1]",
        ] {
            assert_eq!(viewer(host), Viewer::Local, "{host}");
        }
    }

    #[test]
    fn tunnels_other_names_and_odd_hosts_are_remote() {
        for host in [
            "me.ngrok.io",
            "192.0.2.1:80",
            "localhost.evil.test",
            "$(id).localhost",
            "",
            "::",
        ] {
            assert_eq!(viewer(host), Viewer::Remote, "{host}");
        }
        let forwarded = Asker {
            host: Some("localhost"),
            forwarded: true,
            ..Asker::default()
        };
        assert_eq!(forwarded.viewer(true), Viewer::Remote);
        assert_eq!(Asker::default().viewer(true), Viewer::Remote);
        let local = Asker {
            forwarded: false,
            ..forwarded
        };
        assert_eq!(local.viewer(false), Viewer::Remote);
    }

    #[test]
    fn only_a_page_of_the_receiver_is_of_the_same_origin() {
        let asker = |origin| Asker {
            host: Some("localhost:3000"),
            origin,
            forwarded: false,
        };
        assert!(!asker(None).is_cross_origin());
        assert!(!asker(Some("http://localhost:3000")).is_cross_origin());
        for origin in [
            "http://localhost:3001",
            "https://localhost:3000",
            "null",
            "http://evil.test",
        ] {
            assert!(asker(Some(origin)).is_cross_origin(), "{origin}");
        }
    }
}
