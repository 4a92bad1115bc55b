use std::{error, fmt};

use serde_json::error::Category;

/// Why the data of an event has no typed view: which member is not what the vendor documents.
///
/// The delivery itself is fine, and its raw bytes are there. The message never holds values of the
/// body, so it is safe to log.
///
/// ```
/// use smile_core::smile_api::{Data, EventType};
///
/// let err = Data::from_json(&EventType::InviteLinked, r#"{"userId": true}"#).unwrap_err();
/// assert_eq!(err.path(), "data.userId");
/// assert_eq!(err.to_string(), "data.userId: expected a string, found a boolean (line 1, column 16)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DataError(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    path: String,
    message: String,
    line: usize,
    column: usize,
}

impl DataError {
    pub(crate) fn new(path: String, err: &serde_json::Error) -> Self {
        Self(Box::new(Inner {
            path,
            message: message(err),
            line: err.line(),
            column: err.column(),
        }))
    }

    /// Where the member is, as in `data.payload.incomes.items[17].currency`. Empty where the body
    /// as a whole is meant.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The line of the text that was read, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// The column in that line, in bytes.
    #[must_use]
    pub fn column(&self) -> usize {
        self.0.column
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            path,
            message,
            line,
            column,
        } = &*self.0;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        write!(f, "{message} (line {line}, column {column})")
    }
}

impl fmt::Debug for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataError({:?})", self.to_string())
    }
}

impl error::Error for DataError {}

/// `serde_json`'s own words on values print them, so only ours are taken over.
fn message(err: &serde_json::Error) -> String {
    let text = err.to_string();
    let position = format!(" at line {} column {}", err.line(), err.column());
    let text = text.strip_suffix(&position).unwrap_or(&text);
    match err.classify() {
        Category::Data if !text.starts_with("expected ") => "unexpected value".to_owned(),
        Category::Data | Category::Syntax | Category::Eof => lower_case(text),
        Category::Io => "unreadable".to_owned(),
    }
}

fn lower_case(text: &str) -> String {
    match text.strip_prefix("EOF") {
        Some(rest) => format!("end of the text{rest}"),
        None => text.to_owned(),
    }
}
