//! The compiler says: is no observer of deliveries
use smile_tower::{Report, Secret, SmileLayer};

fn main() {
    let secret = Secret::new("a little secret").unwrap();
    let layer = SmileLayer::smile_api(secret).observer(|_: &Report<'_>| ());
    let _: SmileLayer = layer.build();
}
