//! Forwarded callbacks of the widget.

use smile_core::smile_api::{
    data::AccountErrorCode,
    wink::{Callback, CloseReason, Closed, Hint, Payload, UiEventName, WidgetMode},
};

#[test]
fn all_callbacks_come_back_as_they_were_forwarded() {
    let account = r#"{"accountId":"a-1","userId":"u-1","providerId":"sss_ph"}"#;
    let error = r#"{"accountId":"a-1","userId":"u-1","providerId":"p","errorCode":"MFA_TIMEOUT"}"#;
    let uploads = r#"{"uploads":{"id":"x"},"userid":"u-1"}"#;
    let ui = r#"{"eventName":"MfaPageOpened","eventTime":"now","mode":"SANDBOX","userId":null,"account":{"providerId":"p"},"archive":null,"new":1}"#;
    let payloads = [
        ("onAccountCreated", account),
        ("onAccountConnected", account),
        ("onAccountRemoved", account),
        ("onTokenExpired", "null"),
        ("onClose", r#"{"reason":"exit"}"#),
        ("onAccountError", error),
        ("onUploadsCreated", uploads),
        ("onUploadsRemoved", uploads),
        ("onUIEvent", ui),
        ("onMoonRise", "[1.50]"),
    ];
    for callback in Callback::ALL {
        assert!(
            payloads.iter().any(|(name, _)| *name == callback.as_str()),
            "{callback}"
        );
    }
    for (callback, payload) in payloads {
        let body = format!(r#"{{"callback":"{callback}","payload":{payload}}}"#);
        let hint = Hint::parse(body.as_bytes()).unwrap();
        assert_eq!(hint.callback().as_str(), callback);
        assert_eq!(serde_json::to_string(&hint.into_owned()).unwrap(), body);
    }
}

#[test]
fn the_reason_of_closing_comes_in_both_forms_or_not_at_all() {
    for (payload, expected) in [
        (r#","payload":"close""#, Some(CloseReason::Close)),
        (r#","payload":{"reason":"exit"}"#, Some(CloseReason::Exit)),
        (
            r#","payload":{"reason":"error","x":1}"#,
            Some(CloseReason::Error),
        ),
        (
            r#","payload":{"reason":"bored"}"#,
            Some(CloseReason::from("bored")),
        ),
        (r#","payload":{"reason":null}"#, None),
        (r#","payload":{}"#, None),
        (r#","payload":[1]"#, None),
        (r#","payload":null"#, None),
        ("", None),
    ] {
        let body = format!(r#"{{"callback":"onClose"{payload}}}"#);
        let hint = Hint::parse(body.as_bytes()).unwrap();
        let Payload::Close(closed) = hint.payload() else {
            panic!("{hint:?}")
        };
        assert_eq!(closed.reason(), expected, "{payload}");
    }
    assert_eq!(
        Closed::with_reason(&CloseReason::Exit).reason(),
        Some(CloseReason::Exit)
    );
}

#[test]
fn uploads_come_as_an_object_an_array_or_json_in_a_string() {
    for (uploads, expected) in [
        (r#"{"id":1}"#, Some(r#"{"id":1}"#)),
        (r#"[{"id":1}]"#, Some(r#"[{"id":1}]"#)),
        (r#""{\"id\":1}""#, Some(r#"{"id":1}"#)),
        (r#""[{\"id\":1}]""#, Some(r#"[{"id":1}]"#)),
        (r#""null""#, None),
        (r#""no json""#, None),
        ("null", None),
    ] {
        let body =
            format!(r#"{{"callback":"onUploadsCreated","payload":{{"uploads":{uploads}}}}}"#);
        let hint = Hint::parse(body.as_bytes()).unwrap();
        let Payload::UploadsCreated(created) = hint.payload() else {
            panic!("{hint:?}")
        };
        assert_eq!(
            created.uploads().as_ref().map(|raw| raw.get()),
            expected,
            "{uploads}"
        );
        assert_eq!(serde_json::to_string(&hint).unwrap(), body);
    }
}

#[test]
fn ui_events_name_their_page_account_and_archive() {
    let names = UiEventName::DOCUMENTED;
    assert_eq!(names.len(), 12);
    for account in [
        r#"{"providerId":"p","accountId":"a"}"#,
        r#""{\"providerId\":\"p\",\"accountId\":\"a\"}""#,
    ] {
        for name in names {
            let body = format!(
                r#"{{"callback":"onUIEvent","payload":{{"eventName":"{name}","mode":"PRODUCTION","account":{account},"archive":{{"fileType":"payslip"}}}}}}"#
            );
            let hint = Hint::parse(body.as_bytes()).unwrap();
            let Payload::UiEvent(event) = hint.payload() else {
                panic!("{hint:?}")
            };
            assert!(
                !matches!(event.event_name, Some(UiEventName::Other(_)) | None),
                "{name}"
            );
            assert_eq!(event.mode, Some(WidgetMode::Production));
            assert_eq!(event.account().unwrap().account_id.as_deref(), Some("a"));
            assert_eq!(
                event.archive().unwrap().file_type.as_deref(),
                Some("payslip")
            );
        }
    }
}

#[test]
fn errors_of_accounts_are_the_events_own() {
    let body =
        br#"{"payload":{"userid":"u","errorCode":"ACCOUNT_LOCKED"},"callback":"onAccountError"}"#;
    let hint = Hint::parse(body).unwrap();
    let Payload::AccountError(error) = hint.payload() else {
        panic!("{hint:?}")
    };
    assert_eq!(error.error_code, Some(AccountErrorCode::AccountLocked));
    assert_eq!(hint.payload().user_id(), Some("u"));
}

#[test]
fn what_is_no_callback_is_refused_without_its_values() {
    for (body, expected) in [
        (
            "",
            "expected json: EOF while parsing a value at line 1 column 0",
        ),
        (
            r#"{"payload":{}}"#,
            "expected a member callback, found none",
        ),
        (
            r#"{"callback":["SECRET"]}"#,
            "callback: expected a string, found an array",
        ),
        (
            r#"{"callback":"onAccountCreated","payload":"SECRET"}"#,
            "payload: expected an object, found a string (line 1, column 49)",
        ),
        (
            r#"{"callback":"onAccountCreated","payload":{"userId":true}}"#,
            "payload.userId: expected a string, found a boolean (line 1, column 56)",
        ),
    ] {
        let err = Hint::parse(body.as_bytes()).unwrap_err();
        assert_eq!(err.to_string(), expected, "{body}");
    }
}
