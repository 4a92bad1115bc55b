//! Redis's errors, in words.

use std::error::Error;

use redis::{ErrorKind, RedisError, ServerError};

use crate::cause::Cause;

pub(super) fn explain(err: RedisError) -> Cause {
    if let Some(code) = err.code() {
        let code = inner_code(code, err.detail().unwrap_or_default());
        let known = KNOWN.iter().find(|(known, _)| *known == code);
        let words = match known {
            Some((code, words)) => format!("Redis answered {code}: {words}"),
            None => format!("Redis answered {code}"),
        };
        let source: Box<dyn Error + Send + Sync> = match ServerError::try_from(err) {
            Ok(err) => err.into(),
            Err(err) => err.into(),
        };
        return Cause::new(words, source);
    }
    let words = match err.kind() {
        ErrorKind::AuthenticationFailed => "Redis refused the user or the password",
        ErrorKind::InvalidClientConfig => "the URL is not a valid Redis URL",
        ErrorKind::Io => "the connection to Redis failed",
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => "Redis sent an unexpected answer",
        _ => "the call to Redis failed",
    };
    Cause::new(words, err)
}

/// The error of a script's command, which Redis 6 and older wrap:
/// `ERR Error running script (..): @user_script:16: -READONLY You can't write ..`.
fn inner_code<'a>(code: &'a str, detail: &'a str) -> &'a str {
    let inner = detail.split(' ').filter_map(|word| word.strip_prefix('-'));
    let mut known = inner.filter(|word| KNOWN.iter().any(|(code, _)| code == word));
    match code {
        "ERR" => known.next().unwrap_or(code),
        _ => code,
    }
}

const KNOWN: [(&str, &str); 16] = [
    ("ASK", CLUSTER),
    ("BUSY", "the server is busy with a script that does not end"),
    ("CLUSTERDOWN", "the cluster is down"),
    ("CROSSSLOT", CLUSTER),
    (
        "LOADING",
        "the server is still reading its data from its disk",
    ),
    ("MASTERDOWN", "the server is a replica without its primary"),
    ("MISCONF", "the server cannot write to its disk"),
    ("MOVED", CLUSTER),
    ("NOAUTH", "the server requires a password"),
    ("NOPERM", "the user lacks a permission that the store needs"),
    (
        "NOREPLICAS",
        "the server has fewer replicas than min-replicas-to-write",
    ),
    ("OOM", "the server is out of memory"),
    ("READONLY", "the server is a replica"),
    ("TRYAGAIN", "the cluster is moving keys"),
    ("WRONGPASS", "the server refused the user or the password"),
    ("WRONGTYPE", "the event's key holds a value of another type"),
];

const CLUSTER: &str = "the server is a node of a cluster: use RedisDedupe::new";

#[cfg(test)]
mod tests {
    use redis::{ErrorKind, Value, parse_redis_value};

    use super::*;

    #[test]
    fn an_error_of_the_server_is_named_and_keeps_its_text() {
        let table = [
            (
                "READONLY You can't write against a read only replica.",
                "Redis answered READONLY: the server is a replica",
                "You can't write against a read only replica.",
            ),
            (
                "ERR Error running script (call to f_0): @user_script:16: -READONLY You can't \
                 write against a read only replica.",
                "Redis answered READONLY: the server is a replica",
                "Error running script (call to f_0): @user_script:16: -READONLY You can't write \
                 against a read only replica.",
            ),
            (
                "MISCONF Errors writing to the AOF file: No space left on device",
                "Redis answered MISCONF: the server cannot write to its disk",
                "Errors writing to the AOF file: No space left on device",
            ),
            (
                "MOVED 3999 127.0.0.1:6381",
                "Redis answered MOVED: the server is a node of a cluster: use \
                 RedisDedupe::new",
                "3999 127.0.0.1:6381",
            ),
            (
                "SOMETHING that no Redis of today says",
                "Redis answered SOMETHING",
                "that no Redis of today says",
            ),
        ];
        for (answer, words, text) in table {
            let answer = parse_redis_value(format!("-{answer}\r\n").as_bytes());
            let err = answer.and_then(Value::extract_error).unwrap_err();
            let cause = explain(err);
            assert_eq!(cause.to_string(), words);
            let source = cause.source().unwrap().to_string();
            assert!(source.ends_with(text), "{source}");
        }
    }

    #[test]
    fn an_error_of_the_client_is_named_and_keeps_its_text() {
        let err = RedisError::from((ErrorKind::AuthenticationFailed, "refused"));
        let cause = explain(err);
        assert_eq!(cause.to_string(), "Redis refused the user or the password");
        let source = cause.source().unwrap().to_string();
        assert_eq!(source, "refused - AuthenticationFailed");
    }
}
