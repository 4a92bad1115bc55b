//! A request's head, read from text that a fuzzer can mutate and a person can write.

use std::net::IpAddr;

use smile_core::Head;

/// A head: a method, a peer, and headers in the order received.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) headers: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Request<'a> {
    /// Reads lines of `name: value`. Bytes of a value are kept as they are; a line without a colon is
    /// left out, since an HTTP server refuses it.
    pub(crate) fn headers(lines: &'a [u8]) -> Vec<(&'a str, &'a [u8])> {
        lines
            .split(|byte| *byte == b'\n')
            .filter_map(header)
            .collect()
    }

    pub(crate) fn values(&self, name: &str) -> Vec<&'a [u8]> {
        let named = self.headers.iter().filter(|(header, _)| *header == name);
        named.map(|(_, value)| *value).collect()
    }
}

impl Head for Request<'_> {
    fn method(&self) -> &str {
        self.method
    }

    fn path(&self) -> &str {
        "/webhooks/smile"
    }

    fn query(&self) -> Option<&str> {
        None
    }

    fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
        self.values(name).into_iter().for_each(each);
    }
}

fn header(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at(colon);
    let value = &value[1..];
    let value = value.strip_prefix(b" ").unwrap_or(value);
    Some((std::str::from_utf8(name).ok()?, value))
}
