//! Why a request's body could not be read to its end.

use std::{convert::Infallible, error::Error, fmt, io};

/// Why a request's body could not be read to its end, as an adapter finds it in the errors of its
/// framework.
///
/// Exhaustive: a layer outside set a limit or a deadline, or something else ended the body.
#[derive(Debug)]
pub enum BodyError {
    /// A layer outside limits the body to fewer bytes: 413. The rest can still be read, if only to
    /// throw it away.
    TooLong(Box<dyn Error + Send + Sync>),
    /// A layer outside waited too long for the body: 408.
    TimedOut(Box<dyn Error + Send + Sync>),
    /// Anything else, such as a sender that is gone or a broken framing: 400.
    Broken(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong(_) => "the body is too long for a layer outside",
            Self::TimedOut(_) => "the body is too slow for a layer outside",
            Self::Broken(_) => "the body broke off",
        })
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TooLong(source) | Self::TimedOut(source) | Self::Broken(source) => {
                Some(&**source)
            }
        }
    }
}

impl From<io::Error> for BodyError {
    fn from(err: io::Error) -> Self {
        match err.kind() {
            io::ErrorKind::TimedOut => Self::TimedOut(err.into()),
            _ => Self::Broken(err.into()),
        }
    }
}

impl From<Infallible> for BodyError {
    fn from(err: Infallible) -> Self {
        match err {}
    }
}
