//! `cargo lambda build --release -p lambda`, and `SMILE_API_SECRET` in the function's environment.

use std::env;

use smile_tower::Secret;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    tracing_subscriber::fmt()
        .without_time()
        .with_ansi(false)
        .init(); // Lambda adds the time
    let secret = Secret::new(env::var("SMILE_API_SECRET").unwrap_or_default())
        .map_err(|err| format!("SMILE_API_SECRET: {err}"))?;
    lambda_http::run(lambda::service(secret)).await
}
