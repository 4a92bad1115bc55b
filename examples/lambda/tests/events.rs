//! The events of the three sources that a function has.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::request::from_str;
use serde_json::{Value, json};
use smile_conformance::{Request, sign};
use smile_tower::Secret;
use tower::ServiceExt;

/// What API Gateway hands to a function of a REST API.
fn rest(request: &Request) -> Value {
    let body = String::from_utf8(request.body.bytes()).unwrap();
    json!({
        "resource": "/webhooks/smile", "path": "/webhooks/smile", "httpMethod": "POST",
        "headers": headers(request), "multiValueHeaders": multi(request),
        "requestContext": {
            "resourcePath": "/webhooks/smile", "httpMethod": "POST", "path": "/prod/webhooks/smile",
            "accountId": "1", "resourceId": "r", "stage": "prod", "requestId": "q", "apiId": "a",
            "identity": {"sourceIp": "18.142.61.230"},
        },
        "body": body, "isBase64Encoded": false,
    })
}

/// What API Gateway hands to a function of an HTTP API, with the body in base64.
fn http(request: &Request) -> Value {
    json!({
        "version": "2.0", "routeKey": "POST /webhooks/smile", "rawPath": "/webhooks/smile",
        "rawQueryString": "", "headers": headers(request),
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "a.example", "domainPrefix": "a",
            "http": {
                "method": "POST", "path": "/webhooks/smile", "protocol": "HTTP/1.1",
                "sourceIp": "18.142.61.230", "userAgent": "",
            },
            "requestId": "q", "routeKey": "POST /webhooks/smile", "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": STANDARD.encode(request.body.bytes()), "isBase64Encoded": true,
    })
}

/// What an Application Load Balancer hands to a function.
fn balancer(request: &Request) -> Value {
    let body = String::from_utf8(request.body.bytes()).unwrap();
    json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        "httpMethod": "POST", "path": "/webhooks/smile", "queryStringParameters": {},
        "headers": headers(request), "body": body, "isBase64Encoded": false,
    })
}

fn headers(request: &Request) -> Value {
    let pairs = request.headers.iter();
    let pairs = pairs.map(|(name, value)| (name.clone(), text(value).into()));
    Value::Object(pairs.collect())
}

fn multi(request: &Request) -> Value {
    let pairs = request.headers.iter();
    let pairs = pairs.map(|(name, value)| (name.clone(), json!([text(value)])));
    Value::Object(pairs.collect())
}

fn text(value: &[u8]) -> String {
    String::from_utf8(value.to_vec()).unwrap()
}

#[tokio::test]
async fn events_of_every_source_are_verified_and_handled_once() {
    let service = lambda::service(Secret::new(sign::SECRET).unwrap());
    let send = async |event: Value| {
        let request = from_str(&event.to_string()).unwrap();
        let answer = service.clone().oneshot(request).await.unwrap();
        answer.status().as_u16()
    };
    for source in [rest, http, balancer] {
        let request = sign::smile_api(sign::event());
        assert_eq!(send(source(&request)).await, 204);
        assert_eq!(send(source(&request)).await, 200, "a repetition");
        let forged = sign::smile_api_with("wrong", sign::event());
        assert_eq!(send(source(&forged)).await, 401);
    }
}
