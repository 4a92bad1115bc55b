//! The compiler says: does not show a request's head
use smile_core::{Signature, SmileApi};

fn main() {
    let request = axum::http::Request::new(());
    let _ = Signature::<SmileApi>::read(&request, 0, Signature::<SmileApi>::TOLERANCE);
}
