//! The causes of the stores' errors.

use std::{borrow::Cow, error::Error, fmt, sync::Arc};

/// Says in a few words what failed. Its source is the driver's error.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    words: Cow<'static, str>,
    source: Arc<dyn Error + Send + Sync>,
}

impl Cause {
    pub(crate) fn new(
        words: impl Into<Cow<'static, str>>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            words: words.into(),
            source: source.into().into(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let mut source: &(dyn Error + 'static) = &*self.source;
        // Some of the drivers' errors print the error that they wrap, and a log would repeat it.
        while let Some(next) = source.source()
            && next.to_string() == source.to_string()
        {
            source = next;
        }
        Some(source)
    }
}

/// The error inside sqlx's own, without sqlx's words before it.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) fn inside(err: sqlx::Error) -> Box<dyn Error + Send + Sync> {
    use sqlx::Error::{ColumnDecode, Configuration, Database, Io, Tls};

    match err {
        Database(err) => err.into_error(),
        Io(err) => err.into(),
        Configuration(err) | Tls(err) | ColumnDecode { source: err, .. } => err,
        err => err.into(),
    }
}

/// For a statement that found no table, which the driver's message names.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) fn no_table(message: &str) -> &'static str {
    if message.contains("smile_inbox") {
        "the table smile_inbox is missing: run create_schema() once"
    } else {
        "the table smile_dedupe is missing: run create_schema() once"
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug)]
    struct Wrapper(io::Error);

    impl fmt::Display for Wrapper {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    impl Error for Wrapper {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn a_text_that_a_wrapper_repeats_is_printed_once() {
        let cause = Cause::new("the call failed", Wrapper(io::Error::other("broken")));
        let source = cause.source().unwrap();
        assert_eq!(source.to_string(), "broken");
        assert!(source.is::<io::Error>());
    }
}
