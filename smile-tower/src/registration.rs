//! A client for the registration API over any tower HTTP service.

use std::{
    error::Error,
    fmt,
    future::{Future, poll_fn},
    pin::pin,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body::Body;
use http_body_util::Full;
use smile_core::smile_api::registration::{
    self, ApiError, Call, EnsureError, EnsureStep, Ensured, InvalidInput, NewWebhook, PageRequest,
    Registration, Webhook, WebhookPage,
};
use tower_service::Service;

/// Registers webhooks with Smile API, over an HTTP client that is a tower service.
///
/// Such as hyper-util's `legacy::Client`, as below, with any tower layers around it. Each call
/// takes a clone of the service, waits until that is ready and calls it, so that calls may run side
/// by side. Their futures borrow nothing, and are `Send` where the service and its answers are.
///
/// # Limits
///
/// - An answer may have 1 MiB. Of a larger one that is no success only the status counts.
/// - There is no deadline, no second try and no limit to the rate: put `tokio::time::timeout`
///   around the call (a tower `Timeout` does not cover the answer's body), and mind that the vendor
///   takes 20 requests per second and IP address. A redirect is an [`ApiError`], so that the
///   credentials go nowhere else; use an HTTP client that does not follow them by itself.
///
/// # Security
///
/// The `authorization` header is marked as sensitive. Layers see it all the same, and see the
/// webhook's secret in the body of [`create`](Self::create) and [`ensure`](Self::ensure): don't log
/// bodies. What the HTTP client copies is not overwritten in memory.
///
/// # Example
///
/// ```no_run
/// use hyper_util::{client::legacy::Client, rt::TokioExecutor};
/// use smile_tower::{
///     RegistrationClient,
///     smile_api::{
///         EventType,
///         registration::{Credentials, Ensured, Environment, NewWebhook, Registration},
///     },
/// };
///
/// # async fn register(key: &str, key_secret: &str, secret: &str)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let https = hyper_rustls::HttpsConnectorBuilder::new()
///     .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
///     .https_or_http()
///     .enable_http1()
///     .build();
/// let http = Client::builder(TokioExecutor::new()).build(https);
///
/// let credentials = Credentials::new(key, key_secret)?;
/// let registration = Registration::new(Environment::Sandbox, credentials);
/// let client = RegistrationClient::new(registration, http);
///
/// let webhook = NewWebhook::new("orders", "https://app.example/hook", secret)?
///     .events([EventType::TaskFinished, EventType::AccountFailed])?;
/// match client.ensure(webhook).await? {
///     Ensured::Created(webhook) => println!("created {:?}", webhook.id),
///     other => println!("{other:?}"), // its secret is redacted
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RegistrationClient<S> {
    registration: Registration,
    http: S,
}

impl<S> RegistrationClient<S> {
    /// Takes where to register, and the HTTP client.
    #[must_use]
    pub fn new(registration: Registration, http: S) -> Self {
        Self { registration, http }
    }
}

impl<S, B> RegistrationClient<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Lists webhooks, page by page.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`], as of all calls.
    pub fn list(
        &self,
        page: &PageRequest,
    ) -> impl Future<Output = Result<WebhookPage, RegistrationError>> + use<S, B> {
        self.run(Ok(self.registration.list(page)))
    }

    /// Creates a webhook.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`]. After one of [`RegistrationError::Transport`] the webhook may be
    /// there or not.
    pub fn create(
        &self,
        webhook: &NewWebhook,
    ) -> impl Future<Output = Result<Webhook<'static>, RegistrationError>> + use<S, B> {
        self.run(Ok(self.registration.create(webhook)))
    }

    /// Gets a webhook.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`]; an id outside of the limits is not sent.
    pub fn get(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<Webhook<'static>, RegistrationError>> + use<S, B> {
        self.run(self.registration.get(id))
    }

    /// Deletes a webhook.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`]; an id outside of the limits is not sent.
    pub fn delete(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<(), RegistrationError>> + use<S, B> {
        self.run(self.registration.delete(id))
    }

    /// Creates a webhook unless there is one like it, so that an application can do so each time it
    /// starts. [`EnsureCall`](registration::EnsureCall) says which one is taken for the same.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`]. To try again, call it again.
    ///
    /// # Cancellation
    ///
    /// Where the future is dropped the webhook may have been created. Called again, it finds it.
    pub fn ensure(
        &self,
        webhook: NewWebhook,
    ) -> impl Future<Output = Result<Ensured, RegistrationError>> + use<S, B> {
        let mut call = self.registration.ensure(webhook);
        let http = self.http.clone();
        async move {
            loop {
                let (status, body) = send(http.clone(), call.request()).await?;
                match call.receive(status, &body)? {
                    EnsureStep::Send(next) => call = next,
                    EnsureStep::Done(ensured) => return Ok(ensured),
                }
            }
        }
    }

    /// Not an `async fn`, whose future would borrow the client and so be `Send` only where the
    /// service is `Sync`.
    fn run<T>(
        &self,
        call: Result<Call<T>, InvalidInput>,
    ) -> impl Future<Output = Result<T, RegistrationError>> + use<S, B, T> {
        let http = self.http.clone();
        async move {
            let call = call.map_err(RegistrationError::Invalid)?;
            let (status, body) = send(http, call.request()).await?;
            call.parse(status, &body).map_err(RegistrationError::Api)
        }
    }
}

/// Without the service, whose `Debug` may show what it adds to requests.
impl<S> fmt::Debug for RegistrationClient<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistrationClient")
            .field("registration", &self.registration)
            .finish_non_exhaustive()
    }
}

/// Why a call of [`RegistrationClient`] brought no result.
///
/// The message holds no secrets; nor does the source, as far as the HTTP client keeps them out of
/// its errors.
#[derive(Debug)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The vendor refused a request, or sent an unexpected answer.
    Api(ApiError),
    /// What was given is outside of the vendor's limits. Nothing was sent.
    Invalid(InvalidInput),
    /// The HTTP client does not take the address, because of the base URL or a very long cursor.
    /// Nothing was sent.
    Request(http::Error),
    /// The HTTP client failed, in sending or in receiving the answer.
    Transport(Box<dyn Error + Send + Sync>),
    /// A success with more than 1 MiB.
    TooLarge,
    /// The list of webhooks does not end: a cursor leads to itself, or there are over 100 pages.
    EndlessList,
}

impl RegistrationError {
    /// The vendor's answer, where there was one: its [`kind`](ApiError::kind) tells what to do.
    #[must_use]
    pub fn as_api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(err) => Some(err),
            _ => None,
        }
    }
}

impl From<EnsureError> for RegistrationError {
    fn from(err: EnsureError) -> Self {
        match err {
            EnsureError::Api(err) => Self::Api(err),
            _ => Self::EndlessList,
        }
    }
}

impl fmt::Display for RegistrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Api(_) => "expected a success of the registration api, found another answer",
            Self::Invalid(_) => "the registration api would refuse the input",
            Self::Request(_) => "the request could not be built",
            Self::Transport(_) => "expected an answer from the registration api, found none",
            Self::TooLarge => "expected an answer of at most 1 MiB, found more",
            Self::EndlessList => {
                "expected the list of webhooks to end, found a repeated cursor or over 100 pages"
            }
        })
    }
}

impl Error for RegistrationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Api(err) => Some(err),
            Self::Invalid(err) => Some(err),
            Self::Request(err) => Some(err),
            Self::Transport(err) => Some(&**err),
            Self::TooLarge | Self::EndlessList => None,
        }
    }
}

async fn send<S, B>(
    mut http: S,
    request: &registration::Request,
) -> Result<(u16, Vec<u8>), RegistrationError>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let request = to_http(request).map_err(RegistrationError::Request)?;
    poll_fn(|cx| http.poll_ready(cx)).await.map_err(transport)?;
    let response = http.call(request).await.map_err(transport)?;
    let (parts, body) = response.into_parts();
    match collect(body).await {
        Err(RegistrationError::TooLarge) if !parts.status.is_success() => {
            Ok((parts.status.as_u16(), Vec::new()))
        }
        body => Ok((parts.status.as_u16(), body?)),
    }
}

fn to_http(request: &registration::Request) -> http::Result<Request<Full<Bytes>>> {
    let mut builder = Request::builder()
        .method(request.method().as_str())
        .uri(request.url());
    for (name, value) in request.headers() {
        let mut value = HeaderValue::from_str(value)?;
        value.set_sensitive(name == header::AUTHORIZATION.as_str());
        builder = builder.header(name, value);
    }
    let body = request.body().map(Bytes::copy_from_slice);
    builder.body(Full::new(body.unwrap_or_default()))
}

async fn collect<B>(body: B) -> Result<Vec<u8>, RegistrationError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let Ok(data) = frame.map_err(transport)?.into_data() else {
            continue; // trailers
        };
        if data.len() > LONGEST_ANSWER - bytes.len() {
            return Err(RegistrationError::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn transport(err: impl Into<Box<dyn Error + Send + Sync>>) -> RegistrationError {
    RegistrationError::Transport(err.into())
}

/// 150 webhooks, each with the longest name, address and secret and all event types, have half of
/// it.
const LONGEST_ANSWER: usize = 1 << 20;

#[cfg(test)]
mod tests;
