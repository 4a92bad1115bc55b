//! The events as somebody writes them down who needs two of them: `serde` structs.
//!
//! Generic over their text, so that the handler written by hand (`String`) and the floor of what a
//! JSON reader can do ([`Text`]) read exactly the same members.
#![expect(dead_code, reason = "members are for serde to fill in")]

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, de};

/// The members that every event begins with, without the data.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope<S> {
    id: S,
    version: u32,
    #[serde(rename = "type")]
    event_type: S,
    created_at: S,
}

/// `ACCOUNT_CONNECTED` and `TASK_FINISHED` in one struct: nothing is read twice to know which.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event<S> {
    id: S,
    version: u32,
    #[serde(rename = "type")]
    event_type: S,
    created_at: S,
    data: Data<S>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<S> {
    user_id: S,
    account_id: Option<S>,
    login_name: Option<S>,
    source_id: Option<S>,
    source_type: Option<S>,
    task_type: Option<S>,
    status: Option<S>,
    error_code: Option<S>,
    providers: Vec<S>,
    datapoints: Option<Vec<S>>,
    payload: Option<Payload<S>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload<S> {
    identity: Option<Identity<S>>,
    documents: Option<List<Document<S>, S>>,
    incomes: Option<List<Income<S>, S>>,
    transactions: Option<List<Transaction<S>, S>>,
    employments: Option<List<Employment<S>, S>>,
    contributions: Option<List<Contribution<S>, S>>,
    liabilities: Option<List<Liability<S>, S>>,
    eincomes: Option<List<Eincome<S>, S>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct List<T, S> {
    next_cursor: Option<S>,
    items: Vec<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity<S> {
    id: S,
    full_name: Option<S>,
    first_name: Option<S>,
    middle_name: Option<S>,
    last_name: Option<S>,
    suffix: Option<S>,
    gender: Option<S>,
    dob: Option<S>,
    marital_status: Option<S>,
    country_residence: Option<S>,
    citizenship: Option<S>,
    photo_url: Option<S>,
    reference_id: Option<S>,
    profile_url: Option<S>,
    latest_employer_name: Option<S>,
    emails: Vec<Email<S>>,
    phones: Vec<Phone<S>>,
    addresses: Vec<Address<S>>,
}

#[derive(Debug, Deserialize)]
struct Email<S> {
    address: Option<S>,
    r#type: Option<S>,
}

#[derive(Debug, Deserialize)]
struct Phone<S> {
    number: Option<S>,
    r#type: Option<S>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address<S> {
    full_address: Option<S>,
    line1: Option<S>,
    line2: Option<S>,
    city: Option<S>,
    region: Option<S>,
    zip: Option<S>,
    country: Option<S>,
    latitude: Option<S>,
    longitude: Option<S>,
    r#type: Option<S>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<S> {
    id: S,
    name: Option<S>,
    doc_id: Option<S>,
    status: Option<S>,
    document_type: Option<S>,
    issue_date: Option<S>,
    expiry_date: Option<S>,
    file_url: Option<S>,
    remarks: Option<S>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Income<S> {
    id: S,
    work_item: Option<S>,
    employer: Option<S>,
    start_date: Option<S>,
    end_date: Option<S>,
    currency: Option<S>,
    frequency: Option<S>,
    base_amount: Option<f64>,
    gross_amount: Option<f64>,
    net_amount: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transaction<S> {
    id: S,
    date: Option<S>,
    currency: Option<S>,
    amount: Option<f64>,
    description: Option<S>,
    reference_id: Option<S>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Employment<S> {
    id: S,
    name: Option<S>,
    description: Option<S>,
    job_title: Option<S>,
    department: Option<S>,
    employee_number: Option<S>,
    employer_number: Option<S>,
    employer: Option<S>,
    status: Option<S>,
    start_date: Option<S>,
    end_date: Option<S>,
    reported_date: Option<S>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Contribution<S> {
    id: S,
    date: Option<S>,
    currency: Option<S>,
    amount: Option<f64>,
    reference_id: Option<S>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Liability<S> {
    id: S,
    r#type: Option<S>,
    reference_id: Option<S>,
    start_date: Option<S>,
    end_date: Option<S>,
    first_amortization_date: Option<S>,
    amortization_frequency: Option<S>,
    currency: Option<S>,
    loan_amount: Option<f64>,
    amortization_amount: Option<f64>,
    outstanding_balance: Option<f64>,
    next_payment_amount: Option<f64>,
    overdue_payment_amount: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Eincome<S> {
    id: S,
    month: Option<S>,
    currency: Option<S>,
    base_amount: Option<f64>,
    amount: Option<f64>,
}

/// Text that borrows wherever the JSON allows it. A plain `Cow` would not: `borrow` does not reach
/// inside `Option`.
#[derive(Debug)]
pub(crate) struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}
