//! The compiler says: `String` is not the data of an event
use smile_tower::{Dispatch, SmileEvent};

async fn linked(_event: SmileEvent, _data: String) -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {
    let _ = Dispatch::new().on(linked);
}
