//! What has to be done so that a URL gets the wanted events, each by one webhook.

use smile_tower::smile_api::registration::{SecretMatch, Subscription, Webhook};

/// The wanted webhook. No `Debug`, which would show the secret.
pub(super) struct Wanted<'a> {
    pub(super) url: &'a str,
    pub(super) events: Vec<Subscription>,
    pub(super) include_payload: bool,
    pub(super) secret: &'a str,
}

/// The steps; deletions come last, so that no event is lost in between.
#[derive(Debug, PartialEq)]
pub(super) enum Plan {
    Keep {
        id: String,
        secret: SecretMatch,
        /// Others of the URL, all of whose events the kept one has.
        delete: Vec<String>,
    },
    Create {
        events: Vec<Subscription>,
        /// Those of the URL that have some of the wanted events.
        delete: Vec<String>,
    },
}

/// Compares the registered webhooks with the wanted one. An inactive webhook sends nothing, so it
/// does not count.
///
/// The error is the text about a webhook with another secret: to replace it would lose the events
/// that are on their way.
pub(super) fn make(registered: &[Webhook<'_>], wanted: &Wanted<'_>) -> Result<Plan, String> {
    let of_url: Vec<&Webhook<'_>> = registered
        .iter()
        .filter(|found| found.url.as_deref() == Some(wanted.url) && found.active.unwrap_or(true))
        .collect();
    let is_like = |found: &&Webhook<'_>| {
        found.include_payload.unwrap_or(false) == wanted.include_payload
            && has_all(&found.event_types, &wanted.events)
    };
    if let Some(kept) = of_url.iter().copied().find(is_like) {
        let secret = compare(kept, wanted)?;
        let repeated = of_url.into_iter().filter(|found| {
            found.id != kept.id
                && has_all(&kept.event_types, &found.event_types)
                && compare(found, wanted).is_ok()
        });
        return Ok(Plan::Keep {
            id: id_of(kept),
            secret,
            delete: repeated.map(id_of).collect(),
        });
    }
    let replaced: Vec<_> = of_url
        .into_iter()
        .filter(|found| share_one(&found.event_types, &wanted.events))
        .collect();
    let mut events = wanted.events.clone();
    for found in &replaced {
        compare(found, wanted)?;
        for event in &found.event_types {
            if !events.contains(event) {
                events.push(event.clone());
            }
        }
    }
    if events.contains(&Subscription::All) {
        events = vec![Subscription::All];
    }
    Ok(Plan::Create {
        events,
        delete: replaced.into_iter().map(id_of).collect(),
    })
}

fn compare(found: &Webhook<'_>, wanted: &Wanted<'_>) -> Result<SecretMatch, String> {
    match &found.secret {
        None => Ok(SecretMatch::NotTold),
        Some(secret) if secret.expose() == wanted.secret => Ok(SecretMatch::Same),
        Some(_) => Err(format!(
            "webhook {} is there already, with another secret: delete it and run this again, or let \
             the receiver accept that secret too",
            id_of(found).escape_debug()
        )),
    }
}

fn has_all(events: &[Subscription], wanted: &[Subscription]) -> bool {
    events.contains(&Subscription::All) || wanted.iter().all(|event| events.contains(event))
}

fn share_one(one: &[Subscription], other: &[Subscription]) -> bool {
    one.contains(&Subscription::All)
        || other.contains(&Subscription::All)
        || one.iter().any(|event| other.contains(event))
}

fn id_of(webhook: &Webhook<'_>) -> String {
    webhook.id.as_deref().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(id: &str, secret: &str, events: &[&str]) -> Webhook<'static> {
        let json = serde_json::json!({
            "id": id, "url": "https://app.example/hook", "secret": secret, "eventTypes": events,
        });
        let json = json.to_string();
        let webhook: Webhook<'_> = serde_json::from_str(&json).unwrap();
        webhook.into_owned()
    }

    fn wanted(events: &[&str]) -> Wanted<'static> {
        Wanted {
            url: "https://app.example/hook",
            events: subscriptions(events),
            include_payload: false,
            secret: "s",
        }
    }

    fn subscriptions(events: &[&str]) -> Vec<Subscription> {
        events
            .iter()
            .map(|name| Subscription::from(*name))
            .collect()
    }

    const A: &str = "TASK_STARTED";
    const B: &str = "TASK_FINISHED";
    const C: &str = "USER_CREATED";

    #[track_caller]
    fn assert_created(registered: &[Webhook<'_>], events: &[&str], delete: &[&str]) {
        let plan = make(registered, &wanted(&[A, B]));
        let delete = delete.iter().map(|id| (*id).to_owned()).collect();
        let events = subscriptions(events);
        assert_eq!(plan, Ok(Plan::Create { events, delete }));
    }

    #[test]
    fn what_is_there_is_kept() {
        for events in [&[A, B][..], &[A, B, C], &["ALL_EVENTS"]] {
            let plan = make(&[registered("1", "s", events)], &wanted(&[A, B]));
            let expected = Plan::Keep {
                id: "1".into(),
                secret: SecretMatch::Same,
                delete: vec![],
            };
            assert_eq!(plan, Ok(expected));
        }
    }

    #[test]
    fn one_with_some_of_the_events_is_replaced_by_one_with_all_of_both() {
        assert_created(&[registered("1", "s", &[A])], &[A, B], &["1"]);
        assert_created(&[registered("1", "s", &[A, C])], &[A, B, C], &["1"]);
        let two = [registered("1", "s", &[A]), registered("2", "s", &[B])];
        assert_created(&two, &[A, B], &["1", "2"]);
    }

    #[test]
    fn all_events_replace_each_single_one() {
        let plan = make(&[registered("1", "s", &[A])], &wanted(&["ALL_EVENTS"]));
        let expected = Plan::Create {
            events: vec![Subscription::All],
            delete: vec!["1".into()],
        };
        assert_eq!(plan, Ok(expected));
    }

    #[test]
    fn webhooks_with_other_events_or_urls_and_inactive_ones_are_left_alone() {
        let mut elsewhere = registered("2", "s", &[A]);
        elsewhere.url = Some("https://other.example/".into());
        let mut inactive = registered("3", "s", &[A]);
        inactive.active = Some(false);
        assert_created(
            &[registered("1", "s", &[C]), elsewhere, inactive],
            &[A, B],
            &[],
        );
    }

    #[test]
    fn a_replaced_one_that_was_left_behind_is_deleted_by_the_next_run() {
        let both = [registered("1", "s", &[A]), registered("2", "s", &[A, B])];
        let expected = Plan::Keep {
            id: "2".into(),
            secret: SecretMatch::Same,
            delete: vec!["1".into()],
        };
        assert_eq!(make(&both, &wanted(&[A, B])), Ok(expected));
    }

    #[test]
    fn another_secret_is_an_error_before_anything_is_done() {
        for events in [&[A, B][..], &[A]] {
            let err = make(&[registered("1", "t", events)], &wanted(&[A, B])).unwrap_err();
            assert!(err.contains("with another secret"), "{err}");
        }
    }
}
