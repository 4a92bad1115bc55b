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
/// Such as hyper-util's `legacy::Client`, as below, with any tower layers around it. Each call takes
/// a clone of the service, waits until that is ready and calls it, so that calls may run side by
/// side. Their futures borrow nothing, and are `Send` where the service and its answers are.
///
/// # Limits
///
/// - An answer may have 1 MiB. Of a larger one that is no success only the status counts.
/// - There is no deadline, no second try and no limit to the rate: put `tokio::time::timeout` around
///   the call (a tower `Timeout` does not cover the answer's body), and mind that the vendor takes
///   20 requests per second and IP address. A redirect is an [`ApiError`], so that the credentials
///   go nowhere else; use an HTTP client that does not follow them by itself.
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
    /// [`RegistrationError`]. After one of [`RegistrationError::Transport`] the webhook may be there
    /// or not.
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
    /// The vendor answered something else than what was asked for.
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
            Self::Api(_) => "expected the registration api to do as asked, found a refusal",
            Self::Invalid(_) => "expected what the registration api takes, found something else",
            Self::Request(_) => "expected an address that can be sent to, found another",
            Self::Transport(_) => "expected an answer of the registration api, found none",
            Self::TooLarge => "expected an answer of at most 1 MiB, found more",
            Self::EndlessList => "expected the list of webhooks to end, found no end",
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

/// 150 webhooks, each with the longest name, address and secret and all event types, have half of it.
const LONGEST_ANSWER: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        future::{Ready, ready},
        sync::{Arc, Mutex},
        task::{Context, Poll},
    };

    use smile_core::smile_api::registration::{ApiErrorKind, Credentials, Environment};

    use super::*;

    #[tokio::test]
    async fn calls_are_made_on_the_clone_that_was_ready() {
        let http = Scripted::new([(200, "{}")]);
        // The service checks it.
        assert!(client(&http).delete("1").await.is_ok());
        assert_eq!(
            http.seen(),
            ["DELETE https://sandbox.smileapi.io/v1/webhooks/1"]
        );
    }

    #[tokio::test]
    async fn futures_are_send_with_a_service_that_is_not_sync() {
        let client = client(&Scripted::new([(200, "{}")]));
        let done = tokio::spawn(client.delete("1")).await.unwrap();
        assert!(done.is_ok());
        let ensuring = client.ensure(new_webhook());
        fn assert_send(_: &impl Send) {}
        assert_send(&ensuring);
    }

    #[tokio::test]
    async fn ensure_asks_for_each_page_and_creates_what_is_missing() {
        let http = Scripted::new([
            (200, r#"{"data":{"nextCursor":"b c","items":[]}}"#),
            (200, r#"{"data":{"nextCursor":null,"items":[]}}"#),
            (201, r#"{"data":{"id":"1"}}"#),
        ]);
        let ensured = client(&http).ensure(new_webhook()).await.unwrap();
        assert!(matches!(ensured, Ensured::Created(_)), "{ensured:?}");
        assert_eq!(
            http.seen(),
            [
                "GET https://sandbox.smileapi.io/v1/webhooks?size=150",
                "GET https://sandbox.smileapi.io/v1/webhooks?size=150&cursor=b%20c",
                "POST https://sandbox.smileapi.io/v1/webhooks",
            ]
        );
    }

    #[tokio::test]
    async fn an_answer_of_the_limit_is_read_and_one_byte_more_is_not() {
        let frame = r#"{"data":null}"#;
        for (surplus, is_read) in [(0, true), (1, false)] {
            let body = frame.to_owned() + &" ".repeat(LONGEST_ANSWER + surplus - frame.len());
            let done = client(&Scripted::new([(200, &body)])).delete("1").await;
            assert_eq!(done.is_ok(), is_read, "{surplus}: {done:?}");
            assert!(is_read || matches!(done, Err(RegistrationError::TooLarge)));
        }
    }

    #[tokio::test]
    async fn of_a_refusal_that_is_too_large_the_status_counts() {
        let body = "x".repeat(LONGEST_ANSWER + 1);
        let err = client(&Scripted::new([(503, &body)])).get("1").await;
        let err = err.unwrap_err();
        assert_eq!(err.as_api().map(ApiError::kind), Some(ApiErrorKind::Server));
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let http = Scripted::new([(307, "")]);
        let err = client(&http).get("1").await.unwrap_err();
        assert_eq!(err.as_api().map(ApiError::status), Some(307));
        assert_eq!(http.seen().len(), 1);
    }

    #[tokio::test]
    async fn an_id_outside_of_the_limits_is_not_sent() {
        let http = Scripted::new([]);
        let err = client(&http).get("").await.unwrap_err();
        assert!(matches!(err, RegistrationError::Invalid(_)), "{err:?}");
        assert!(http.seen().is_empty());
    }

    #[tokio::test]
    async fn an_error_of_the_http_client_is_the_source() {
        let err = client(&Scripted::new([])).delete("1").await.unwrap_err();
        assert!(matches!(err, RegistrationError::Transport(_)), "{err:?}");
        assert_eq!(
            err.to_string(),
            "expected an answer of the registration api, found none"
        );
        let source = err.source().map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("connection refused"));
    }

    #[tokio::test]
    async fn neither_debug_nor_errors_show_credentials_or_secrets() {
        let http = Scripted::new([(400, r#"{"message":"no: the-webhook-secret"}"#)]);
        let client = client(&http);
        let err = client.create(&new_webhook()).await.unwrap_err();
        let source = err.source().map(ToString::to_string).unwrap_or_default();
        for text in [format!("{client:?}"), err.to_string(), source] {
            for secret in ["the-key", "the-webhook-secret", "dGhlLWtle"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }

    fn client(http: &Scripted) -> RegistrationClient<Scripted> {
        let credentials = Credentials::new("the-key", "the-key-secret").unwrap();
        RegistrationClient::new(
            Registration::new(Environment::Sandbox, credentials),
            http.clone(),
        )
    }

    fn new_webhook() -> NewWebhook {
        NewWebhook::new("orders", "https://app.example/hook", "the-webhook-secret").unwrap()
    }

    /// Answers what it was given, one after the other, and then fails. Not `Sync`.
    struct Scripted {
        answers: Arc<Mutex<Vec<(u16, String)>>>,
        seen: Arc<Mutex<Vec<String>>>,
        is_ready: Cell<bool>,
    }

    impl Scripted {
        fn new<const N: usize>(answers: [(u16, &str); N]) -> Self {
            let answers = answers.map(|(status, body)| (status, body.to_owned()));
            Self {
                answers: Arc::new(Mutex::new(answers.into_iter().rev().collect())),
                seen: Arc::default(),
                is_ready: Cell::new(false),
            }
        }

        fn seen(&self) -> Vec<String> {
            self.seen.lock().unwrap().clone()
        }
    }

    impl Clone for Scripted {
        fn clone(&self) -> Self {
            Self {
                answers: Arc::clone(&self.answers),
                seen: Arc::clone(&self.seen),
                is_ready: Cell::new(false),
            }
        }
    }

    impl Service<Request<Full<Bytes>>> for Scripted {
        type Response = Response<Full<Bytes>>;
        type Error = &'static str;
        type Future = Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            if self.is_ready.replace(true) {
                return Poll::Ready(Ok(()));
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }

        fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
            assert!(self.is_ready.replace(false), "called without being ready");
            assert!(request.headers()[header::AUTHORIZATION].is_sensitive());
            let line = format!("{} {}", request.method(), request.uri());
            let answer = self.answers.lock().unwrap().pop();
            ready(answer.ok_or("connection refused").map(|(status, body)| {
                self.seen.lock().unwrap().push(line);
                let mut response = Response::new(Full::new(Bytes::from(body)));
                *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                response
            }))
        }
    }
}
