//! Command lines that deliver an event by `curl`, signed by `openssl` at the time they are run.

use crate::{deliveries::to_base64, options::Settings};

/// What the shell puts in the place of each vendor's secret.
#[derive(Clone, Debug)]
pub(crate) struct Curl {
    smile_api: String,
    smile_io: String,
}

impl Curl {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            smile_api: shown(&settings.smile_api.generated, "SMILE_API_SECRET"),
            smile_io: shown(&settings.smile_io.generated, "SMILE_IO_SECRET"),
        }
    }

    /// Makes a new event at each run, so it can be pasted again and again.
    pub(crate) fn new_event(&self, vendor: &str, host: &str) -> String {
        let body = match vendor {
            "smile-io" => NEW_SMILE_IO,
            _ => NEW_SMILE_API,
        };
        format!(
            "BODY={body}; {}",
            self.send(vendor, host, &Source::Variable)
        )
    }

    /// Sends exactly this body.
    pub(crate) fn body(&self, vendor: &str, host: &str, body: &[u8]) -> String {
        match std::str::from_utf8(body) {
            Ok(text) if is_safe_to_paste(text) => {
                let body = text.replace('\'', r"'\''");
                let send = self.send(vendor, host, &Source::Variable);
                format!("BODY='{body}'; {send}")
            }
            _ => {
                let body = to_base64(body);
                let send = self.send(vendor, host, &Source::File);
                format!(
                    "BODY=$(mktemp); printf %s '{body}' | openssl base64 -d -A > \"$BODY\"; {send}; \
                     rm \"$BODY\""
                )
            }
        }
    }

    fn send(&self, vendor: &str, host: &str, source: &Source) -> String {
        let (print, data) = match source {
            // Not `--data-binary`, which takes a body that begins with @ for a file's name.
            Source::Variable => ("printf %s \"$BODY\"", "--data-raw \"$BODY\""),
            Source::File => ("cat \"$BODY\"", "--data-binary @\"$BODY\""),
        };
        let url = format!("http://{host}/webhooks/{vendor}");
        if vendor == "smile-io" {
            let secret = &self.smile_io;
            return format!(
                "NOW=$(date +%s); curl -i {url} -H 'Content-Type: application/json' -H \
                 \"Smile-Timestamp: $NOW\" -H \"Smile-Signature: $({{ printf %s \"$NOW.\"; {print}; \
                 }} | openssl dgst -sha256 -hmac {secret} -binary | openssl base64 -A)\" {data}"
            );
        }
        let secret = &self.smile_api;
        format!(
            "curl -i {url} -H 'Content-Type: application/json' -H \"Smile-Signature: $({print} | \
             openssl dgst -sha512 -hmac {secret} -r | cut -d' ' -f1)\" {data}"
        )
    }
}

enum Source {
    Variable,
    File,
}

/// Shows a generated secret, since nobody else knows it, and a variable in place of a given one.
fn shown(generated: &Option<String>, variable: &str) -> String {
    match generated {
        Some(secret) => format!("'{secret}'"),
        None => format!("\"${variable}\""),
    }
}

/// A stranger's control characters could end the terminal's paste and run what follows, and a
/// shell's arguments have a limit of 128 KiB.
fn is_safe_to_paste(text: &str) -> bool {
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    text.len() <= 100_000 && !text.contains(is_control)
}

const NEW_SMILE_API: &str = concat!(
    r#"'{"id":"et-'$(openssl rand -hex 16)'","version":1,"type":"ACCOUNT_CONNECTED","#,
    r#""createdAt":"'$(date -u +%FT%TZ)'","data":{"userId":"tenant-1","accountId":"a-1","#,
    r#""providers":["abccorp"],"loginName":"jane"}}'"#
);

const NEW_SMILE_IO: &str = concat!(
    r#"'{"topic":"customer/updated","account_id":1,"data":{"customer":{"id":'$(date +%s)$RANDOM',"#,
    r#""first_name":"Jane","points_balance":100,"updated_at":"'$(date -u +%FT%TZ)'"}}}'"#
);
