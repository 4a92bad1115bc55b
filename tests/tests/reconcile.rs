//! After an outage, an application fetches from the vendor's API what it missed, and stores each once,
//! whether the webhook comes after all or not. The vendor is a stand-in with the documented answers.
#![expect(clippy::unwrap_used, reason = "a test that lacks its data fails")]

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Query, State},
    http::Request,
    routing::get,
};
use serde_json::{Value, json};
use smile_tower::{
    Accepted, DedupeBy, Delivery, EventType, FetchedEvent, InboxIntake, Intake, Secret, SmileApi,
    SmileInbox, SmileIo, SmileLayer, smile_api, smile_io,
    testkit::{self, MemoryInbox, Sample, Signer},
};
use tower::ServiceExt;

const SECRET: &str = "a little secret";

fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

/// One event for each customer and state.
fn by_state(event: &Delivery<SmileIo>) -> DedupeBy {
    let state = || {
        let Ok(smile_io::Data::CustomerUpdated(updated)) = event.data() else {
            return None;
        };
        let customer = updated.customer.as_deref()?;
        let (id, at) = (customer.id.as_ref()?, customer.updated_at.as_ref()?);
        Some(format!("{}@{}", id.as_str(), at.as_str()))
    };
    state().map_or(DedupeBy::Vendor, DedupeBy::Text)
}

/// An account is created once, so the account names that event.
fn by_account(event: &Delivery<SmileApi>) -> DedupeBy {
    match event.data() {
        Ok(smile_api::Data::AccountCreated(account)) => match account.account_id {
            Some(id) => DedupeBy::Text(format!("created/{}", id.as_str())),
            None => DedupeBy::Vendor,
        },
        _ => DedupeBy::Vendor,
    }
}

fn smile_io_endpoint(inbox: &MemoryInbox) -> InboxIntake<SmileIo> {
    Intake::smile_io(secret())
        .dedupe_by(by_state)
        .inbox(inbox.clone())
}

fn smile_api_endpoint(inbox: &MemoryInbox) -> InboxIntake<SmileApi> {
    Intake::smile_api(secret())
        .dedupe_by(by_account)
        .inbox(inbox.clone())
}

/// The vendor's list calls: pages of two, and the next page's cursor.
fn vendor(customers: &[Value], accounts: &[Value]) -> Router {
    type Lists = (Vec<Value>, Vec<Value>);
    fn page(all: &[Value], query: &Value) -> (Vec<Value>, Value) {
        let from: usize = query["cursor"]
            .as_str()
            .map_or(0, |cursor| cursor.parse().unwrap());
        let items = all.iter().skip(from).take(2).cloned().collect();
        let next = (from + 2 < all.len()).then(|| (from + 2).to_string());
        (items, json!(next))
    }
    async fn customers_since(
        State(lists): State<Lists>,
        Query(query): Query<Value>,
    ) -> Json<Value> {
        let since = query["updated_at_min"].as_str().unwrap().to_owned();
        let changed = |customer: &&Value| customer["updated_at"].as_str().unwrap() > since.as_str();
        let all: Vec<_> = lists.0.iter().filter(changed).cloned().collect();
        let (customers, next) = page(&all, &query);
        Json(json!({"customers": customers, "metadata": {"next_cursor": next}}))
    }
    async fn accounts_since(State(lists): State<Lists>, Query(query): Query<Value>) -> Json<Value> {
        let (items, next) = page(&lists.1, &query);
        Json(json!({"code": "OK", "data": {"nextCursor": next, "items": items}}))
    }
    Router::new()
        .route("/v1/customers", get(customers_since))
        .route("/v1/accounts", get(accounts_since))
        .with_state((customers.to_vec(), accounts.to_vec()))
}

async fn fetch(vendor: &Router, path: &str) -> Value {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = vendor.clone().oneshot(request).await.unwrap();
    serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap()
}

/// How many of the customers that changed since then were new to the inbox.
async fn reconcile_customers(vendor: &Router, endpoint: &InboxIntake<SmileIo>) -> usize {
    let (mut new, mut cursor) = (0, String::new());
    loop {
        let path = format!("/v1/customers?updated_at_min=2024-04-04T00:00:00.000Z{cursor}");
        let page = fetch(vendor, &path).await;
        for customer in page["customers"].as_array().unwrap() {
            let event = FetchedEvent::customer_updated(7, &customer.to_string()).unwrap();
            if endpoint.trust_fetched(event).await.unwrap() == Accepted::New {
                new += 1;
            }
        }
        match page["metadata"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return new,
        }
    }
}

/// How many of the accounts were new to the inbox.
async fn reconcile_accounts(vendor: &Router, endpoint: &InboxIntake<SmileApi>) -> usize {
    let (mut new, mut cursor) = (0, String::new());
    loop {
        let path = format!("/v1/accounts?startDate=2024-04-04{cursor}");
        let page = fetch(vendor, &path).await;
        for account in page["data"]["items"].as_array().unwrap() {
            let id = account["id"].as_str().unwrap();
            let data = json!({
                "userId": account["userId"],
                "accountId": id,
                "providers": [account["providerId"]],
            });
            let event =
                FetchedEvent::smile_api(&EventType::AccountCreated, id, &data.to_string()).unwrap();
            if endpoint.trust_fetched(event).await.unwrap() == Accepted::New {
                new += 1;
            }
        }
        match page["data"]["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return new,
        }
    }
}

/// Delivers a webhook, and returns whether the endpoint knew its event.
async fn deliver<V: smile_tower::Vendor>(
    endpoint: &InboxIntake<V>,
    signer: &Signer,
    body: impl Into<bytes::Bytes>,
) -> bool {
    let request = testkit::request::<Body>(signer, "/webhooks", body);
    let service = SmileInbox::from(endpoint.clone());
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.headers().contains_key("smile-duplicate")
}

fn customer(id: u64, updated_at: &str) -> Value {
    json!({"id": id, "email": format!("{id}@mail.example"), "state": "member", "updated_at": updated_at})
}

fn customer_webhook(customer: &Value) -> String {
    // In another order, and with white space: never the bytes of a fetched event.
    let data = json!({"customer": customer});
    format!(r#"{{ "topic": "customer/updated", "data": {data}, "account_id": 7 }}"#)
}

#[tokio::test]
async fn missed_customers_are_stored_once_each_beside_those_that_came() {
    let inbox = MemoryInbox::default();
    let endpoint = smile_io_endpoint(&inbox);
    let signer = Signer::smile_io(SECRET);
    let customers: Vec<_> = (1..=5)
        .map(|id| customer(id, &format!("2024-04-0{}T15:10:42.030Z", id + 2)))
        .collect();
    // The first changed before the outage, the third came although the server was going down.
    assert!(!deliver(&endpoint, &signer, customer_webhook(&customers[2])).await);
    let vendor = vendor(&customers, &[]);
    assert_eq!(reconcile_customers(&vendor, &endpoint).await, 3);
    assert_eq!(inbox.len(), 4);
    assert_eq!(
        reconcile_customers(&vendor, &endpoint).await,
        0,
        "a second run"
    );
    // The vendor goes on to send what it had kept.
    for late in &customers[1..] {
        assert!(
            deliver(&endpoint, &signer, customer_webhook(late)).await,
            "{late}"
        );
    }
    assert_eq!(inbox.len(), 4);
    let changed = customer(2, "2024-05-01T00:00:00.000Z");
    assert!(
        !deliver(&endpoint, &signer, customer_webhook(&changed)).await,
        "a later change"
    );
}

#[tokio::test]
async fn missed_accounts_are_stored_once_each_and_are_handled_as_events() {
    let inbox = MemoryInbox::default();
    let endpoint = smile_api_endpoint(&inbox);
    let signer = Signer::smile_api(SECRET);
    let accounts: Vec<_> = ["a-1", "a-2", "a-3"]
        .iter()
        .map(|id| json!({"id": id, "userId": "u-1", "providerId": "sss_ph"}))
        .collect();
    let webhook = |id: &str| Sample::smile_api(EventType::AccountCreated).set("data.accountId", id);
    assert!(!deliver(&endpoint, &signer, webhook("a-2")).await);
    let vendor = vendor(&[], &accounts);
    assert_eq!(reconcile_accounts(&vendor, &endpoint).await, 2);
    assert_eq!(
        reconcile_accounts(&vendor, &endpoint).await,
        0,
        "a second run"
    );
    assert!(
        deliver(&endpoint, &signer, webhook("a-3")).await,
        "the webhook after all"
    );

    let (sender, mut handled) = tokio::sync::mpsc::unbounded_channel();
    let worker = smile_tower::Worker::new(inbox.clone())
        .handle(move |event: Delivery<SmileApi>| {
            let sender = sender.clone();
            async move {
                let data = event.data()?.into_owned();
                let account = data.account_id().map(str::to_owned);
                sender.send((event.id().to_owned(), account))?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            }
        })
        .start();
    inbox.settled().await;
    worker.stop().await;
    let mut seen = Vec::new();
    while let Ok(event) = handled.try_recv() {
        seen.push(event);
    }
    seen.sort_by(|one, other| one.1.cmp(&other.1));
    let accounts: Vec<_> = seen
        .iter()
        .map(|(_, account)| account.as_deref().unwrap())
        .collect();
    assert_eq!(accounts, ["a-1", "a-2", "a-3"]);
    assert_eq!(seen[0].0, "fetched:ACCOUNT_CREATED:a-1");
}

#[tokio::test]
async fn without_a_key_of_the_data_a_fetched_event_is_one_with_itself_alone() {
    let inbox = MemoryInbox::default();
    let layer: SmileInbox = SmileLayer::smile_api(secret()).inbox(inbox.clone());
    let endpoint = layer.intake().clone();
    let data = r#"{"userId":"u-1","accountId":"a-1","providers":["sss_ph"]}"#;
    let fetched = || FetchedEvent::smile_api(&EventType::AccountCreated, "a-1", data).unwrap();
    assert_eq!(
        endpoint.trust_fetched(fetched()).await.unwrap(),
        Accepted::New
    );
    assert_eq!(
        endpoint.trust_fetched(fetched()).await.unwrap(),
        Accepted::Duplicate
    );
    let other = endpoint
        .trust_fetched(fetched().tenant("acme"))
        .await
        .unwrap();
    assert_eq!(other, Accepted::New, "another tenant");
    let webhook = Sample::smile_api(EventType::AccountCreated).set("data.accountId", "a-1");
    assert!(!deliver(&endpoint, &Signer::smile_api(SECRET), webhook).await);
    assert_eq!(inbox.len(), 3);
}

#[test]
fn what_is_not_the_data_of_the_event_is_no_fetched_event() {
    let err = FetchedEvent::smile_api(&EventType::AccountCreated, "a-1", r#"{"userId":[]}"#);
    assert_eq!(err.unwrap_err().path(), "data.userId");
    for (customer, path) in [
        ("[]", "data.customer"),
        (r#"{"id":1}},"topic":"ping","x":{"#, "data"),
        (r#"{"id":{}}"#, "data.customer.id"),
    ] {
        let err = FetchedEvent::customer_updated(7, customer).unwrap_err();
        assert_eq!(err.path(), path, "{customer}: {err}");
    }
}
