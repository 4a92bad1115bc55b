//! The compiler says: `HashMap<String, ()>` is no store of seen events
use std::collections::HashMap;

use smile_tower::{Secret, SmileLayer};

fn main() {
    let secret = Secret::new("a little secret").unwrap();
    let store = HashMap::<String, ()>::new();
    let _: SmileLayer = SmileLayer::smile_api(secret).deduplicate(store).build();
}
