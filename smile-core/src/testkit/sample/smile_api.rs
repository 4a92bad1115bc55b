//! The data of Smile API's events, in the shapes of the vendor's OpenAPI 1.14.0 with values of our
//! own.

use serde_json::{Value, json};

use super::payload;
use crate::EventType;

const USER: &str = "acme-5d2f8a0c41b94e7f9a6b3c8d7e1f2a40";
const ACCOUNT: &str = "a-91c4e7d05b3a4f2e8c6d1b0a9f8e7d63";
const ARCHIVE: &str = "archive-3b7e9c1d5f204a68b0c2d4e6f8a1b3c5";
const PROVIDER: &str = "sss_ph";

/// The data of an event; empty for a type that this version does not know.
pub(super) fn data(event_type: &EventType) -> Value {
    match event_type {
        EventType::UserCreated => json!({"userId": USER, "session": session("IN_PROGRESS")}),
        EventType::AccountCreated | EventType::AccountDisconnected => account(json!({})),
        EventType::AccountConnected => account(json!({"loginName": "mariasantos"})),
        EventType::AccountFailed => account(json!({
            "loginName": "mariasantos",
            "errorCode": "INVALID_CREDENTIALS",
            "errorMessage": "The user name or the password is wrong.",
        })),
        EventType::TaskStarted => task(json!({"taskType": "LINK_ACCOUNT"})),
        EventType::TaskFinished => task(json!({
            "taskType": "LINK_ACCOUNT",
            "status": "SUCCEEDED",
            "errorCode": null,
            "datapoints": payload::DATAPOINTS,
            "payload": payload::all(),
        })),
        EventType::AccountSyncTaskFinished => task(json!({
            "status": "SUCCEEDED",
            "monitorStatus": "ACTIVE",
            "datapoints": payload::DATAPOINTS,
            "payload": payload::all(),
        })),
        EventType::ArchiveStarted | EventType::ArchiveAnalyzed | EventType::ArchiveRevoked => {
            json!({"userId": USER, "archiveId": ARCHIVE})
        }
        EventType::ArchiveFailed => json!({
            "userId": USER,
            "archiveId": ARCHIVE,
            "errorCode": "FILE_UNABLE_TO_RECOGNIZE",
            "errorMessage": "The file is no payslip.",
        }),
        EventType::InviteInvited | EventType::InviteLinked => {
            json!({"userId": USER, "inviteId": "iv-c8e2a4061d7f4b9385f0e1d2c3b4a596"})
        }
        EventType::IdentityAdded => account(json!({"identityId": payload::IDENTITY})),
        EventType::RatingAdded => account(json!({"ratingId": payload::RATING})),
        EventType::TransactionsAdded
        | EventType::DocumentsAdded
        | EventType::EmploymentsAdded
        | EventType::IncomesAdded
        | EventType::ContributionsAdded
        | EventType::EincomesAdded
        | EventType::LiabilitiesAdded => account(json!({"count": 3})),
        EventType::IncomesUpdated
        | EventType::ContributionsUpdated
        | EventType::EincomesUpdated => account(json!({
            "count": 2,
            "updatedFrom": "2025-11-01T00:00:00Z",
            "updatedTo": "2025-12-31T00:00:00Z",
            "updatedAt": "2026-01-05T02:10:44Z",
        })),
        EventType::DocumentsUpdated => updated_ids([payload::DOCUMENT, payload::CLEARANCE]),
        EventType::EmploymentsUpdated => updated_ids([payload::EMPLOYMENT, payload::EARLIER]),
        EventType::LiabilitiesUpdated => updated_ids([payload::LIABILITY, payload::SECOND_LOAN]),
        EventType::InsightAdded => account(json!({"id": payload::INSIGHT})),
        EventType::LinkAdded => account(json!({"id": payload::LINK})),
        EventType::VerificationStarted => json!({"verificationId": VERIFICATION}),
        EventType::VerificationCompleted => verification(),
        EventType::RecordCreated => {
            json!({"recordId": RECORD, "recordType": "SOCIAL_SECURITY"})
        }
        EventType::RecordCompleted => record(),
        EventType::UserSessionCompleted => json!({
            "session": session("COMPLETED"),
            "payload": {
                "metadata": session("COMPLETED"),
                "forms": [{
                    "id": "form-0d9c8b7a6f5e4d3c2b1a09f8e7d6c5b4",
                    "name": "About you",
                    "data": {"monthsAtAddress": 26, "ownsHome": false},
                }],
                "accounts": [{"id": ACCOUNT, "providerId": PROVIDER, "payload": payload::all()}],
                "archives": [{
                    "id": ARCHIVE,
                    "fileType": "payslip",
                    "payload": {"documents": payload::documents()},
                }],
            },
        }),
        EventType::UserSessionReset => json!({"session": session("REVOKED")}),
        EventType::Other(_) => json!({}),
    }
}

const RECORD: &str = "ss-e5d4c3b2a1908f7e6d5c4b3a29180f7e";
const VERIFICATION: &str = "ver-7a6b5c4d3e2f10987a6b5c4d3e2f1098";

/// What an event about an account has in any case, and `more`.
fn account(more: Value) -> Value {
    with(
        json!({"userId": USER, "accountId": ACCOUNT, "providers": [PROVIDER]}),
        more,
    )
}

/// What an event about a task has in any case, and `more`.
fn task(more: Value) -> Value {
    let source = json!({
        "userId": USER,
        "sourceId": ACCOUNT,
        "sourceType": "ACCOUNT",
        "providers": [PROVIDER],
    });
    with(source, more)
}

fn updated_ids(ids: [&str; 2]) -> Value {
    account(json!({"count": 2, "updatedIds": ids, "updatedAt": "2026-01-05T02:10:44Z"}))
}

fn session(status: &str) -> Value {
    json!({
        "userId": USER,
        "channel": "WinkSite",
        "channelId": "site-18e7d6c5b4a39281706f5e4d3c2b1a09",
        "status": status,
    })
}

fn verification() -> Value {
    json!({
        "verificationId": VERIFICATION,
        "resultCode": "SUCCESS",
        "resultMessage": "The data was compared.",
        "result": {
            "finalMatches": true,
            "names": {
                "firstNameMatches": true,
                "middleNameMatches": true,
                "lastNameMatches": true,
                "fullNameMatches": true,
            },
            "additionalData": {
                "ids": [{"idNumber": "123-456-789-000", "idType": "tin_ph", "matches": true}],
                "dobMatches": true,
                "genderMatches": true,
                "addressMatches": false,
                "phoneMatches": {"value": "+639171234567", "matches": true, "active": true},
                "emailMatches": {
                    "value": "maria.santos@mail.example",
                    "matches": true,
                    "disposable": false,
                    "deliverable": true,
                },
            },
        },
    })
}

fn record() -> Value {
    json!({
        "recordId": RECORD,
        "recordType": "SOCIAL_SECURITY",
        "status": "COMPLETED",
        "resultCode": "SUCCESS",
        "resultMessage": null,
        "payload": {
            "id": RECORD,
            "createdAt": "2026-01-05T02:08:10Z",
            "status": "COMPLETED",
            "resultCode": "SUCCESS",
            "resultMessage": null,
            "result": {
                "fullName": "Elena Campos Rios",
                "curp": "CARE850312MJCMSL08",
                "nss": "01987654321",
                "reportDate": "2026-01-04",
                "employerName": "Taller Rios SA",
                "employerRegistration": "T1234567",
                "state": "JALISCO",
                "contributionDays": 1204,
                "contributionBaseAmount": 482.5,
                "currency": "MXN",
            },
            "requestMeta": {
                "emailAddress": "elena.campos@mail.example",
                "fullName": "Elena Campos Rios",
                "mobileNumber": "+523312345678",
                "curp": "CARE850312MJCMSL08",
                "templateId": "tpl-4f3e2d1c",
                "consent": {
                    "type": "Terms And Conditions",
                    "version": "1",
                    "consentedWith": "I agree to the terms and conditions.",
                    "consentedAt": "2026-01-05T02:07:31Z",
                    "consentTemplateId": "ct-90817263544536271809f8e7d6c5b4a3",
                },
            },
        },
    })
}

fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(members), Value::Object(more)) = (&mut object, more) {
        members.extend(more);
    }
    object
}
