//! The compiler says: `SqliteDedupe` is no inbox that a worker can take events from
use smile_store::SqliteDedupe;
use smile_tower::Worker;

fn worker(store: SqliteDedupe) {
    let _ = Worker::new(store);
}

fn main() {}
