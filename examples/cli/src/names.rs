//! Names of events, and those nearest to a wrong one.

use smile_core::{smile_api::EventType, smile_io::Topic};

/// Event names of Smile API.
pub(crate) fn of_smile_api() -> Vec<String> {
    let types = EventType::ALL.into_iter();
    types
        .map(|event_type| event_type.as_str().to_owned())
        .collect()
}

/// Event names of Smile.io.
pub(crate) fn of_smile_io() -> Vec<String> {
    let topics = Topic::ALL.into_iter();
    topics.map(|topic| topic.as_str().to_owned()).collect()
}

/// The text of an error about a name that is none, with the nearest names.
pub(crate) fn unknown(what: &str, found: &str, names: &[String]) -> String {
    let wanted = found.to_uppercase();
    let mut near: Vec<(f64, &String)> = names
        .iter()
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_uppercase()), name))
        .filter(|(likeness, _)| *likeness > LEAST_LIKENESS)
        .collect();
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let near: Vec<&str> = near.iter().take(3).map(|(_, name)| name.as_str()).collect();
    match &*near {
        [] => format!("there is no {what} {found:?}"),
        near => format!(
            "there is no {what} {found:?}; did you mean {}?",
            near.join(" or ")
        ),
    }
}

/// As clap has it for its own suggestions.
const LEAST_LIKENESS: f64 = 0.7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let text = unknown("event", "TASK_FINISH", &of_smile_api());
        assert!(text.contains("did you mean TASK_FINISHED?"), "{text}");
        let text = unknown("event", "customer.updated", &of_smile_io());
        assert!(text.ends_with("did you mean customer/updated?"), "{text}");
        assert_eq!(
            unknown("event", "q", &of_smile_io()),
            "there is no event \"q\""
        );
    }
}
