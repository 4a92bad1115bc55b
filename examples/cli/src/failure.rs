//! Why the tool ends without a result.

use std::{error::Error, fmt};

/// A failure; its exit status says who can mend it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The call is wrong: exit status 2.
    Usage(String),
    /// The call is right, and something else failed: exit status 1.
    Failed(Box<dyn Error + Send + Sync>),
}

impl Failure {
    pub(crate) fn usage(text: impl fmt::Display) -> Self {
        Self::Usage(text.to_string())
    }

    pub(crate) fn failed(err: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(err.into())
    }

    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Failed(_) => 1,
        }
    }
}

/// With all causes.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let err = match self {
            Self::Usage(text) => return f.write_str(text),
            Self::Failed(err) => err,
        };
        write!(f, "{}", Chain(&**err))
    }
}

/// An error with its sources.
pub(crate) struct Chain<'e>(pub(crate) &'e dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(err) = source {
            write!(f, ": {err}")?;
            source = err.source();
        }
        Ok(())
    }
}
