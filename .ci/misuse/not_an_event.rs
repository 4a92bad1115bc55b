//! The compiler says: `String` is no event that a handler can take
use smile_store::SqliteInbox;
use smile_tower::Worker;

async fn on_event(_event: String) -> Result<(), std::io::Error> {
    Ok(())
}

fn worker(inbox: SqliteInbox) {
    let _ = Worker::new(inbox).handle(on_event);
}

fn main() {}
