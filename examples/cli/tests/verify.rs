//! `smile verify` names the cause; signatures are made by the hash crates and by openssl.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use flate2::{Compression, write::GzEncoder};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

const SECRET: &str = "a little secret";
const TIME: &str = "1700000000";
/// As Smile API sends it.
const BODY: &str = concat!(
    r#"{"id":"et-7c0e","version":1,"type":"ACCOUNT_CONNECTED","#,
    r#""createdAt":"2026-01-01T00:00:00Z","data":{"userId":"tenant-1","accountId":"a-1","#,
    r#""providers":["abc/corp"],"loginName":"José <jo@example.com>","score":1.50}}"#
);
/// `json.dumps(json.loads(BODY))` of Python 3.
const PYTHON: &str = concat!(
    r#"{"id": "et-7c0e", "version": 1, "type": "ACCOUNT_CONNECTED", "#,
    r#""createdAt": "2026-01-01T00:00:00Z", "data": {"userId": "tenant-1", "accountId": "a-1", "#,
    r#""providers": ["abc/corp"], "loginName": "Jos\u00e9 <jo@example.com>", "score": 1.5}}"#
);
/// `JSON.stringify(JSON.parse(BODY), null, 2)` of Node.
const INDENTED: &str = r#"{
  "id": "et-7c0e",
  "version": 1,
  "type": "ACCOUNT_CONNECTED",
  "createdAt": "2026-01-01T00:00:00Z",
  "data": {
    "userId": "tenant-1",
    "accountId": "a-1",
    "providers": [
      "abc/corp"
    ],
    "loginName": "José <jo@example.com>",
    "score": 1.5
  }
}"#;
/// `jq --indent 4 .` keeps the digits of numbers.
const INDENTED_BY_4: &str = r#"{
    "id": "et-7c0e",
    "version": 1,
    "type": "ACCOUNT_CONNECTED",
    "createdAt": "2026-01-01T00:00:00Z",
    "data": {
        "userId": "tenant-1",
        "accountId": "a-1",
        "providers": [
            "abc/corp"
        ],
        "loginName": "José <jo@example.com>",
        "score": 1.50
    }
}"#;
/// `json_encode(json_decode(BODY))` of PHP.
const PHP: &str = concat!(
    r#"{"id":"et-7c0e","version":1,"type":"ACCOUNT_CONNECTED","#,
    r#""createdAt":"2026-01-01T00:00:00Z","data":{"userId":"tenant-1","accountId":"a-1","#,
    r#""providers":["abc\/corp"],"loginName":"Jos\u00e9 <jo@example.com>","score":1.5}}"#
);
/// What `serde_json::Value` and Go's maps make of it: sorted keys; Go escapes `<` and `>`.
const GO: &str = concat!(
    r#"{"createdAt":"2026-01-01T00:00:00Z","data":{"accountId":"a-1","#,
    r#""loginName":"José \u003cjo@example.com\u003e","providers":["abc/corp"],"score":1.5,"#,
    r#""userId":"tenant-1"},"id":"et-7c0e","type":"ACCOUNT_CONNECTED","version":1}"#
);

/// One call, and the kinds of causes that it has to name; none if the signature matches.
struct Case {
    name: &'static str,
    vendor: &'static str,
    secret: String,
    signature: String,
    timestamp: Option<String>,
    body: Vec<u8>,
    expected: &'static [&'static str],
}

/// Smile API's delivery of [`BODY`], with a right signature until it is changed.
fn smile_api(name: &'static str, expected: &'static [&'static str]) -> Case {
    Case {
        name,
        vendor: "smile-api",
        secret: SECRET.into(),
        signature: hex::encode(sha512(SECRET, BODY)),
        timestamp: None,
        body: BODY.into(),
        expected,
    }
}

/// Smile.io's delivery of [`BODY`], with a right signature until it is changed.
fn smile_io(name: &'static str, expected: &'static [&'static str]) -> Case {
    Case {
        vendor: "smile-io",
        signature: STANDARD.encode(sha256(SECRET, format!("{TIME}.{BODY}"))),
        timestamp: Some(TIME.into()),
        ..smile_api(name, expected)
    }
}

impl Case {
    fn secret(self, secret: impl Into<String>) -> Self {
        let secret = secret.into();
        Self { secret, ..self }
    }

    fn signature(self, signature: impl Into<String>) -> Self {
        let signature = signature.into();
        Self { signature, ..self }
    }

    fn signed_by(self, secret: impl AsRef<[u8]>) -> Self {
        let signature = hex::encode(sha512(secret, &self.body));
        Self { signature, ..self }
    }

    /// Smile API's signature of another body.
    fn signed_body(self, body: impl AsRef<[u8]>) -> Self {
        let signature = hex::encode(sha512(SECRET, body));
        Self { signature, ..self }
    }

    /// Smile.io's signature of another message.
    fn signed_message(self, message: impl AsRef<[u8]>) -> Self {
        let signature = STANDARD.encode(sha256(SECRET, message));
        Self { signature, ..self }
    }

    fn timestamp(self, timestamp: impl Into<String>) -> Self {
        let timestamp = Some(timestamp.into());
        Self { timestamp, ..self }
    }

    fn without_timestamp(self) -> Self {
        Self {
            timestamp: None,
            ..self
        }
    }

    fn body(self, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { body, ..self }
    }
}

fn cases() -> Vec<Case> {
    let body = BODY.as_bytes();
    let with_bom = [b"\xef\xbb\xbf", body].concat();
    let hex_secret = "5f3a9c0d11e84b7aa2c4d6e8f0123456";
    let base64_secret = STANDARD.encode(b"\x00\xff a key of bytes \xfe");
    let sorted: Value = serde_json::from_str(BODY).unwrap();
    let sorted = serde_json::to_string(&sorted).unwrap();
    let twice: String = body.iter().copied().map(char::from).collect();
    vec![
        // What matches.
        smile_api("right, smile-api", &[]),
        smile_io("right, smile-io", &[]),
        smile_api("upper case is accepted", &[]).signature(hex::encode_upper(sha512(SECRET, BODY))),
        smile_api("any bytes as body", &[])
            .body("\x00no json")
            .signed_body("\x00no json"),
        smile_api("a padded secret on both sides", &[])
            .secret("s\n")
            .signed_by("s\n"),
        // The secret.
        smile_api("line feed after the secret here", &["secret-whitespace"])
            .secret(format!("{SECRET}\n")),
        smile_io("spaces around the secret here", &["secret-whitespace"])
            .secret(format!("  {SECRET} ")),
        smile_api(
            "an escaped line feed after the secret here",
            &["secret-whitespace"],
        )
        .secret(format!("{SECRET}\\n")),
        smile_api(
            "line feed after the sender's secret",
            &["secret-whitespace"],
        )
        .signed_by(format!("{SECRET}\n")),
        smile_api("double quotes around the secret here", &["secret-quotes"])
            .secret(format!("\"{SECRET}\"")),
        smile_io("single quotes around the secret here", &["secret-quotes"])
            .secret(format!("'{SECRET}'")),
        smile_api("quotes around the sender's secret", &["secret-quotes"])
            .signed_by(format!("\"{SECRET}\"")),
        smile_api(
            "quotes and a line feed here",
            &["secret-whitespace", "secret-quotes"],
        )
        .secret(format!("\"{SECRET}\"\n")),
        smile_api("the sender decoded hex", &["secret-encoding"])
            .secret(hex_secret)
            .signed_by(hex::decode(hex_secret).unwrap()),
        smile_api("the sender decoded base64", &["secret-encoding"])
            .secret(&base64_secret)
            .signed_by(STANDARD.decode(&base64_secret).unwrap()),
        smile_api(
            "the sender used the secret's hex text",
            &["secret-encoding"],
        )
        .signed_by(hex::encode(SECRET)),
        // The body.
        smile_api("line feed after the body here", &["trailing-newline"]).body(format!("{BODY}\n")),
        smile_io("CR and LF after the body here", &["trailing-newline"])
            .body(format!("{BODY}\r\n")),
        smile_api("line feed lost here", &["trailing-newline"]).signed_body(format!("{BODY}\n")),
        smile_api("indented by 2 here", &["reformatted-json"])
            .body(INDENTED)
            .signed_body(BODY.replace("1.50", "1.5")),
        smile_api("signed as indented by 2", &["reformatted-json"]).signed_body(INDENTED),
        smile_api("signed as indented by 4", &["reformatted-json"]).signed_body(INDENTED_BY_4),
        smile_api("signed as Python writes it", &["reformatted-json"]).signed_body(PYTHON),
        smile_io(
            "signed as Python writes it, smile-io",
            &["reformatted-json"],
        )
        .signed_message(format!("{TIME}.{PYTHON}")),
        smile_api("signed as PHP writes it", &["reformatted-json"]).signed_body(PHP),
        smile_api("signed with sorted keys", &["reformatted-json"]).signed_body(&sorted),
        smile_api("signed as Go writes it", &["reformatted-json"]).signed_body(GO),
        smile_api(
            "Go's Encoder adds a line feed",
            &["reformatted-json", "trailing-newline"],
        )
        .signed_body(format!("{GO}\n")),
        smile_api("Python's JSON here", &["reformatted-json"])
            .body(PYTHON)
            .signed_body(BODY.replace("1.50", "1.5")),
        smile_api("UTF-8 taken for Latin-1", &["reformatted-json"]).signed_body(&twice),
        smile_api("JSON in a JSON string here", &["reformatted-json"])
            .body(serde_json::to_string(BODY).unwrap()),
        smile_api("compressed here", &["reformatted-json"]).body(gzip(body)),
        smile_api("byte order mark here", &["byte-order-mark"]).body(with_bom.clone()),
        smile_api("byte order mark lost here", &["byte-order-mark"]).signed_body(&with_bom),
        // The scheme.
        smile_api("signed as Smile.io", &["other-vendor"])
            .timestamp(TIME)
            .signed_message(format!("{TIME}.{BODY}")),
        smile_io("signed as Smile API", &["other-vendor"])
            .signature(hex::encode(sha512(SECRET, BODY))),
        smile_api("HMAC-SHA256", &["other-hash"]).signature(hex::encode(sha256(SECRET, BODY))),
        smile_api("HMAC-SHA1", &["other-hash"]).signature(hex::encode(sha1(SECRET, BODY))),
        smile_io("HMAC-SHA512 of Smile.io's message", &["other-hash"])
            .signature(STANDARD.encode(sha512(SECRET, format!("{TIME}.{BODY}")))),
        smile_api("a hash of secret and body", &["other-hash"])
            .signature(hex::encode(Sha512::digest(format!("{SECRET}{BODY}")))),
        smile_api("base64 in place of hex", &["signature-encoding"])
            .signature(STANDARD.encode(sha512(SECRET, BODY))),
        smile_api("URL-safe base64", &["signature-encoding"])
            .signature(URL_SAFE.encode(sha512(SECRET, BODY))),
        smile_io("hex in place of base64", &["signature-encoding"])
            .signature(hex::encode(sha256(SECRET, format!("{TIME}.{BODY}")))),
        smile_io("base64 without padding", &["signature-encoding"])
            .signature(URL_SAFE_NO_PAD.encode(sha256(SECRET, format!("{TIME}.{BODY}")))),
        smile_io("base64 of hex", &["signature-encoding"])
            .signature(STANDARD.encode(hex::encode(sha256(SECRET, format!("{TIME}.{BODY}"))))),
        smile_api("a label before the signature", &["signature-encoding"])
            .signature(format!("sha512={}", hex::encode(sha512(SECRET, BODY)))),
        smile_io("a form turned + into a space", &["signature-encoding"])
            .body("{}4")
            .signature(
                STANDARD
                    .encode(sha256(SECRET, format!("{TIME}.{{}}4")))
                    .replace('+', " "),
            ),
        smile_api("a signature that is cut off", &["signature-encoding"])
            .signature(&hex::encode(sha512(SECRET, BODY))[..100]),
        smile_api("neither hex nor base64", &["signature-encoding"]).signature("(none) at all"),
        // The timestamp.
        smile_io("milliseconds signed and sent", &["timestamp"])
            .timestamp("1700000000123")
            .signed_message(format!("1700000000123.{BODY}")),
        smile_io("milliseconds sent, seconds signed", &["timestamp"]).timestamp("1700000000123"),
        smile_io("seconds sent, milliseconds signed", &["timestamp"])
            .signed_message(format!("1700000000000.{BODY}")),
        smile_io("seconds sent, a fraction of them signed", &["timestamp"])
            .signed_message(format!("1700000000123.{BODY}")),
        smile_io("no timestamp given", &["timestamp"]).without_timestamp(),
        smile_io("no timestamp signed", &["timestamp"]).signed_message(BODY),
        smile_io("no dot signed", &["timestamp"]).signed_message(format!("{TIME}{BODY}")),
        smile_io("a colon signed", &["timestamp"]).signed_message(format!("{TIME}:{BODY}")),
        smile_io("a date sent", &["timestamp"]).timestamp("2023-11-14T22:13:20Z"),
        // Two causes.
        smile_api(
            "quotes and a line feed",
            &["secret-quotes", "trailing-newline"],
        )
        .secret(format!("\"{SECRET}\""))
        .body(format!("{BODY}\n")),
        smile_io(
            "hex, and re-formatted",
            &["reformatted-json", "signature-encoding"],
        )
        .signature(hex::encode(sha256(SECRET, format!("{TIME}.{PYTHON}")))),
        // What nobody can know.
        smile_api("another secret", &["unknown"]).secret("another secret"),
        smile_io("another secret, smile-io", &["unknown"]).secret("another secret"),
        smile_io("another timestamp", &["unknown"]).timestamp("1700000001"),
        smile_api("another value in the body", &["unknown"]).body(BODY.replace("a-1", "a-2")),
        smile_api("another secret and hash", &["unknown"])
            .secret("another secret")
            .signature(hex::encode(sha256(SECRET, BODY))),
        smile_api("an empty body", &["unknown"]).body(""),
    ]
}

#[test]
fn each_cause_is_named_and_nothing_else() {
    let mut wrong = Vec::new();
    for case in cases() {
        let output = verify(&case);
        let line: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|err| panic!("{}: {err}: {output:?}", case.name));
        let causes = line["causes"].as_array().expect("causes");
        let found: Vec<&str> = causes
            .iter()
            .map(|cause| cause["kind"].as_str().expect("a kind"))
            .collect();
        let matches = case.expected.is_empty();
        if found != case.expected || line["matches"] != matches {
            wrong.push(format!(
                "{}: expected {:?}, found {line}",
                case.name, case.expected
            ));
        }
        assert_eq!(
            output.status.code(),
            Some(i32::from(!matches)),
            "{}",
            case.name
        );
        for cause in causes {
            let text = cause["text"].as_str().expect("a text");
            assert!(!text.contains(&case.secret), "{}: {text}", case.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_names_each_kind_of_cause() {
    const PAGE: &str = include_str!("../../../docs/signatures.md");
    for kind in cases().iter().flat_map(|case| case.expected) {
        assert!(PAGE.contains(&format!("`{kind}`")), "{kind}");
    }
}

#[test]
fn signatures_of_openssl_match_without_a_vendor() {
    let hex = openssl(&["dgst", "-sha512", "-hmac", SECRET, "-r"], BODY.as_bytes());
    let hex = String::from_utf8(hex).unwrap();
    let api = smile_api("openssl", &[]).signature(hex.split(' ').next().unwrap());
    assert_eq!(verify_with(&api, &[]).status.code(), Some(0));

    let message = format!("{TIME}.{BODY}");
    let mac = openssl(
        &["dgst", "-sha256", "-hmac", SECRET, "-binary"],
        message.as_bytes(),
    );
    let io = smile_io("openssl", &[]).signature(STANDARD.encode(mac));
    assert_eq!(verify_with(&io, &[]).status.code(), Some(0));
}

#[test]
fn people_get_the_causes_as_a_list_and_a_note_on_an_old_timestamp() {
    let quoted = smile_api("quotes", &[]).secret(format!("'{SECRET}'"));
    let output = verify_with(&quoted, &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("the signature does not match (Smile API: "),
        "{text}"
    );
    assert!(
        text.contains("\n- the secret given here begins or ends with quotes"),
        "{text}"
    );

    let old = verify_with(&smile_io("old", &[]), &[]);
    let text = String::from_utf8(old.stdout).unwrap();
    assert!(text.starts_with("the signature matches"), "{text}");
    assert!(text.contains("they refuse this delivery now"), "{text}");
    assert_eq!(old.status.code(), Some(0));
}

#[test]
fn an_unknown_cause_says_what_was_tried() {
    let output = verify(&smile_api("unknown", &[]).secret("another"));
    let text = String::from_utf8(output.stdout).unwrap();
    for tried in [
        "quotes",
        "hex and base64",
        "line end",
        "byte order mark",
        "JSON",
        "vendor",
    ] {
        assert!(text.contains(tried), "{tried}: {text}");
    }
}

#[test]
fn a_call_without_a_secret_is_wrong() {
    let output = Command::new(env!("CARGO_BIN_EXE_smile"))
        .args(["verify", "--vendor", "smile-io", "--signature", "x"])
        .env_remove("SMILE_IO_SECRET")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("SMILE_IO_SECRET"), "{text}");
}

#[test]
fn the_secret_may_come_from_the_vendor_s_variable() {
    let case = smile_api("variable", &[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_smile"));
    command
        .args(["verify", "--signature", &case.signature])
        .env("SMILE_API_SECRET", SECRET);
    assert!(fed(command, &case.body).status.success());
}

#[test]
fn a_large_body_is_explained_within_seconds() {
    let items = vec![BODY; 16_000].join(",");
    let body = format!("[{items}]");
    assert!(body.len() > 3 << 20);
    let output = verify(
        &smile_api("large", &[])
            .body(format!("{body}\n"))
            .signed_body(&body),
    );
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["causes"][0]["kind"], "trailing-newline");
}

fn verify(case: &Case) -> Output {
    verify_with(case, &["--vendor", case.vendor, "--json"])
}

fn verify_with(case: &Case, flags: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smile"));
    command
        .arg("verify")
        .args(["--secret", &case.secret, "--signature", &case.signature])
        .args(flags);
    if let Some(timestamp) = &case.timestamp {
        command.args(["--timestamp", timestamp]);
    }
    fed(command, &case.body)
}

fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(arguments);
    let output = fed(command, input);
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// Runs a command with this input.
fn fed(mut command: Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input).expect("the program reads all");
    drop(stdin);
    child.wait_with_output().expect("the program ends")
}

fn sha512(secret: impl AsRef<[u8]>, message: impl AsRef<[u8]>) -> Vec<u8> {
    mac::<Hmac<Sha512>>(secret, message)
}

fn sha256(secret: impl AsRef<[u8]>, message: impl AsRef<[u8]>) -> Vec<u8> {
    mac::<Hmac<Sha256>>(secret, message)
}

fn sha1(secret: impl AsRef<[u8]>, message: impl AsRef<[u8]>) -> Vec<u8> {
    mac::<Hmac<Sha1>>(secret, message)
}

fn mac<M: Mac + KeyInit>(secret: impl AsRef<[u8]>, message: impl AsRef<[u8]>) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(secret.as_ref()).expect("any key");
    let mac = mac.chain_update(message);
    mac.finalize().into_bytes().to_vec()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}
