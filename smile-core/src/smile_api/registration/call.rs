use std::{fmt, marker::PhantomData};

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::model::{List, Unknown};

use super::{
    ApiError, Credentials, EnsureCall, Environment, InvalidInput, NewWebhook, Webhook, WebhookPage,
    invalid::check_length,
};

/// Makes the calls of the registration API (tag "Webhooks" of the Smile API OpenAPI 1.14.0).
#[derive(Clone, Debug)]
pub struct Registration {
    environment: Environment,
    credentials: Credentials,
}

impl Registration {
    /// Makes calls to `environment` with these credentials.
    #[must_use]
    pub fn new(environment: Environment, credentials: Credentials) -> Self {
        Self {
            environment,
            credentials,
        }
    }

    /// Lists webhooks, page by page.
    #[must_use]
    pub fn list(&self, page: &PageRequest) -> Call<WebhookPage> {
        let PageRequest { size, cursor } = page;
        let mut path = format!("/webhooks?size={size}");
        if let Some(cursor) = cursor {
            path.push_str("&cursor=");
            path.push_str(&percent_encoded(cursor));
        }
        Call::new(self.request(Method::Get, &path, None), |data| {
            let page: List<'_, Webhook<'_>> = serde_json::from_str(data?).ok()?;
            Some(page.into_owned())
        })
    }

    /// Creates a webhook.
    #[must_use]
    pub fn create(&self, webhook: &NewWebhook) -> Call<Webhook<'static>> {
        let body = webhook.to_body();
        Call::new(
            self.request(Method::Post, "/webhooks", Some(body)),
            read_webhook,
        )
    }

    /// Gets a webhook.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`] if the id does not have 1 to 200 characters, or is `.` or `..`.
    pub fn get(&self, id: &str) -> Result<Call<Webhook<'static>>, InvalidInput> {
        Ok(Call::new(
            self.request(Method::Get, &path_of(id)?, None),
            read_webhook,
        ))
    }

    /// Deletes a webhook.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`] if the id does not have 1 to 200 characters, or is `.` or `..`.
    pub fn delete(&self, id: &str) -> Result<Call<()>, InvalidInput> {
        Ok(Call::new(
            self.request(Method::Delete, &path_of(id)?, None),
            |_| Some(()),
        ))
    }

    /// Creates a webhook unless there is one like it, see [`EnsureCall`].
    #[must_use]
    pub fn ensure(&self, webhook: NewWebhook) -> EnsureCall {
        EnsureCall::new(self.clone(), webhook)
    }

    fn request(&self, method: Method, path: &str, body: Option<Zeroizing<Vec<u8>>>) -> Request {
        Request {
            method,
            url: format!("{}{path}", self.environment.base_url()),
            authorization: self.credentials.authorization().clone(),
            body,
        }
    }
}

/// Which page of webhooks to list, and its size: 150 by default, the vendor's maximum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    size: u16,
    cursor: Option<String>,
}

impl PageRequest {
    /// The first page.
    #[must_use]
    pub fn first() -> Self {
        Self {
            size: 150,
            cursor: None,
        }
    }

    /// The page at a cursor, which is the `next_cursor` of the page before.
    #[must_use]
    pub fn at(cursor: &str) -> Self {
        Self {
            cursor: Some(cursor.to_owned()),
            ..Self::first()
        }
    }

    /// Asks for pages of another size.
    ///
    /// # Errors
    ///
    /// [`InvalidInput::PageSize`] if it is not 1 to 150.
    pub fn size(self, size: u16) -> Result<Self, InvalidInput> {
        if (1..=150).contains(&size) {
            Ok(Self { size, ..self })
        } else {
            Err(InvalidInput::PageSize { found: size })
        }
    }
}

/// A request to send, and a way to read its answer.
#[derive(Debug)]
pub struct Call<T> {
    request: Request,
    read: fn(Option<&str>) -> Option<T>,
    answer: PhantomData<fn() -> T>,
}

impl<T> Call<T> {
    fn new(request: Request, read: fn(Option<&str>) -> Option<T>) -> Self {
        Self {
            request,
            read,
            answer: PhantomData,
        }
    }

    /// The request to send.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Reads the answer. Any status from 200 to 299 is a success.
    ///
    /// # Errors
    ///
    /// [`ApiError`] for any other status, and for a body that does not have the documented shape.
    pub fn parse(&self, status: u16, body: &[u8]) -> Result<T, ApiError> {
        let frame = Unknown::parse(body);
        let data = frame
            .get("data")
            .map(RawValue::get)
            .filter(|data| *data != "null");
        let answer = if (200..300).contains(&status) {
            (self.read)(data)
        } else {
            None
        };
        answer.ok_or_else(|| ApiError::new(status, &frame))
    }
}

/// An HTTP request.
///
/// `Debug` shows neither the credentials nor the body, which may hold a secret.
pub struct Request {
    method: Method,
    url: String,
    authorization: Zeroizing<String>,
    body: Option<Zeroizing<Vec<u8>>>,
}

impl Request {
    /// The method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// The whole URL, with its query.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The headers, with lower-case names. The value of `authorization` is secret: mark it as
    /// sensitive if your client can.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let content_type = self
            .body
            .as_ref()
            .map(|_| ("content-type", "application/json"));
        [
            ("accept", "application/json"),
            ("authorization", self.authorization.as_str()),
        ]
        .into_iter()
        .chain(content_type)
    }

    /// The body, if there is one.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_ref().map(|body| body.as_slice())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// The methods that the calls use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `DELETE`
    Delete,
}

impl Method {
    /// The method as it is sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

fn read_webhook(data: Option<&str>) -> Option<Webhook<'static>> {
    let webhook: Webhook<'_> = serde_json::from_str(data?).ok()?;
    Some(webhook.into_owned())
}

fn path_of(id: &str) -> Result<String, InvalidInput> {
    check_length("id", id, 200)?;
    if id == "." || id == ".." {
        return Err(InvalidInput::Id);
    }
    Ok(format!("/webhooks/{}", percent_encoded(id)))
}

/// Encodes all but the unreserved characters of RFC 3986.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
