//! All checks of a head, and their order.

use smile_core::{Intake, RejectionKind, Secret, SmileApi, SmileIo, Vendor, testkit::FixedClock};

use crate::{
    request::Request,
    signature::{NOW, fresh_timestamp, tag_of_base64, tag_of_hex},
    source::{judge, lists, split_line},
};

const LIMIT: usize = 1000;

/// Expects the library to admit what the reference admits, and to refuse the rest for the same
/// reason.
///
/// Input: a line of vendor (`api`, `api+list`, `io` or `io+list`), method and peer; then header lines.
pub fn head(input: &[u8]) {
    let (first, lines) = split_line(input);
    let Ok(first) = std::str::from_utf8(first) else {
        return;
    };
    let mut words = first.split(' ');
    let [vendor, method, peer] = [(); 3].map(|()| words.next().unwrap_or_default());
    let request = Request {
        method,
        peer: peer.parse().ok(),
        headers: Request::headers(lines),
    };
    let listed = vendor.ends_with("+list");
    let is_io = vendor.starts_with("io");
    let refused = if is_io {
        IO.with(|io| refusal(&io[usize::from(listed)], &request))
    } else {
        API.with(|api| refusal(&api[usize::from(listed)], &request))
    };
    assert_eq!(refused, expected(&request, is_io, listed), "{request:?}");
}

thread_local! {
    static API: [Intake<SmileApi>; 2] = [false, true].map(|listed| {
        let intake = Intake::smile_api(secret()).direct().body_limit(LIMIT).expect("a limit");
        let (allowed, proxies) = lists();
        if listed { intake.allow_from(allowed).trusted_proxies(proxies) } else { intake }.build()
    });
    static IO: [Intake<SmileIo>; 2] = [false, true].map(|listed| {
        let intake = Intake::smile_io(secret()).direct().clock(FixedClock(NOW));
        let intake = intake.body_limit(LIMIT).expect("a limit");
        let (allowed, proxies) = lists();
        if listed { intake.allow_from(allowed).trusted_proxies(proxies) } else { intake }.build()
    });
}

fn secret() -> Secret {
    Secret::new("secret").expect("a secret")
}

fn refusal<V: Vendor>(intake: &Intake<V>, request: &Request<'_>) -> Option<RejectionKind> {
    intake
        .admit(request)
        .err()
        .map(|rejection| rejection.kind())
}

fn expected(request: &Request<'_>, is_io: bool, listed: bool) -> Option<RejectionKind> {
    if listed && judge(request).is_err() {
        return Some(RejectionKind::SourceAddress);
    }
    if request.method != "POST" {
        return Some(RejectionKind::Method);
    }
    let is_signed = if is_io {
        tag_of_base64(request).is_some() && fresh_timestamp(request, NOW).is_some()
    } else {
        tag_of_hex(request).is_some()
    };
    if !is_signed {
        return Some(RejectionKind::Signature);
    }
    let is_plain = request.values("content-encoding").iter().all(|value| {
        let text = String::from_utf8_lossy(value).to_ascii_lowercase();
        let mut codings = text
            .split(',')
            .map(|coding| coding.trim_matches(OPTIONAL_SPACE));
        codings.all(|coding| ["", "identity"].contains(&coding))
    });
    if !is_plain {
        return Some(RejectionKind::ContentEncoding);
    }
    if let [length] = request.values("content-length")[..]
        && !length.is_empty()
        && length.iter().all(u8::is_ascii_digit)
        && String::from_utf8_lossy(length)
            .parse::<u64>()
            .is_ok_and(|length| length > 1000)
    {
        return Some(RejectionKind::BodyTooLarge);
    }
    None
}

/// What the standard library counts as ASCII white space.
const OPTIONAL_SPACE: [char; 5] = [' ', '\t', '\n', '\x0c', '\r'];
