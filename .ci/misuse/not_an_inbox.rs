//! The compiler says: `SqliteDedupe` is no inbox
use smile_store::SqliteDedupe;
use smile_tower::{Secret, SmileLayer};

fn endpoint(secret: Secret, store: SqliteDedupe) {
    let _ = SmileLayer::smile_api(secret).inbox(store);
}

fn main() {}
