//! A handler without a server.

use axum::http::StatusCode;
use smile_tower::testkit::{self, Sample};
use smile_tower::{Data, EventType, SmileEvent};

async fn on_event(event: SmileEvent) -> StatusCode {
    match event.data() {
        Ok(Data::TaskFinished(task)) if task.error_code.is_some() => StatusCode::ACCEPTED,
        _ => StatusCode::NO_CONTENT,
    }
}

#[tokio::test]
async fn a_task_with_an_error_is_accepted() {
    let sample = Sample::smile_api(EventType::TaskFinished).set("data.errorCode", "SYSTEM_ERROR");
    assert_eq!(on_event(testkit::event(sample)).await, StatusCode::ACCEPTED);
}
