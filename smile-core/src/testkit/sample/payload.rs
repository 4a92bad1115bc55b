//! The data that a finished task carries where the webhook includes the payload.

use serde_json::{Value, json};

use crate::testkit::sample::fresh_hex;

pub(super) const IDENTITY: &str = "i-4c3b2a190f8e4d7c6b5a493827160f5e";
pub(super) const RATING: &str = "r-2e4c6a8f0b1d4f3e5c7a9b8d6e4f2a01";
pub(super) const DOCUMENT: &str = "d-6f1e2d3c4b5a49788796a5b4c3d2e1f0";
pub(super) const CLEARANCE: &str = "d-0a1b2c3d4e5f46978879695a4b3c2d1e";
pub(super) const EMPLOYMENT: &str = "e-b1a29384756f4e5d6c7b8a9091827364";
pub(super) const EARLIER: &str = "e-5a6b7c8d9e0f41234567890abcdef012";
pub(super) const LIABILITY: &str = "lia-d0c1b2a394854f6e7d8c9bafbecd1022";
pub(super) const SECOND_LOAN: &str = "lia-33445566778849aabbccddeeff001122";
pub(super) const LINK: &str = "link-7c8d9e0f1a2b43c4d5e6f7089182a3b4";
pub(super) const INSIGHT: &str = "insight-a9b8c7d6e5f443322110ffeeddccbbaa";

/// The names of all that [`all`] holds.
pub(super) const DATAPOINTS: [&str; 11] = [
    "IDENTITIES",
    "RATINGS",
    "DOCUMENTS",
    "INCOMES",
    "TRANSACTIONS",
    "EMPLOYMENTS",
    "CONTRIBUTIONS",
    "LIABILITIES",
    "EINCOMES",
    "LINK",
    "INSIGHTS",
];

/// All kinds of data, in lists of one or two items.
pub(super) fn all() -> Value {
    json!({
        "identity": identity(),
        "rating": {
            "id": RATING,
            "currentRating": 4.87,
            "maxRating": 5,
            "calculatedPercentage": 97.4,
            "reviewsReceived": 312,
            "likesReceived": null,
            "jobsCompleted": 1804,
        },
        "documents": documents(),
        "incomes": list(vec![
            income("2025-12-16", "2025-12-31", 14_250.75),
            income("2025-12-01", "2025-12-15", 13_980.5),
        ]),
        "transactions": list(vec![json!({
            "id": "t-8f7e6d5c4b3a42918071625344536271",
            "date": "2025-12-28",
            "currency": "PHP",
            "amount": -310.75,
            "description": "Cash out",
            "referenceId": "TX-20251228-17",
        })]),
        "employments": employments(),
        "contributions": list(vec![json!({
            "id": "con-1f2e3d4c5b6a47988796a5b4c3d2e1f0",
            "date": "2025-12-31",
            "currency": "PHP",
            "amount": 1375.0,
            "referenceId": "PRN-4471902",
        })]),
        "liabilities": list(vec![json!({
            "id": LIABILITY,
            "type": "Salary Loan",
            "referenceId": "SL-2025-0034",
            "startDate": "2025-03-01",
            "endDate": "2027-03-01",
            "firstAmortizationDate": "2025-05-01",
            "amortizationFrequency": "Monthly",
            "currency": "PHP",
            "loanAmount": 16_000.0,
            "amortizationAmount": 738.32,
            "outstandingBalance": 9_598.16,
            "nextPaymentAmount": 738.32,
            "overduePaymentAmount": 0.0,
        })]),
        "eincomes": list(vec![json!({
            "id": "einc-0c1d2e3f4a5b46c7d8e9f0a1b2c3d4e5",
            "month": "2025-12",
            "currency": "PHP",
            "baseAmount": 28_231.25,
            "amount": 28_231.25,
        })]),
        "links": list(vec![json!({
            "id": LINK,
            "startDate": "2025-01-05T00:00:00Z",
            "endDate": "2026-01-05T00:00:00Z",
            "records": [{"count": 1, "linkedAt": ["2025-09-14T06:20:11Z"]}],
        })]),
        "insight": {
            "id": INSIGHT,
            "cutoffTime": "2026-01-04T16:00:00Z",
            "features": {
                "employments_current_status": "GIG",
                "identity_age": 36,
                "incomes_amount_average": 28_231.25,
                "incomes_amount_sum": 338_775.0,
                "incomes_count": 24,
                "liabilities_loan_count": 1,
                "link_day30_count": -999,
            },
        },
    })
}

pub(super) fn documents() -> Value {
    list(vec![json!({
        "id": DOCUMENT,
        "name": "UMID",
        "docId": "0026-1215160-9",
        "status": "VALID",
        "documentType": "IDENTIFICATION",
        "issueDate": "2021-05-06",
        "expiryDate": null,
        "fileUrl": "https://files.example/documents/umid.pdf",
        "remarks": null,
    })])
}

/// Resizes every list of the payload, and of payloads within, to `items`.
pub(super) fn resize_lists(value: &mut Value, items: usize) {
    match value {
        Value::Object(members) => {
            if let (true, Some(Value::Array(list))) =
                (members.contains_key("nextCursor"), members.get_mut("items"))
            {
                *list = list.iter().cycle().take(items).cloned().collect();
                list.iter_mut().for_each(renew_id);
            } else {
                members
                    .values_mut()
                    .for_each(|value| resize_lists(value, items));
            }
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| resize_lists(value, items)),
        _ => {}
    }
}

/// Keeps the id's prefix, which names the kind of item.
fn renew_id(item: &mut Value) {
    if let Some(Value::String(id)) = item.get_mut("id") {
        let prefix = id.split_once('-').map_or("", |(prefix, _)| prefix);
        *id = format!("{prefix}-{}", fresh_hex());
    }
}

fn list(items: Vec<Value>) -> Value {
    json!({"nextCursor": null, "items": items})
}

fn income(start: &str, end: &str, net: f64) -> Value {
    json!({
        "id": format!("inc-{}", fresh_hex()),
        "workItem": "Delivery",
        "employer": "Bayan Express",
        "startDate": start,
        "endDate": end,
        "currency": "PHP",
        "frequency": "Semimonthly",
        "baseAmount": 12_000.0,
        "grossAmount": 15_100.0,
        "netAmount": net,
    })
}

fn employments() -> Value {
    let employment = |id: &str, employer: &str, start: &str, end: Option<&str>| {
        json!({
            "id": id,
            "name": "Courier",
            "description": null,
            "jobTitle": "Courier",
            "department": "Fleet",
            "employeeNumber": "EN-10457",
            "employerNumber": "ER-0091",
            "employer": employer,
            "status": "Contractual",
            "startDate": start,
            "endDate": end,
            "reportedDate": "2025-12-31",
        })
    };
    list(vec![
        employment(EMPLOYMENT, "Bayan Express", "2024-06-01", None),
        employment(EARLIER, "Pearl Logistics", "2022-01-10", Some("2024-05-31")),
    ])
}

fn identity() -> Value {
    json!({
        "id": IDENTITY,
        "fullName": "María Reyes Santos",
        "firstName": "María",
        "middleName": "Reyes",
        "lastName": "Santos",
        "suffix": null,
        "gender": "Female",
        "dob": "1989-02-28",
        "maritalStatus": "Married",
        "countryResidence": "PH",
        "citizenship": "Citizen",
        "photoUrl": "https://images.example/people/maria.jpg",
        "referenceId": "REF-20417",
        "profileUrl": null,
        "latestEmployerName": "Bayan Express",
        "emails": [{"address": "maria.santos@mail.example", "type": "Primary"}],
        "phones": [{"number": "+639171234567", "type": "Mobile"}],
        "socialProfiles": [{"socialUrl": "https://social.example/maria", "type": "Others"}],
        "addresses": [{
            "fullAddress": "7 Mabini St, Poblacion, Cebu City, Central Visayas, 6000, PH",
            "line1": "7 Mabini St",
            "line2": "Poblacion",
            "city": "Cebu City",
            "region": "Central Visayas",
            "zip": "6000",
            "country": "PH",
            "latitude": "10.315699",
            "longitude": "123.885437",
            "type": "Primary",
            "tags": ["Home", "Mailing"],
        }],
    })
}
