//! Whom a request comes from, and whether that is allowed.

use std::net::IpAddr;

use super::IpAllowList;
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
            peer,
            proxies,
            hops(head, names::X_FORWARDED_FOR, x_forwarded_for),
        )?;
        let by_forwarded = walk(peer, proxies, hops(head, names::FORWARDED, forwarded))?;
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

/// Goes from the nearest hop to the farthest, and stops at the first that is no trusted proxy: what
/// stands beyond it was written by a stranger. `None` where there are no hops.
fn walk<'a>(
    peer: IpAddr,
    proxies: &IpAllowList,
    hops: Vec<Hop<'a>>,
) -> Result<Option<IpAddr>, Reason> {
    let mut source = None;
    for hop in hops.iter().rev() {
        let address = hop
            .address()
            .ok_or(Reason::ForwardedMalformed)?
            .to_canonical();
        source = Some(address);
        if !proxies.contains(address) {
            break;
        }
    }
    debug_assert!(proxies.contains(peer));
    Ok(source)
}

/// One entry of a forwarding header, read only when the walk reaches it.
struct Hop<'a>(Option<&'a str>);

impl Hop<'_> {
    /// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
    fn address(&self) -> Option<IpAddr> {
        let text = self.0?;
        if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            let port_is_fine = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
            return address
                .parse()
                .ok()
                .map(IpAddr::V6)
                .filter(|_| port_is_fine);
        }
        if let Ok(address) = text.parse() {
            return Some(address);
        }
        let (address, port) = text.split_once(':')?;
        address
            .parse()
            .ok()
            .map(IpAddr::V4)
            .filter(|_| is_port(port))
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u16>().is_ok()
}

/// All entries of all lines of a header, in order.
fn hops<'a>(head: &'a dyn Head, name: &str, split: fn(&'a str, &mut Vec<Hop<'a>>)) -> Vec<Hop<'a>> {
    let mut hops = Vec::new();
    head.fields(name, &mut |line| match std::str::from_utf8(line) {
        Ok(line) => split(line, &mut hops),
        Err(_) => hops.push(Hop(None)),
    });
    hops
}

fn x_forwarded_for<'a>(line: &'a str, hops: &mut Vec<Hop<'a>>) {
    hops.extend(
        line.split(',')
            .map(|entry| Hop(Some(entry.trim_matches([' ', '\t'])))),
    );
}

/// RFC 7239: elements apart by commas, pairs apart by semicolons, values bare or quoted.
fn forwarded<'a>(line: &'a str, hops: &mut Vec<Hop<'a>>) {
    hops.extend(split_outside_quotes(line, ',').map(|element| {
        let mut addresses = split_outside_quotes(element, ';').filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("for")
                .then(|| value.trim())
        });
        match (addresses.next(), addresses.next()) {
            (Some(value), None) => Hop(Some(unquoted(value))),
            _ => Hop(None),
        }
    }));
}

fn unquoted(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(value)
}

fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '"';
        character == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
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
}
