//! A running receiver, asked by its own routes.

use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};

use crate::{
    client::{HttpClient, client},
    failure::{Chain, Failure},
};

/// Where a receiver runs.
pub(crate) struct Receiver {
    client: HttpClient,
    base: String,
}

impl Receiver {
    pub(crate) fn at(address: &Uri) -> Result<Self, Failure> {
        let base = address.to_string().trim_end_matches('/').to_owned();
        Ok(Self {
            client: client()?,
            base,
        })
    }

    /// The body of an answer 200.
    pub(crate) async fn get(&self, path: &str) -> Result<Bytes, Failure> {
        let (status, body) = self.call("GET", path).await?;
        match status {
            StatusCode::OK => Ok(body),
            _ => Err(self.unexpected(path, status, &body)),
        }
    }

    /// Posts nothing, and expects a 2xx.
    pub(crate) async fn post(&self, path: &str) -> Result<(), Failure> {
        let (status, body) = self.call("POST", path).await?;
        if status.is_success() {
            Ok(())
        } else {
            Err(self.unexpected(path, status, &body))
        }
    }

    async fn call(&self, method: &str, path: &str) -> Result<(StatusCode, Bytes), Failure> {
        let url = format!("{}{path}", self.base);
        let request = Request::builder().method(method).uri(&url);
        let request = request.body(Full::default()).map_err(Failure::failed)?;
        let unreachable = |err: &dyn std::error::Error| {
            Failure::failed(format!(
                "{url}: {}; is the receiver running there?",
                Chain(err)
            ))
        };
        let answer = self.client.request(request).await;
        let (parts, body) = answer.map_err(|err| unreachable(&err))?.into_parts();
        let body = body.collect().await.map_err(|err| unreachable(&err))?;
        Ok((parts.status, body.to_bytes()))
    }

    fn unexpected(&self, path: &str, status: StatusCode, body: &[u8]) -> Failure {
        let text: String = String::from_utf8_lossy(body).chars().take(200).collect();
        let hint = match status {
            StatusCode::NOT_FOUND => "; is this a running smile-receiver, and has it that?",
            _ => "",
        };
        Failure::failed(format!(
            "{}{path} answered {status}: {}{hint}",
            self.base,
            text.trim().escape_debug()
        ))
    }
}
