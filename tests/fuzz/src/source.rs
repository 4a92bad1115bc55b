//! Whom `Forwarded` and `X-Forwarded-For` name, and whether that address is allowed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smile_core::{Intake, IpAllowList, Reason, Secret, SmileApi};

use crate::request::Request;

/// Allowed: `203.0.113.9` and `2001:db8:1::/48`. Trusted proxies: `10.0.0.0/8` and `fd00::/8`.
pub(crate) fn lists() -> (IpAllowList, IpAllowList) {
    let list = |networks: [&str; 2]| IpAllowList::parse(networks).expect("networks");
    (
        list(["203.0.113.9", "2001:db8:1::/48"]),
        list(["10.0.0.0/8", "fd00::/8"]),
    )
}

fn is_allowed(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.octets() == [203, 0, 113, 9],
        IpAddr::V6(v6) => v6.segments()[..3] == [0x2001, 0xdb8, 1],
    }
}

fn is_proxy(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.octets()[0] == 10,
        IpAddr::V6(v6) => v6.octets()[0] == 0xfd,
    }
}

/// Expects the library's judgement of an address to be the reference's, and that nothing which a
/// sender writes in front hides the address that a proxy appends.
///
/// Input: the peer up to a line end, then header lines.
pub fn source(input: &[u8]) {
    let (peer, lines) = split_line(input);
    let request = Request {
        method: "POST",
        peer: std::str::from_utf8(peer)
            .ok()
            .and_then(|peer| peer.parse().ok()),
        headers: Request::headers(lines),
    };
    assert_eq!(judged(&request), judge(&request), "{request:?}");

    let peer = Some(Ipv4Addr::new(10, 0, 0, 1).into());
    let named = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
    for (name, appended) in [
        ("x-forwarded-for", "198.51.100.1"),
        ("forwarded", "for=198.51.100.1"),
        (
            "forwarded",
            "by=10.0.0.1;for=\"198.51.100.1:4711\";proto=https",
        ),
    ] {
        let mut headers = request.headers.clone();
        let front = request.values(name).join(&b", "[..]);
        let same_line = [&front[..], appended.as_bytes()].join(&b", "[..]);
        let ways: [&[&[u8]]; 2] = [&[&same_line], &[&front, appended.as_bytes()]];
        for way in ways {
            headers.retain(|(header, _)| *header != name);
            headers.extend(way.iter().map(|line| (name, *line)));
            let request = Request {
                method: "POST",
                peer,
                headers: headers.clone(),
            };
            let judged = judged(&request);
            let is_safe = judged == Err(Reason::AddressNotListed(named))
                || judged == Err(Reason::ForwardedMalformed);
            assert!(is_safe, "{request:?}: {judged:?}");
        }
    }
}

pub(crate) fn split_line(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, &[]),
    }
}

/// The library's judgement, by its first check of a head.
fn judged(request: &Request<'_>) -> Result<(), Reason> {
    thread_local! {
        static INTAKE: Intake<SmileApi> = {
            let (allowed, proxies) = lists();
            let secret = Secret::new("secret").expect("a secret");
            Intake::smile_api(secret).allow_from(allowed).trusted_proxies(proxies).direct().build()
        };
    }
    let refusal = INTAKE.with(|intake| intake.admit(request)).err();
    match refusal.map(|rejection| rejection.reason().clone()) {
        Some(
            reason @ (Reason::NoPeerAddress
            | Reason::AddressNotListed(_)
            | Reason::ForwardedMalformed),
        ) => Err(reason),
        // A later check.
        _ => Ok(()),
    }
}

/// The reference's judgement.
pub(crate) fn judge(request: &Request<'_>) -> Result<(), Reason> {
    let source = find(request)?;
    if is_allowed(source) {
        Ok(())
    } else {
        Err(Reason::AddressNotListed(source))
    }
}

fn find(request: &Request<'_>) -> Result<IpAddr, Reason> {
    let peer = request.peer.ok_or(Reason::NoPeerAddress)?.to_canonical();
    if !is_proxy(peer) {
        return Ok(peer);
    }
    let mut listed = Vec::new();
    for line in request.values("x-forwarded-for") {
        listed.extend(line.split(|byte| *byte == b',').map(|entry| {
            let text = String::from_utf8(entry.to_vec()).ok()?;
            let text = text.trim_matches(|letter| letter == ' ' || letter == '\t');
            text.parse().ok().or_else(|| node(text))
        }));
    }
    let mut forwarded = Vec::new();
    for line in request.values("forwarded") {
        for element in split_outside_quotes(line, b',').ok_or(Reason::ForwardedMalformed)? {
            forwarded.push(named_by(trim(element)).ok_or(Reason::ForwardedMalformed)?);
        }
    }
    match (nearest_stranger(&listed)?, nearest_stranger(&forwarded)?) {
        (Some(one), Some(other)) if one != other => Err(Reason::ForwardedMalformed),
        (one, other) => Ok(one.or(other).unwrap_or(peer)),
    }
}

/// The last hop that is no proxy, or the first of all proxies. Hops before it do not matter.
fn nearest_stranger(hops: &[Option<IpAddr>]) -> Result<Option<IpAddr>, Reason> {
    for (n, hop) in hops.iter().enumerate().rev() {
        let address = hop.ok_or(Reason::ForwardedMalformed)?.to_canonical();
        if n == 0 || !is_proxy(address) {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

/// The address of the `for` in one element; `None` where the element breaks the grammar of RFC 7239.
fn named_by(element: &[u8]) -> Option<Option<IpAddr>> {
    let mut named = None;
    for pair in split_outside_quotes(element, b';')? {
        if pair.is_empty() {
            continue;
        }
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (&pair[..equals], unquoted(&pair[equals + 1..])?);
        if !is_token(name) {
            return None;
        }
        if name.to_ascii_lowercase() == b"for" {
            if named.is_some() {
                return None;
            }
            named = Some(String::from_utf8(value).ok().and_then(|text| node(&text)));
        }
    }
    Some(named.flatten())
}

/// Parts a text at a byte that is outside double quotes; `None` where a quote stays open.
fn split_outside_quotes(text: &[u8], at: u8) -> Option<Vec<&[u8]>> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (n, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if *byte == at && !quoted => {
                parts.push(&text[start..n]);
                start = n + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!quoted).then_some(parts)
}

/// A token as it is, or the inside of a quoted string.
fn unquoted(value: &[u8]) -> Option<Vec<u8>> {
    if is_token(value) {
        return Some(value.to_vec());
    }
    let inside = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let (mut text, mut bytes) = (Vec::new(), inside.iter());
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'"' => return None,
            b'\\' => bytes.next()?,
            other => other,
        };
        if *byte != b'\t' && (*byte < 0x20 || *byte == 0x7f) {
            return None;
        }
        text.push(*byte);
    }
    Some(text)
}

fn is_token(text: &[u8]) -> bool {
    let separators = b"\"(),/:;<=>?@[\\]{}";
    let is_token = |byte: &u8| (0x21..=0x7e).contains(byte) && !separators.contains(byte);
    !text.is_empty() && text.iter().all(is_token)
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// An IPv4 address, or an IPv6 address in brackets, each with or without a port.
fn node(text: &str) -> Option<IpAddr> {
    let is_port = |port: &str| {
        let digits = port.trim_start_matches('0');
        !port.is_empty()
            && port.chars().all(|digit| digit.is_ascii_digit())
            && digits.len() <= 5
            && format!("0{digits}")
                .parse::<u32>()
                .is_ok_and(|port| port < 65_536)
    };
    let v6 = |text: &str| {
        let inside = text.strip_prefix('[')?.strip_suffix(']')?;
        inside.parse::<Ipv6Addr>().ok().map(IpAddr::from)
    };
    let v4 = |text: &str| text.parse::<Ipv4Addr>().ok().map(IpAddr::from);
    if let Some(address) = v4(text).or_else(|| v6(text)) {
        return Some(address);
    }
    let (address, port) = text.rsplit_once(':')?;
    v4(address)
        .or_else(|| v6(address))
        .filter(|_| is_port(port))
}
