//! The `Forwarded` header by the grammar of RFC 7239, section 4.
//!
//! Senders write the front of this header, and the last trusted proxy appends to it. A lenient
//! reader lets a quote in the front hide what the proxy wrote. So a line that breaks the grammar
//! anywhere is no line at all.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Whom an element names: `None` where it names nobody, or somebody without an address.
pub(super) type Hop = Option<IpAddr>;

/// The hops of one line, in order; `None` where the line breaks the grammar.
///
/// White space is allowed around commas only, as RFC 9110 allows it in lists.
pub(super) fn hops(line: &[u8]) -> Option<Vec<Hop>> {
    let mut hops = Vec::new();
    let mut rest = line;
    loop {
        let (hop, after) = element(without_space(rest))?;
        hops.push(hop);
        match without_space(after) {
            [] => return Some(hops),
            [b',', after @ ..] => rest = after,
            _ => return None,
        }
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]` or `[2001:db8::1]:80`.
pub(super) fn node(text: &str) -> Hop {
    let (address, port): (IpAddr, _) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (address.parse::<Ipv6Addr>().ok()?.into(), port)
        }
        None => {
            let (address, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            (address.parse::<Ipv4Addr>().ok()?.into(), port)
        }
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(address)
}

/// `[ pair ] *( ";" [ pair ] )`, and what stands behind it.
fn element(mut rest: &[u8]) -> Option<(Hop, &[u8])> {
    let mut hop = None;
    loop {
        if let Some((name, after)) = token(rest) {
            let (value, after) = value(after.strip_prefix(b"=")?)?;
            if name.eq_ignore_ascii_case(b"for") {
                // A name may occur once.
                if hop.is_some() {
                    return None;
                }
                hop = Some(std::str::from_utf8(&value).ok().and_then(node));
            }
            rest = after;
        }
        match rest.strip_prefix(b";") {
            Some(after) => rest = after,
            None => return Some((hop.flatten(), rest)),
        }
    }
}

fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let end = text
        .iter()
        .position(|byte| !is_token(byte))
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// A token, or a quoted string without its quotes and backslashes.
fn value(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let (value, after) = token(text)?;
        return Some((Cow::Borrowed(value), after));
    };
    let mut value = Vec::new();
    loop {
        let byte = match rest {
            [b'"', after @ ..] => return Some((Cow::Owned(value), after)),
            [b'\\', byte, after @ ..] | [byte, after @ ..] => {
                rest = after;
                *byte
            }
            [] => return None,
        };
        if byte.is_ascii_control() && byte != b'\t' {
            return None;
        }
        value.push(byte);
    }
}

fn without_space(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
    text.get(start.unwrap_or(text.len())..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_by_the_grammar() {
        let v4 = node("192.0.2.1");
        let v6 = node("[2001:db8::1]");
        assert!(v4.is_some() && v6.is_some());
        for (line, expected) in [
            ("for=192.0.2.1", &[v4][..]),
            ("FOR=\"192.0.2.1\"", &[v4]),
            (r#"for="19\2.0.2\.1""#, &[v4]),
            (" for=192.0.2.1\t,\tfor=\"[2001:db8::1]:80\" ", &[v4, v6]),
            ("by=_x;for=192.0.2.1;proto=https;host=\"a:80\"", &[v4]),
            ("for=192.0.2.1;by=\"a,b;c=\\\"d\\\\\"", &[v4]),
            (";for=192.0.2.1;", &[v4]),
            ("for=192.0.2.1,,", &[v4, None, None]),
            ("", &[None]),
            ("proto=https", &[None]),
            ("x=\"\u{e9}\";for=192.0.2.1", &[v4]),
            (
                "for=unknown, for=_hidden, for=\"_hidden:_p\"",
                &[None, None, None],
            ),
            ("for=\"192.0.2.1:_p\", for=\"2001:db8::1\"", &[None, None]),
        ] {
            assert_eq!(hops(line.as_bytes()).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn a_line_that_breaks_the_grammar_has_no_hops() {
        for line in [
            "for",
            "for=",
            "=192.0.2.1",
            "for=192.0.2.1 ;x=y",
            "for=192.0.2.1; x=y",
            "for = 192.0.2.1",
            "for=192.0.2.1:80",
            "for=[2001:db8::1]",
            "for=192.0.2.1;for=192.0.2.1",
            "for=\"192.0.2.1",
            "for=\"192.0.2.1\\\"",
            "for=\"192.0.2.1\"x",
            "for=192.0.2.1\"\"",
            "for=192.0.2.1 for=192.0.2.1",
            "for=192.0.2.1;x=\"\u{1}\"",
            "for=192.0.2.1;x=\"\\\u{7f}\"",
            "for=192.0.2.1;\u{e9}=x",
            "\"for\"=192.0.2.1",
            "for=192.0.2.1;x=\\y",
        ] {
            assert_eq!(hops(line.as_bytes()), None, "{line}");
        }
    }
}
