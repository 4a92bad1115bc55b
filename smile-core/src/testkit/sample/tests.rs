use std::collections::HashSet;

use super::*;

fn connected() -> Sample {
    Sample::smile_api(EventType::AccountConnected)
}

#[track_caller]
fn error(set: Result<Sample, SetError>) -> String {
    set.expect_err("an error").to_string()
}

#[test]
fn all_samples_are_one_of_each_event_of_both_vendors() {
    let names: Vec<_> = Sample::all()
        .iter()
        .map(|sample| sample.event_name().to_owned())
        .collect();
    let types = EventType::ALL.iter().map(EventType::as_str);
    let topics = Topic::ALL.iter().map(Topic::as_str);
    assert_eq!(names, types.chain(topics).collect::<Vec<_>>());
    assert_eq!(names.len(), 39);
}

#[test]
fn no_two_samples_are_the_same_event() {
    let bodies: HashSet<_> = (0..1000)
        .flat_map(|_| [connected(), Sample::smile_io(Topic::CustomerUpdated)])
        .map(|sample| sample.to_json())
        .collect();
    assert_eq!(bodies.len(), 2000);
    let ids: HashSet<_> = (0..1000)
        .map(|_| connected().id().map(str::to_owned))
        .collect();
    assert_eq!(ids.len(), 1000);
}

#[test]
fn a_clone_is_the_same_event() {
    let sample = connected();
    assert_eq!(sample.clone().to_json(), sample.to_json());
}

#[test]
fn the_members_of_the_envelope_come_first_in_the_vendors_order() {
    let body = connected()
        .set("id", "et-1")
        .set("createdAt", "2026-01-05T02:10:44Z")
        .to_json();
    let front = concat!(
        r#"{"id":"et-1","version":1,"type":"ACCOUNT_CONNECTED","#,
        r#""createdAt":"2026-01-05T02:10:44Z","data":{"#
    );
    assert!(body.starts_with(front), "{body}");
    let body = Sample::smile_io(Topic::Ping).to_json();
    assert_eq!(body, r#"{"topic":"ping","account_id":4711,"data":{}}"#);
}

#[test]
fn the_date_is_written_as_the_vendors_write_it() {
    let date = DateTime(OffsetDateTime::from_unix_timestamp(1_767_579_004).unwrap());
    // date -u -d @1767579004 +%FT%TZ
    assert_eq!(date.to_seconds(), "2026-01-05T02:10:04Z");
    assert_eq!(date.to_milliseconds(), "2026-01-05T02:10:04.000Z");
}

#[test]
fn any_member_can_be_set() {
    let sample = connected()
        .set("data.userId", "tenant-1")
        .set("data.nickname", "new")
        .set_json("data.providers", r#"["a", "b"]"#)
        .set("data.providers.1", "c")
        .set("data.providers.2", "d")
        .set_json("data.session", r#"{"status": null}"#)
        .set_json("data.session.status", "12.50")
        .set_json("extra", "[]");
    let body: Value = serde_json::from_str(&sample.to_json()).unwrap();
    assert_eq!(body["data"]["userId"], "tenant-1");
    assert_eq!(body["data"]["nickname"], "new");
    assert_eq!(body["data"]["providers"], json!(["a", "c", "d"]));
    assert_eq!(body["data"]["session"]["status"], 12.5);
    assert_eq!(body["extra"], json!([]));
    assert_eq!(body["data"]["loginName"], "mariasantos");
}

#[test]
fn a_path_that_leads_nowhere_is_an_error_that_says_what_is_there() {
    assert_eq!(
        error(connected().try_set("data.sesion.status", "x")),
        "data.sesion.status: there is no sesion in data, which has accountId, loginName, providers, \
         userId"
    );
    assert_eq!(
        error(connected().try_set("dta.userId", "x")),
        "dta.userId: there is no dta in the event, which has createdAt, data, id, type, version"
    );
    assert_eq!(
        error(
            connected()
                .try_set("data.userId.x", "x")
                .map(|sample| sample.set("id", "1"))
        ),
        r#"data.userId.x: data.userId is "acme-5d2f8a0c41b94e7f9a6b3c8d7e1f2a40", which has no members"#
    );
    assert_eq!(
        error(connected().try_set("data.providers.2", "x")),
        r#"data.providers.2: data.providers is a list of 1, so "2" has to be a number from 0 to 1"#
    );
    assert_eq!(
        error(connected().try_set("data.", "x")),
        r#""data.": a member has no name"#
    );
    assert_eq!(
        error(connected().try_set("", "x")),
        r#""": a member has no name"#
    );
}

#[test]
fn a_value_that_is_not_json_is_an_error_that_shows_it() {
    assert_eq!(
        error(connected().try_set_json("data.count", "three")),
        r#"data.count: the value "three" is not JSON: expected ident at line 1 column 2"#
    );
}

#[test]
#[should_panic(expected = "dta.userId: there is no dta in the event")]
fn set_panics_where_try_set_is_an_error() {
    let _ = connected().set("dta.userId", "x");
}

#[test]
fn a_full_sample_has_so_many_different_items_in_every_list() {
    let sample = Sample::smile_api(EventType::TaskFinished).full(7);
    let body: Value = serde_json::from_str(&sample.to_json()).unwrap();
    let payload = body["data"]["payload"].as_object().unwrap();
    let lists: Vec<_> = payload
        .values()
        .filter_map(|value| value["items"].as_array())
        .collect();
    assert_eq!(lists.len(), 8);
    for list in &lists {
        assert_eq!(list.len(), 7);
    }
    let ids: HashSet<_> = lists
        .into_iter()
        .flatten()
        .map(|item| item["id"].as_str())
        .collect();
    assert_eq!(ids.len(), 8 * 7);
    assert!(ids.iter().flatten().all(|id| id.contains('-')), "{ids:?}");

    let session = Sample::smile_api(EventType::UserSessionCompleted).full(3);
    let body: Value = serde_json::from_str(&session.to_json()).unwrap();
    let account = &body["data"]["payload"]["accounts"][0]["payload"];
    assert_eq!(account["incomes"]["items"].as_array().unwrap().len(), 3);

    let connected = connected();
    assert_eq!(connected.clone().full(7), connected);
}
