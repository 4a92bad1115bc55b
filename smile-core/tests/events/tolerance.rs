//! The ways in which the vendor's sources contradict each other.

use smile_core::smile_api::{
    Data, EventType,
    data::{
        AccountErrorCode, AccountFailed, Datapoint, Gender, Identity, Outcome, PayPeriod,
        RecordCompleted, SourceType, TaskFinished, TaskStatus, UserPayload, VerificationCompleted,
    },
};

#[test]
fn both_spellings_of_a_name_are_one_member() {
    let task: TaskFinished<'_> = parse(r#"{"userid":"u","dataPoints":["LINK","MOONS"]}"#);
    assert_eq!(task.user_id.as_deref(), Some("u"));
    assert_eq!(task.datapoints, [Datapoint::Link, "MOONS".into()]);
    let record: RecordCompleted<'_> = parse(r#"{"payload":{"result":{"name":"Ana"}}}"#);
    let result = record.payload.and_then(|payload| payload.result).unwrap();
    assert_eq!(result.full_name.as_deref(), Some("Ana"));
}

#[test]
fn where_both_spellings_come_the_first_counts_and_the_second_is_kept() {
    let json = r#"{"dataPoints":["LINK"],"datapoints":["INCOMES"],"dataPoints":[]}"#;
    let task: TaskFinished<'_> = parse(json);
    assert_eq!(task.datapoints, [Datapoint::Link]);
    assert_eq!(
        task.unknown.get("datapoints").unwrap().get(),
        r#"["INCOMES"]"#
    );
    let written = serde_json::to_string(&task).unwrap();
    assert_eq!(
        written,
        r#"{"dataPoints":["LINK"],"datapoints":["INCOMES"]}"#
    );
}

#[test]
fn of_repeated_members_the_first_that_is_not_null_counts() {
    let json = r#"{"status":null,"status":"FAILED","status":"SUCCEEDED","x":1,"x":2}"#;
    let task: TaskFinished<'_> = parse(json);
    assert_eq!(task.status, Some(TaskStatus::Failed));
    assert_eq!(task.unknown.get("x").unwrap().get(), "1");
    assert_eq!(
        serde_json::to_string(&task).unwrap(),
        r#"{"status":"FAILED","x":1}"#
    );
}

#[test]
fn escaped_names_are_the_same_names() {
    let task: TaskFinished<'_> = parse(r#"{"user\u0049d":"a\"b","\u0078":1}"#);
    assert_eq!(task.user_id.as_deref(), Some("a\"b"));
    assert_eq!(
        serde_json::to_string(&task).unwrap(),
        r#"{"userId":"a\"b","x":1}"#
    );
}

#[test]
fn unknown_enum_values_are_kept() {
    let failed: AccountFailed<'_> = parse(r#"{"errorCode":"MOON_PHASE"}"#);
    let code = failed.error_code.clone().unwrap();
    assert!(matches!(&code, AccountErrorCode::Other(name) if name.as_str() == "MOON_PHASE"));
    assert_eq!(
        serde_json::to_string(&failed).unwrap(),
        r#"{"errorCode":"MOON_PHASE"}"#
    );
    assert_eq!(PayPeriod::from("Weekly"), PayPeriod::Weekly);
    let gender: Gender<'_> = serde_json::from_str("7.50").unwrap();
    assert_eq!(
        (gender.as_str(), &*serde_json::to_string(&gender).unwrap()),
        ("7.50", "7.50")
    );
}

#[test]
fn numbers_in_place_of_strings_keep_their_digits() {
    let json = r#"{"result":{"additionalData":{"ids":[{"idNumber":90071992547409931234,
        "idSubType":12.50,"idType":-3}],"phoneMatches":{"value":639170000017}}}}"#;
    let completed: VerificationCompleted<'_> = parse(json);
    let result = completed.result.clone().unwrap();
    let more = result.additional_data.unwrap();
    assert_eq!(
        more.ids[0].id_number.as_deref(),
        Some("90071992547409931234")
    );
    assert_eq!(more.ids[0].id_subtype.as_deref(), Some("12.50"));
    assert_eq!(
        more.phone_matches.unwrap().value.as_deref(),
        Some("639170000017")
    );
    let data = Data::from_json(&EventType::VerificationCompleted, json).unwrap();
    assert_eq!(data, Data::VerificationCompleted(completed));
}

#[test]
fn a_payload_that_is_absent_null_or_empty_is_none() {
    for json in [
        "{}",
        r#"{"payload":null}"#,
        r#"{"payload":{}}"#,
        r#"{"payload":{"rating":null}}"#,
    ] {
        let task: TaskFinished<'_> = parse(json);
        assert_eq!(task.payload(), None, "{json}");
        assert_eq!(serde_json::to_string(&task).unwrap(), json);
    }
}

#[test]
fn both_containers_of_a_list_are_read() {
    for json in [
        r#"{"payload":{"incomes":[{"id":"inc-1"}]}}"#,
        r#"{"payload":{"incomes":{"items":[{"id":"inc-1"}]}}}"#,
        r#"{"payload":{"incomes":{"nextCursor":"2","items":[{"id":"inc-1"}],"total":1}}}"#,
    ] {
        let task: TaskFinished<'_> = parse(json);
        let incomes = task.payload().unwrap().incomes.as_ref().unwrap();
        assert_eq!(incomes[0].id.as_deref(), Some("inc-1"), "{json}");
        assert_eq!(serde_json::to_string(&task).unwrap(), json);
    }
}

#[test]
fn dates_that_are_none_keep_their_text() {
    let identity: Identity<'_> = parse(r#"{"dob":"sometime in May"}"#);
    let dob = identity.dob.clone().unwrap();
    assert_eq!((dob.as_str(), dob.to_date()), ("sometime in May", None));
    let identity: Identity<'_> = parse(r#"{"dob":19880229}"#);
    assert_eq!(
        serde_json::to_string(&identity).unwrap(),
        r#"{"dob":19880229}"#
    );
}

#[test]
fn both_spellings_of_failure_are_failures_and_stay_apart() {
    for (text, failed) in [("FAILED", true), ("FAILURE", true), ("SUCCEEDED", false)] {
        let json = format!(r#"{{"status":"{text}"}}"#);
        let task: TaskFinished<'_> = parse(&json);
        assert_eq!(
            task.status.as_ref().map(TaskStatus::is_failed),
            Some(failed)
        );
        assert_eq!(serde_json::to_string(&task).unwrap(), json);
    }
}

#[test]
fn sentinels_of_features_are_outcomes() {
    let json = r#"{"payload":{"insight":{"features":{
        "incomes_count":-999.0,"identity_age":"-998","incomes_amount_sum":287000.55,
        "incomes_amount_std":null,"incomes_amount_max":[1],"employments_current_status":"GIG",
        "link_days_since_last":-999,"employments_employer_count":"2","moon_phase":0.5}}}}"#;
    let task: TaskFinished<'_> = parse(json);
    let features = task
        .payload()
        .unwrap()
        .insight
        .as_ref()
        .unwrap()
        .features
        .as_ref()
        .unwrap();
    assert_eq!(features.incomes_count(), Outcome::NoData);
    assert_eq!(features.identity_age(), Outcome::CalculationFailed);
    assert_eq!(
        features.incomes_amount_sum().value().unwrap().as_str(),
        "287000.55"
    );
    assert_eq!(features.incomes_amount_std(), Outcome::Absent);
    assert_eq!(features.incomes_amount_max(), Outcome::Unexpected);
    assert_eq!(
        features.employments_current_status().value().unwrap(),
        "GIG"
    );
    assert_eq!(features.link_days_since_last(), Outcome::NoData);
    assert_eq!(
        features
            .employments_employer_count()
            .value()
            .unwrap()
            .to_i64(),
        Some(2)
    );
    assert_eq!(features.number("moon_phase").value().unwrap().to_f64(), 0.5);
    assert_eq!(features.link_day3_count(), Outcome::Absent);
}

#[test]
fn a_task_is_about_the_account_that_it_names_as_its_source() {
    let json = r#"{"userId":"u","sourceId":"s","sourceType":"ACCOUNT"}"#;
    for (json, account) in [
        (json, Some("s")),
        (&*json.replace("ACCOUNT", "ARCHIVE"), None),
    ] {
        let data = Data::from_json(&EventType::TaskStarted, json).unwrap();
        assert_eq!((data.user_id(), data.account_id()), (Some("u"), account));
    }
    let Data::TaskStarted(task) = Data::from_json(&EventType::TaskStarted, json).unwrap() else {
        panic!("another type")
    };
    assert_eq!(task.source_type, Some(SourceType::Account));
}

#[test]
fn the_user_of_a_session_event_is_the_session_s() {
    let json = r#"{"session":{"userId":"u"}}"#;
    for event_type in [EventType::UserSessionReset, EventType::UserSessionCompleted] {
        assert_eq!(
            Data::from_json(&event_type, json).unwrap().user_id(),
            Some("u")
        );
    }
}

#[test]
fn data_of_unknown_events_is_kept_raw() {
    let event_type = EventType::from("MOON_LANDED");
    let data = Data::from_json(&event_type, r#"[1, {"a": 2.50}]"#).unwrap();
    assert_eq!(data.event_type(), event_type);
    assert_eq!(serde_json::to_string(&data).unwrap(), r#"[1, {"a": 2.50}]"#);
    let Data::Other(other) = &data else {
        panic!("typed")
    };
    assert_eq!(other.raw().unwrap().get(), r#"[1, {"a": 2.50}]"#);
}

#[test]
fn models_fit_into_the_structs_of_users() {
    #[derive(serde::Deserialize, serde::Serialize)]
    struct Job {
        #[serde(deserialize_with = "UserPayload::deserialize_owned")]
        payload: UserPayload<'static>,
    }

    let json = r#"{"payload":{"forms":[{"id":"form-1","data":{"a":[1]}}]}}"#;
    let job: Job = serde_json::from_str(json).unwrap();
    assert_eq!(
        job.payload.forms[0].data.as_ref().unwrap().get(),
        r#"{"a":[1]}"#
    );
    assert_eq!(serde_json::to_string(&job).unwrap(), json);
}

#[track_caller]
fn parse<'a, T: serde::Deserialize<'a>>(json: &'a str) -> T {
    serde_json::from_str(json).unwrap()
}
