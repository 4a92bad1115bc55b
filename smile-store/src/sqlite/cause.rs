//! SQLite's errors, in words.

use sqlx::Error;

use crate::cause::{Cause, inside, no_table};

pub(super) fn explain(err: Error) -> Cause {
    let words = match &err {
        Error::Database(err) => {
            let code = err.code().and_then(|code| code.parse().ok());
            of_library(code.unwrap_or_default(), err.message())
        }
        Error::Configuration(_) => NOT_OURS,
        Error::PoolTimedOut => "all connections to the file were in use for too long",
        _ => "the call to SQLite failed",
    };
    Cause::new(words, inside(err))
}

/// By the result code. Its lowest byte says what went wrong.
fn of_library(code: u32, message: &str) -> &'static str {
    const MOVED: u32 = 1032;
    match code {
        MOVED => return "the SQLite file was moved or deleted",
        _ if message.contains("no such table") => return no_table(message),
        _ => {}
    }
    match code & 0xff {
        3 | 8 => "the SQLite file cannot be written to",
        5 | 6 => "the SQLite file is locked by another connection",
        10 => "the disk of the SQLite file failed",
        11 | 26 => "the file is not an SQLite database, or it is damaged",
        13 => "the disk of the SQLite file is full",
        14 => "the SQLite file cannot be opened",
        _ => "SQLite refused the statement",
    }
}

pub(super) const NOT_OURS: &str = "the URL is not a valid SQLite URL";
