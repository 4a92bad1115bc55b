//! The text that the receiver prints when it is ready.

use std::net::SocketAddr;

use crate::options::Settings;

/// Prints where the receiver listens, and a `curl` line for each vendor. Each run of a line makes a
/// new event and signs it with `openssl`, so it can be pasted again and again.
pub(crate) fn print(settings: &Settings, address: SocketAddr) {
    println!("listening on http://{address}");
    println!();
    println!("Try Smile API:");
    println!(
        "  {}",
        smile_api(
            address,
            &shown(&settings.smile_api.generated, "SMILE_API_SECRET")
        )
    );
    println!();
    println!("Try Smile.io:");
    println!(
        "  {}",
        smile_io(
            address,
            &shown(&settings.smile_io.generated, "SMILE_IO_SECRET")
        )
    );
    println!();
    println!("Then look at http://{address}/ or http://{address}/events");
}

/// Shows a generated secret, since nobody else knows it, and a variable in place of a given one.
fn shown(generated: &Option<String>, variable: &str) -> String {
    match generated {
        Some(secret) => format!("'{secret}'"),
        None => format!("\"${variable}\""),
    }
}

fn smile_api(address: SocketAddr, secret: &str) -> String {
    let body = concat!(
        r#"'{"id":"et-'$(openssl rand -hex 16)'","version":1,"type":"ACCOUNT_CONNECTED","#,
        r#""createdAt":"'$(date -u +%FT%TZ)'","data":{"userId":"tenant-1","accountId":"a-1","#,
        r#""providers":["abccorp"],"loginName":"jane"}}'"#
    );
    format!(
        "BODY={body}; curl -i http://{address}/webhooks/smile-api -H 'Content-Type: \
         application/json' -H \"Smile-Signature: $(printf %s \"$BODY\" | openssl dgst -sha512 \
         -hmac {secret} -r | cut -d' ' -f1)\" --data-binary \"$BODY\""
    )
}

fn smile_io(address: SocketAddr, secret: &str) -> String {
    let body = concat!(
        r#"'{"topic":"customer/updated","account_id":1,"data":{"customer":{"id":'$(date +%s)$RANDOM',"#,
        r#""first_name":"Jane","points_balance":100,"updated_at":"'$(date -u +%FT%TZ)'"}}}'"#
    );
    format!(
        "BODY={body}; NOW=$(date +%s); curl -i http://{address}/webhooks/smile-io -H \
         'Content-Type: application/json' -H \"Smile-Timestamp: $NOW\" -H \"Smile-Signature: \
         $(printf %s \"$NOW.$BODY\" | openssl dgst -sha256 -hmac {secret} -binary | openssl base64 \
         -A)\" --data-binary \"$BODY\""
    )
}
