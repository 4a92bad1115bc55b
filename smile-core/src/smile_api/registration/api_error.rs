use std::{error, fmt};

use crate::model::{Text, Unknown, open_enum};

/// The vendor refused a request, or sent an unexpected answer.
///
/// `Display` shows the status, the code and the request id, but not the vendor's
/// [`message`](Self::message), which may quote the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError(Box<Answer>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    code: Option<ApiCode<'static>>,
    message: Option<Text<'static>>,
    request_id: Option<Text<'static>>,
}

impl ApiError {
    pub(super) fn new(status: u16, frame: &Unknown<'_>) -> Self {
        let text = |name| {
            let raw = frame.get(name)?.get();
            serde_json::from_str::<Text<'_>>(raw)
                .ok()
                .map(Text::into_owned)
        };
        Self(Box::new(Answer {
            status,
            code: text("code").map(ApiCode::from),
            message: text("message"),
            request_id: text("requestId"),
        }))
    }

    /// What the error means for the caller.
    #[must_use]
    pub fn kind(&self) -> ApiErrorKind {
        match self.0.status {
            429 => ApiErrorKind::RateLimited,
            401 => ApiErrorKind::Unauthorized,
            403 => ApiErrorKind::Forbidden,
            404 => ApiErrorKind::NotFound,
            400 if self.0.code == Some(ApiCode::InvalidCredentials) => ApiErrorKind::Unauthorized,
            400..=499 => ApiErrorKind::Refused,
            500..=599 => ApiErrorKind::Server,
            _ => ApiErrorKind::Unexpected,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The vendor's code, if the answer has one.
    #[must_use]
    pub fn code(&self) -> Option<&ApiCode<'static>> {
        self.0.code.as_ref()
    }

    /// The vendor's message, if the answer has one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// The request's id, if the answer has one. The vendor's support asks for it.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "smile api answered {}", self.0.status)?;
        if let Some(code) = &self.0.code {
            write!(f, " {}", code.as_str().escape_debug())?;
        }
        if let Some(request_id) = &self.0.request_id {
            write!(f, " (request {})", request_id.escape_debug())?;
        }
        if self.kind() == ApiErrorKind::Unexpected {
            f.write_str(", expected a success with the documented body")?;
        }
        Ok(())
    }
}

impl error::Error for ApiError {}

/// What an [`ApiError`] means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiErrorKind {
    /// 429: too many requests from this IP address. Wait a second or more and try again.
    RateLimited,
    /// 401, or 400 with `INVALID_CREDENTIALS`: the key or the secret is wrong, or belongs to
    /// another environment.
    Unauthorized,
    /// 403: the key may not do this.
    Forbidden,
    /// 404: the webhook does not exist.
    NotFound,
    /// Another 4xx: the vendor does not accept the request.
    Refused,
    /// 5xx: the vendor failed. Try again later.
    Server,
    /// Another status, or a success whose body is not what the vendor documents.
    Unexpected,
}

open_enum! {
    /// The vendor's codes (`ObjectMetadataRefCode`, and chapter 2 of the documentation).
    pub enum ApiCode<'a> {
        /// 200: it worked.
        Ok = "OK",
        /// 201: it was created.
        Created = "CREATED",
        /// 400: the key or the secret is wrong.
        InvalidCredentials = "INVALID_CREDENTIALS",
        /// 400: a parameter is not valid.
        InvalidParameters = "INVALID_PARAMETERS",
        /// 401: the key or the secret is missing or unknown.
        InvalidToken = "INVALID_TOKEN",
        /// 403: the key may not do this.
        UnauthorizedAccess = "UNAUTHORIZED_ACCESS",
        /// 404: the resource does not exist.
        MissingResource = "MISSING_RESOURCE",
        /// 415: the content type is not supported. Not in the schema.
        UnsupportedType = "UNSUPPORTED_TYPE",
        /// 429: too many requests.
        RequestLimitExceeded = "REQUEST_LIMIT_EXCEEDED",
        /// 500: the vendor failed.
        ServerError = "SERVER_ERROR",
        /// 501: the method is not supported.
        UnsupportedMethod = "UNSUPPORTED_METHOD",
        /// 503: the vendor is not available.
        ServerUnavailable = "SERVER_UNAVAILABLE",
        /// 504: the vendor took too long.
        TimeLimitExceeded = "TIME_LIMIT_EXCEEDED",
    }
}
