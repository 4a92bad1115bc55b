//! Rules of both engines that their common suite cannot see: transactions of the application, and
//! what is deleted.
//!
//! Macros, because the connections of two databases have no common type.

use std::time::Duration;

use smile_core::{Ownership, Settlement, Take, WorkQueue};

use super::event::new_event;

pub(crate) const VENDOR: &str = "smile-api";

/// A run that outlived its lease has lost its event from when somebody noticed.
pub(crate) async fn assert_a_lapsed_run_cannot_settle(inbox: impl WorkQueue) {
    inbox.accept(new_event("et-lapsed").await).await.unwrap();
    let mut take = Take::new(VENDOR, "default", 1);
    take.lease = Duration::from_millis(1);
    let job = inbox.take(take).await.unwrap().pop().unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    // It is to run alone now, so this call takes nothing.
    assert!(inbox.take(take).await.unwrap().is_empty());
    let settled = inbox.settle(job.id, Settlement::Done).await.unwrap();
    assert_eq!(settled, Ownership::Lost);
    take.alone = true;
    assert_eq!(inbox.take(take).await.unwrap().len(), 1);
}

macro_rules! assert_accept_in_is_part_of_its_transaction {
    ($inbox:expr, $pool:expr) => {{
        let event = new_event("et-1").await;
        let mut transaction = $pool.begin().await.unwrap();
        let accepted = $inbox.accept_in(&mut transaction, event.clone()).await;
        assert_eq!(accepted.unwrap(), Accepted::New);
        let again = $inbox.accept_in(&mut transaction, event.clone()).await;
        assert_eq!(again.unwrap(), Accepted::Duplicate);
        transaction.rollback().await.unwrap();
        assert_eq!($inbox.waiting().await.unwrap(), 0);

        let mut transaction = $pool.begin().await.unwrap();
        let accepted = $inbox.accept_in(&mut transaction, event.clone()).await;
        assert_eq!(accepted.unwrap(), Accepted::New);
        transaction.commit().await.unwrap();
        assert_eq!($inbox.waiting().await.unwrap(), 1);
        let again = $inbox.accept(event).await.unwrap();
        assert_eq!(again, Accepted::Duplicate);
    }};
}

/// The first run rolls back and fails; the second commits and fails.
macro_rules! assert_complete_in_is_part_of_its_transaction {
    ($inbox:expr, $pool:expr) => {{
        $inbox.accept(new_event("et-1").await).await.unwrap();
        let (tell, mut attempts) = mpsc::unbounded_channel();
        let pool = $pool.clone();
        let on_event = move |event: Delivery<SmileApi>| {
            let (pool, tell) = (pool.clone(), tell.clone());
            async move {
                let mut transaction = pool.begin().await?;
                event.complete_in(&mut transaction).await?;
                match event.attempt() {
                    1 => transaction.rollback().await?,
                    _ => transaction.commit().await?,
                }
                tell.send(event.attempt()).unwrap();
                Err::<(), Box<dyn std::error::Error + Send + Sync>>("as the test says".into())
            }
        };
        let worker = Worker::new($inbox.clone())
            .backoff(Duration::ZERO, Duration::ZERO)
            .handle(on_event)
            .start();
        assert_eq!(attempts.recv().await, Some(1));
        assert_eq!(attempts.recv().await, Some(2));
        worker.stop().await;
        assert_eq!($inbox.waiting().await.unwrap(), 0);
        assert!($inbox.dead_letters(0, 10).await.unwrap().is_empty());
        let again = $inbox.accept(new_event("et-1").await).await.unwrap();
        assert_eq!(again, Accepted::Duplicate);
    }};
}

/// `$steal` is a statement that gives every event to another run.
macro_rules! assert_complete_in_of_a_lost_event_fails {
    ($inbox:expr, $pool:expr, $steal:literal) => {{
        $inbox.accept(new_event("et-1").await).await.unwrap();
        let (tell, mut completed) = mpsc::unbounded_channel();
        let pool = $pool.clone();
        let on_event = move |event: Delivery<SmileApi>| {
            let (pool, tell) = (pool.clone(), tell.clone());
            async move {
                sqlx::raw_sql($steal).execute(&pool).await?;
                let mut transaction = pool.begin().await?;
                tell.send(event.complete_in(&mut transaction).await)
                    .unwrap();
                transaction.rollback().await
            }
        };
        let worker = Worker::new($inbox.clone()).handle(on_event).start();
        let completed = completed.recv().await.unwrap();
        assert!(
            matches!(completed, Err(CompleteError::Lost)),
            "{completed:?}"
        );
        worker.stop().await;
        assert_eq!($inbox.waiting().await.unwrap(), 1);
    }};
}

/// `$outdate` is a statement that sets every event's time back by an hour.
macro_rules! assert_old_events_are_deleted {
    ($inbox:expr, $pool:expr, $outdate:literal) => {{
        for (id, dead) in [("ready", false), ("done", false), ("dead", true)] {
            let mut event = new_event(id).await;
            event.retention = Duration::from_secs(60);
            event.dead = dead.then_some(DeadReason::NotAnEvent);
            $inbox.accept(event).await.unwrap();
            if id == "done" {
                let take = Take::new(VENDOR, "default", 2);
                let jobs = $inbox.take(take).await.unwrap();
                let done = $inbox.settle(jobs[1].id, Settlement::Done).await;
                assert_eq!(done.unwrap(), Ownership::Held);
            }
        }
        let hour = Duration::from_secs(3600);
        assert_eq!($inbox.purge().await.unwrap(), 0);
        assert_eq!($inbox.delete_dead_letters(hour / 2).await.unwrap(), 0);
        sqlx::raw_sql($outdate).execute(&$pool).await.unwrap();
        assert_eq!($inbox.purge().await.unwrap(), 1);
        assert_eq!($inbox.delete_dead_letters(hour * 2).await.unwrap(), 0);
        assert_eq!($inbox.delete_dead_letters(hour / 2).await.unwrap(), 1);
        assert_eq!($inbox.waiting().await.unwrap(), 1);
    }};
}

pub(crate) use {
    assert_accept_in_is_part_of_its_transaction, assert_complete_in_is_part_of_its_transaction,
    assert_complete_in_of_a_lost_event_fails, assert_old_events_are_deleted,
};
