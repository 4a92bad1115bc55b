//! PostgreSQL's errors, in words.

use std::borrow::Cow;

use sqlx::Error;

use crate::cause::{Cause, inside, no_table};

pub(super) fn explain(err: Error) -> Cause {
    let words: Cow<'static, str> = match &err {
        Error::Database(err) => of_server(&err.code().unwrap_or_default(), err.message()).into(),
        Error::Configuration(_) => NOT_OURS.into(),
        Error::Io(_) => "the connection to PostgreSQL failed".into(),
        Error::Tls(_) => "TLS to PostgreSQL failed".into(),
        Error::PoolTimedOut => "no connection to PostgreSQL within a second: the server does \
                                not answer, or all connections are in use"
            .into(),
        Error::ColumnDecode { index, .. } => {
            format!("the answer's column {index} cannot be read").into()
        }
        _ => "the call to PostgreSQL failed".into(),
    };
    Cause::new(words, inside(err))
}

/// By the code (SQLSTATE) of the error.
fn of_server(code: &str, message: &str) -> String {
    let words = match code {
        "42P01" => return no_table(message).to_owned(),
        "08P01" if message.contains("startup parameter") => {
            "PgBouncer refused a start-up parameter, see PostgresDedupe"
        }
        "25006" => READ_ONLY,
        "3D000" => "the database does not exist",
        "42501" => "the user lacks a privilege",
        "53100" => "the server's disk is full",
        "53300" => "the server has no connection left",
        "55P03" => "a lock was not free in time",
        "57014" => "the statement took longer than a second, or was cancelled",
        "57P01" | "57P02" => "the server is shutting down",
        "57P03" => "the server does not accept connections yet",
        code if code.starts_with("28") => "the server refused the user or the password",
        _ => return format!("PostgreSQL answered {code}"),
    };
    format!("PostgreSQL answered {code}: {words}")
}

pub(super) const NOT_OURS: &str = "the URL is not a valid PostgreSQL URL";

/// For a server that refuses to write.
pub(super) const READ_ONLY: &str = "the server is read-only, such as a standby";
