//! Whom a request comes from, and whether that is allowed.

use std::net::IpAddr;

use super::{
    IpAllowList,
    forwarded::{self, Hop},
};
use crate::{Head, Reason, head::names};

/// Who may deliver: the allow-list, and the proxies whose word about the sender counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourcePolicy {
    pub(crate) allowed: Option<IpAllowList>,
    pub(crate) proxies: Option<IpAllowList>,
}

impl SourcePolicy {
    /// Without an allow-list everybody passes, and proxies are not looked at.
    pub(crate) fn check(&self, head: &dyn Head) -> Result<(), Reason> {
        let Some(allowed) = &self.allowed else {
            return Ok(());
        };
        let source = self.source(head)?;
        if allowed.contains(source) {
            Ok(())
        } else {
            Err(Reason::AddressNotListed(source))
        }
    }

    /// The peer; or, where the peer is a trusted proxy, whom it names.
    fn source(&self, head: &dyn Head) -> Result<IpAddr, Reason> {
        let peer = head.peer().ok_or(Reason::NoPeerAddress)?.to_canonical();
        let Some(proxies) = self
            .proxies
            .as_ref()
            .filter(|proxies| proxies.contains(peer))
        else {
            return Ok(peer);
        };
        let by_list = walk(
            proxies,
            &hops(head, names::X_FORWARDED_FOR, x_forwarded_for)?,
        )?;
        let by_forwarded = walk(proxies, &hops(head, names::FORWARDED, forwarded::hops)?)?;
        match (by_list, by_forwarded) {
            (None, None) => Ok(peer),
            (Some(source), None) | (None, Some(source)) => Ok(source),
            // A proxy writes one of the two headers and passes the other on as the sender wrote it:
            // neither can be preferred, so both must say the same.
            (Some(one), Some(other)) if one == other => Ok(one),
            (Some(_), Some(_)) => Err(Reason::ForwardedMalformed),
        }
    }
}

/// Goes from the nearest hop to the farthest, and stops at the first that is no trusted proxy: a
/// stranger wrote what stands in front of it. `None` where there are no hops.
fn walk(proxies: &IpAllowList, hops: &[Hop]) -> Result<Option<IpAddr>, Reason> {
    let mut source = None;
    for hop in hops.iter().rev() {
        let address = hop.ok_or(Reason::ForwardedMalformed)?.to_canonical();
        source = Some(address);
        if !proxies.contains(address) {
            break;
        }
    }
    Ok(source)
}

/// The hops of all lines of a header, in order. A line is read by itself, so that no quote reaches
/// from one into another.
fn hops(
    head: &dyn Head,
    name: &str,
    read: fn(&[u8]) -> Option<Vec<Hop>>,
) -> Result<Vec<Hop>, Reason> {
    let mut hops = Vec::new();
    let mut is_well_formed = true;
    head.fields(name, &mut |line| match read(line) {
        Some(more) => hops.extend(more),
        None => is_well_formed = false,
    });
    if is_well_formed {
        Ok(hops)
    } else {
        Err(Reason::ForwardedMalformed)
    }
}

/// The hops of one line of `X-Forwarded-For`, which has no quotes. IPv6 needs no brackets.
fn x_forwarded_for(line: &[u8]) -> Option<Vec<Hop>> {
    let hop = |entry: &[u8]| {
        let text = std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
        text.parse().ok().or_else(|| forwarded::node(text))
    };
    Some(line.split(|byte| *byte == b',').map(hop).collect())
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestCaseError};

    use super::*;
    use crate::head::Post;

    fn policy() -> SourcePolicy {
        SourcePolicy {
            allowed: Some(IpAllowList::parse(["203.0.113.9", "2001:db8:1::/48"]).unwrap()),
            proxies: Some(IpAllowList::parse(["10.0.0.0/8", "fd00::/8"]).unwrap()),
        }
    }

    #[track_caller]
    fn check(peer: &str, headers: &[(&str, &str)]) -> Result<(), Reason> {
        policy().check(&Post {
            peer: Some(peer),
            headers,
        })
    }

    fn listed(address: &str) -> Result<(), Reason> {
        Err(Reason::AddressNotListed(address.parse().unwrap()))
    }

    const XFF: &str = "x-forwarded-for";

    #[test]
    fn without_a_list_everybody_passes_even_without_an_address() {
        assert_eq!(
            SourcePolicy::default().check(&Post {
                peer: None,
                headers: &[]
            }),
            Ok(())
        );
    }

    #[test]
    fn with_a_list_a_missing_address_is_refused() {
        let head = Post {
            peer: None,
            headers: &[],
        };
        assert_eq!(policy().check(&head), Err(Reason::NoPeerAddress));
    }

    #[test]
    fn a_mapped_address_counts_as_its_ipv4_form_on_both_sides() {
        assert_eq!(check("::ffff:203.0.113.9", &[]), Ok(()));
        let list = IpAllowList::parse(["::ffff:192.0.2.0/120", "::ffff:198.51.100.1"]).unwrap();
        assert!(list.contains("192.0.2.77".parse().unwrap()));
        assert!(list.contains("198.51.100.1".parse().unwrap()));
        assert!(!list.contains("192.0.3.1".parse().unwrap()));
    }

    #[test]
    fn a_stranger_cannot_forward() {
        assert_eq!(
            check("198.51.100.1", &[(XFF, "203.0.113.9")]),
            listed("198.51.100.1")
        );
    }

    #[test]
    fn a_trusted_proxy_names_the_source() {
        assert_eq!(check("10.0.0.1", &[(XFF, "203.0.113.9")]), Ok(()));
        assert_eq!(check("10.0.0.1", &[(XFF, "203.0.113.9, 10.1.2.3")]), Ok(()));
        assert_eq!(
            check("10.0.0.1", &[(XFF, "203.0.113.9"), (XFF, "10.1.2.3")]),
            Ok(())
        );
        assert_eq!(check("10.0.0.1", &[]), listed("10.0.0.1"));
    }

    #[test]
    fn what_a_sender_put_before_its_own_address_is_not_believed() {
        let spoofed = [(XFF, "203.0.113.9, 198.51.100.1")];
        assert_eq!(check("10.0.0.1", &spoofed), listed("198.51.100.1"));
        let spoofed_in_two_lines = [(XFF, "203.0.113.9"), (XFF, "198.51.100.1")];
        assert_eq!(
            check("10.0.0.1", &spoofed_in_two_lines),
            listed("198.51.100.1")
        );
    }

    #[test]
    fn a_malformed_hop_is_refused() {
        for text in [
            "",
            "unknown",
            "203.0.113.9,",
            "203.0.113.9:",
            "203.0.113.9:99999",
            "1.2.3",
            "a",
        ] {
            assert_eq!(
                check("10.0.0.1", &[(XFF, text)]),
                Err(Reason::ForwardedMalformed),
                "{text:?}"
            );
        }
    }

    #[test]
    fn ports_and_brackets_are_read() {
        for text in [
            "203.0.113.9:4711",
            "2001:db8:1::5",
            "[2001:db8:1::5]",
            "[2001:db8:1::5]:443",
        ] {
            assert_eq!(check("10.0.0.1", &[(XFF, text)]), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn forwarded_is_read_with_quotes_and_parameters() {
        for text in [
            "for=203.0.113.9",
            "For=\"203.0.113.9:47011\";proto=https;by=10.0.0.1",
            "by=\"a,b;c\";for=\"[2001:db8:1::5]:80\"",
            "for=198.51.100.1, for=203.0.113.9, for=10.9.9.9",
        ] {
            assert_eq!(
                check("10.0.0.1", &[("forwarded", text)]),
                Ok(()),
                "{text:?}"
            );
        }
        for text in [
            "for=unknown",
            "for=_hidden",
            "proto=https",
            "for=203.0.113.9;for=203.0.113.9",
        ] {
            let refused = Err(Reason::ForwardedMalformed);
            assert_eq!(
                check("10.0.0.1", &[("forwarded", text)]),
                refused,
                "{text:?}"
            );
        }
    }

    #[test]
    fn two_headers_that_disagree_are_refused() {
        let spoofed = [("forwarded", "for=203.0.113.9"), (XFF, "198.51.100.1")];
        assert_eq!(check("10.0.0.1", &spoofed), Err(Reason::ForwardedMalformed));
        let agreeing = [("forwarded", "for=203.0.113.9"), (XFF, "203.0.113.9")];
        assert_eq!(check("10.0.0.1", &agreeing), Ok(()));
    }

    #[test]
    fn a_quoted_pair_or_an_open_quote_cannot_hide_what_the_proxy_appended() {
        for (spoofed, expected) in [
            (
                r#"for=203.0.113.9;x="\"", for=198.51.100.1;proto=https"#,
                listed("198.51.100.1"),
            ),
            (
                r#"for=203.0.113.9;x=", for=198.51.100.1"#,
                Err(Reason::ForwardedMalformed),
            ),
            (
                r#"for=203.0.113.9;x=", for="198.51.100.1""#,
                Err(Reason::ForwardedMalformed),
            ),
        ] {
            assert_eq!(
                check("10.0.0.1", &[("forwarded", spoofed)]),
                expected,
                "{spoofed}"
            );
            let (front, appended) = spoofed.rsplit_once(", ").unwrap();
            let lines = [("forwarded", front), ("forwarded", appended)];
            assert_eq!(check("10.0.0.1", &lines), expected, "{lines:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        #[test]
        fn nothing_in_front_hides_whom_the_proxy_names_in_forwarded(
            lines in lines(&[
                "for=203.0.113.9", ";x=\"", "\\\"", "\"", "\\", ", ", ",", ";", "x=", " ", "10.0.0.2",
                "[2001:db8:1::5]", "\u{e9}",
            ]),
            host in select(&["", "\"", "\\", ";x=\"", ", for=203.0.113.9", "\", for=203.0.113.9, x=\""][..]),
            joined: bool,
        ) {
            let host = host.replace('\\', r"\\").replace('"', r#"\""#);
            for appended in [
                "for=198.51.100.1".to_owned(),
                "for=\"198.51.100.1\";proto=https".to_owned(),
                "by=10.0.0.1;for=\"198.51.100.1:4711\"".to_owned(),
                format!("host=\"{host}\";for=198.51.100.1"),
                format!("for=\"198.51.100.1\";host=\"{host}\""),
            ] {
                assert_named_or_refused("forwarded", &lines, &appended, joined)?;
            }
        }

        #[test]
        fn nothing_in_front_hides_whom_the_proxy_names_in_x_forwarded_for(
            lines in lines(&[
                "203.0.113.9", "2001:db8:1::5", "[", "]", ":", "443", "\"", "\\", ",", ", ", " ", "\t",
                "10.0.0.2", "unknown", "\u{e9}",
            ]),
            joined: bool,
        ) {
            for appended in ["198.51.100.1", "198.51.100.1:4711"] {
                assert_named_or_refused(XFF, &lines, appended, joined)?;
            }
        }
    }

    /// The lines of a header that a sender puts together from these parts.
    fn lines(parts: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
        vec(
            vec(select(parts), 0..5).prop_map(|parts| parts.concat()),
            1..3,
        )
    }

    /// Has a proxy append whom it saw to the sender's last line, or as a line of its own, or has it
    /// join all lines.
    fn assert_named_or_refused(
        name: &str,
        lines: &[String],
        appended: &str,
        joined: bool,
    ) -> Result<(), TestCaseError> {
        let front = lines.join(", ");
        let (earlier, last) = lines.split_at(lines.len() - 1);
        let same_line = format!("{}, {appended}", last[0]);
        let whole = format!("{front}, {appended}");
        let ways: [Vec<&str>; 2] = if joined {
            [vec![&whole], vec![&front, appended]]
        } else {
            [
                earlier
                    .iter()
                    .map(|line| &**line)
                    .chain([&*same_line])
                    .collect(),
                lines.iter().map(|line| &**line).chain([appended]).collect(),
            ]
        };
        for way in ways {
            let headers: Vec<_> = way.iter().map(|line| (name, *line)).collect();
            let result = check("10.0.0.1", &headers);
            let is_safe =
                result == listed("198.51.100.1") || result == Err(Reason::ForwardedMalformed);
            prop_assert!(is_safe, "{:?}: {:?}", headers, result);
        }
        Ok(())
    }
}
