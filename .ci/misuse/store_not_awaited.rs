//! The compiler says: add `.await?` to the call that connects the store
use smile_store::SqliteDedupe;
use smile_tower::{Secret, SmileLayer};

fn main() {
    let secret = Secret::new("a little secret").unwrap();
    let store = SqliteDedupe::connect("sqlite:seen.db");
    let _: SmileLayer = SmileLayer::smile_api(secret).deduplicate(store).build();
}
