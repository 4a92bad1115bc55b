//! The inboxes: the rules of every inbox, transactions of the application, and errors at the start.
#![expect(clippy::unwrap_used, reason = "tests")]

mod inbox {
    mod alternating;
    mod event;
    mod postgres;
    mod postgres_errors;
    mod rules;
    mod sqlite;
}
