//! Rules of a queue that a worker takes events from.

use super::*;

pub(super) async fn an_event_is_taken_with_all_that_was_stored(
    bench: Bench<impl WorkQueue>,
) -> Found {
    let received_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let event = NewEvent {
        tenant: Some("acme".into()),
        secret_index: 2,
        trace_parent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        received_at,
        ..bench.event("et-1")
    };
    bench.accept(event.clone()).await?;
    let job = bench.take_one(LONG).await?;
    expect("attempt", job.attempt, 1)?;
    expect("body", &job.event.body, &event.body)?;
    expect("tenant", job.event.tenant.as_deref(), Some("acme"))?;
    expect("secret", job.event.secret_index, 2)?;
    expect("fingerprint", job.event.fingerprint, print(1))?;
    expect("trace", job.event.trace_parent, event.trace_parent)?;
    expect("received", job.event.received_at, received_at)
}

pub(super) async fn a_body_of_any_bytes_comes_back_as_it_was(
    bench: Bench<impl WorkQueue>,
) -> Found {
    let every_byte: Vec<u8> = (0..=u8::MAX).cycle().take(1 << 20).collect();
    let bodies: [&[u8]; 4] = [b"", b"\0", b"'\\x00''", &every_byte];
    for (id, body) in ["et-1", "et-2", "et-3", "et-4"].into_iter().zip(bodies) {
        let event = NewEvent {
            body: body.to_vec().into(),
            ..bench.event(id)
        };
        bench.accept(event).await?;
        let job = bench.take_one(LONG).await?;
        expect("the body is the same", job.event.body == body, true)?;
    }
    Ok(())
}

pub(super) async fn an_event_is_taken_by_one_of_many(bench: Bench<impl WorkQueue>) -> Found {
    const EVENTS: usize = 64;
    for event in 0..EVENTS {
        bench.add(&format!("et-{event}")).await?;
    }
    let mut takers = JoinSet::new();
    for _ in 0..8 {
        let bench = bench.clone();
        takers.spawn(async move {
            let mut rows = Vec::new();
            loop {
                let jobs = bench.take(5, LONG).await?;
                if jobs.is_empty() {
                    return Ok::<_, String>(rows);
                }
                rows.extend(jobs.iter().map(|job| job.id.row));
            }
        });
    }
    let mut rows = Vec::new();
    while let Some(taken) = takers.join_next().await {
        rows.extend(taken.map_err(|err| err.to_string())??);
    }
    expect("taken", rows.len(), EVENTS)?;
    let different: HashSet<_> = rows.into_iter().collect();
    expect("different ones", different.len(), EVENTS)
}

pub(super) async fn the_oldest_are_taken_first(bench: Bench<impl WorkQueue>) -> Found {
    for id in ["et-1", "et-2", "et-3"] {
        bench.add(id).await?;
        sleep_past(Duration::ZERO).await;
    }
    for id in ["et-1", "et-2", "et-3"] {
        let job = bench.take_one(LONG).await?;
        expect(id, &job.event.body, &bench.event(id).body)?;
    }
    Ok(())
}

pub(super) async fn events_of_another_vendor_or_scope_stay(bench: Bench<impl WorkQueue>) -> Found {
    let of_other_vendor = NewEvent {
        vendor: "smile-io",
        ..bench.event("et-1")
    };
    bench.accept(of_other_vendor).await?;
    let of_other_scope = NewEvent {
        scope: Token::unique().to_hex().into(),
        ..bench.event("et-2")
    };
    bench.accept(of_other_scope).await?;
    expect("taken", bench.take(10, LONG).await?.len(), 0)
}

pub(super) async fn an_event_that_is_done_is_never_taken_again_and_is_remembered(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    let job = bench.take_one(SHORT).await?;
    let settled = bench.settle(&job, Settlement::Done).await?;
    expect("settle", settled, Ownership::Held)?;
    sleep_past(SHORT).await;
    expect("taken", bench.take(1, LONG).await?.len(), 0)?;
    expect("taken alone", bench.take_alone(LONG).await?.len(), 0)?;
    let again = bench.accept(bench.event("et-1")).await?;
    expect("the repetition", again, Accepted::Duplicate)
}

pub(super) async fn an_attempt_counts_from_its_start_and_the_next_one_runs_alone(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    bench.take_one(SHORT).await?;
    expect("suspects while it runs", bench.has_suspects().await?, false)?;
    sleep_past(SHORT).await;
    expect("suspects", bench.has_suspects().await?, true)?;
    expect("taken among others", bench.take(1, LONG).await?.len(), 0)?;
    let job = one(bench.take_alone(LONG).await?)?;
    expect("attempt", job.attempt, 2)?;
    expect("suspects", bench.has_suspects().await?, false)?;
    bench.add("et-2").await?;
    expect("taken alone", bench.take_alone(LONG).await?.len(), 0)?;
    bench.take_one(LONG).await.map(drop)
}

pub(super) async fn an_event_whose_process_ended_in_its_last_attempt_is_a_dead_letter(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    bench.take_one(SHORT).await?;
    for _ in 0..2 {
        sleep_past(SHORT).await;
        one(bench.take_alone(SHORT).await?)?;
    }
    sleep_past(SHORT).await;
    expect("taken", bench.take_alone(SHORT).await?.len(), 0)?;
    let dead = bench.dead().await?;
    let found: Vec<_> = dead
        .iter()
        .map(|dead| (dead.reason, dead.attempts))
        .collect();
    expect("dead letters", found, vec![(DeadReason::Crashed, 3)])
}

pub(super) async fn a_lease_that_is_extended_does_not_end(bench: Bench<impl WorkQueue>) -> Found {
    bench.add("et-1").await?;
    let job = bench.take_one(SHORT).await?;
    let extended = bench.extend(&job, LONG).await?;
    expect("extend", extended, Ownership::Held)?;
    sleep_past(SHORT).await;
    expect("suspects", bench.has_suspects().await?, false)?;
    expect("taken", bench.take_alone(LONG).await?.len(), 0)
}

pub(super) async fn a_run_that_was_taken_over_neither_extends_nor_settles(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    let stale = bench.take_one(SHORT).await?;
    sleep_past(SHORT).await;
    let job = one(bench.take_alone(LONG).await?)?;
    let extended = bench.extend(&stale, LONG).await?;
    expect("extend", extended, Ownership::Lost)?;
    let retry = Settlement::Retry {
        after: Duration::ZERO,
        error: "late".into(),
    };
    for settlement in [Settlement::Done, retry, dead(DeadReason::Failed)] {
        let settled = bench.settle(&stale, settlement).await?;
        expect("settle of the first run", settled, Ownership::Lost)?;
    }
    expect("dead letters", bench.dead().await?.len(), 0)?;
    let settled = bench.settle(&job, Settlement::Done).await?;
    expect("settle of the second run", settled, Ownership::Held)
}

pub(super) async fn an_end_that_is_noted_twice_is_noted_once(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    let job = bench.take_one(LONG).await?;
    for _ in 0..2 {
        let settled = bench.settle(&job, Settlement::Done).await?;
        expect("settle", settled, Ownership::Held)?;
    }
    // A run that completed in a transaction of the handler may fail after it.
    let _ = bench.settle(&job, dead(DeadReason::Failed)).await?;
    expect("dead letters", bench.dead().await?.len(), 0)?;
    let extended = bench.extend(&job, LONG).await?;
    expect("extend", extended, Ownership::Lost)
}

pub(super) async fn a_failed_event_waits_and_counts_its_attempts(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    for attempt in 1..=3 {
        let job = bench.take_one(LONG).await?;
        expect("attempt", job.attempt, attempt)?;
        let retry = Settlement::Retry {
            after: SHORT,
            error: "no luck".into(),
        };
        expect("settle", bench.settle(&job, retry).await?, Ownership::Held)?;
        expect("taken too early", bench.take(1, LONG).await?.len(), 0)?;
        sleep_past(SHORT).await;
    }
    Ok(())
}

pub(super) async fn a_dead_letter_is_listed_shown_and_replayed_with_all_its_attempts(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    let job = bench.take_one(LONG).await?;
    let settled = bench.settle(&job, dead(DeadReason::Permanent)).await?;
    expect("settle", settled, Ownership::Held)?;
    expect("taken", bench.take(1, LONG).await?.len(), 0)?;
    let letters = bench.dead().await?;
    let [letter] = &letters[..] else {
        return Err(format!("expected one dead letter, found {}", letters.len()));
    };
    expect("reason", letter.reason, DeadReason::Permanent)?;
    expect("error", &*letter.error, "as the test says")?;
    expect("event", letter.event_id.as_deref(), Some("et-1"))?;
    expect("name", letter.name.as_deref(), Some("USER_CREATED"))?;
    expect("attempts", letter.attempts, 1)?;
    expect("body", &letter.body[..], &bench.event("et-1").body[..])?;
    expect("replay", bench.replay(letter.id).await?, true)?;
    expect("replay again", bench.replay(letter.id).await?, false)?;
    expect("dead letters", bench.dead().await?.len(), 0)?;
    expect("attempt", bench.take_one(LONG).await?.attempt, 1)
}

pub(super) async fn all_dead_letters_since_a_time_are_replayed(
    bench: Bench<impl WorkQueue>,
) -> Found {
    const BETWEEN: Duration = Duration::from_millis(600);
    for id in ["et-1", "et-2"] {
        bench.add(id).await?;
        let job = bench.take_one(LONG).await?;
        let settled = bench.settle(&job, dead(DeadReason::Failed)).await?;
        expect("settle", settled, Ownership::Held)?;
        if id == "et-1" {
            sleep_past(BETWEEN).await;
        }
    }
    let replayed = answer("replay_all", bench.inbox.replay_all(BETWEEN)).await?;
    expect("at least one replayed", replayed >= 1, true)?;
    let job = bench.take_one(LONG).await?;
    expect("the later one", &job.event.body, &bench.event("et-2").body)?;
    answer("replay_all", bench.inbox.replay_all(LONG)).await?;
    let job = bench.take_one(LONG).await?;
    expect(
        "the earlier one",
        &job.event.body,
        &bench.event("et-1").body,
    )
}

pub(super) async fn what_is_no_event_is_a_dead_letter_from_the_start(
    bench: Bench<impl WorkQueue>,
) -> Found {
    let event = NewEvent {
        dead: Some(DeadReason::NotAnEvent),
        id: None,
        name: None,
        ..bench.event("et-1")
    };
    expect("accept", bench.accept(event.clone()).await?, Accepted::New)?;
    expect(
        "accept again",
        bench.accept(event).await?,
        Accepted::Duplicate,
    )?;
    expect("taken", bench.take(1, LONG).await?.len(), 0)?;
    let letters = bench.dead().await?;
    let found: Vec<_> = letters.iter().map(|letter| letter.reason).collect();
    expect("dead letters", found, vec![DeadReason::NotAnEvent])
}

pub(super) async fn an_id_reuse_is_a_dead_letter_and_leaves_the_first_event_alone(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    for _ in 0..2 {
        let other = NewEvent {
            fingerprint: of_other_body(),
            ..bench.event("et-1")
        };
        bench.accept(other).await?;
    }
    let letters = bench.dead().await?;
    let found: Vec<_> = letters.iter().map(|letter| letter.reason).collect();
    expect("dead letters", found, vec![DeadReason::IdReuse])?;
    bench.take_one(LONG).await.map(drop)
}

pub(super) async fn what_waits_runs_and_is_dead_is_counted(bench: Bench<impl WorkQueue>) -> Found {
    let counts = |stats: QueueStats| [stats.waiting, stats.running, stats.dead];
    let empty = bench.stats(&bench.scope).await?;
    expect("of an empty inbox", empty, QueueStats::default())?;
    let second = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for (id, received_at) in [
        ("et-1", second - Duration::from_secs(9)),
        ("et-2", second),
        ("et-3", SystemTime::now()),
    ] {
        let event = NewEvent {
            received_at,
            ..bench.event(id)
        };
        bench.accept(event).await?;
        sleep_past(Duration::ZERO).await;
    }
    let job = bench.take_one(LONG).await?;
    let running = bench.stats(&bench.scope).await?;
    expect("waiting, running, dead", counts(running), [2, 1, 0])?;
    expect("oldest", running.oldest_received_at, Some(second))?;
    let settled = bench.settle(&job, dead(DeadReason::Failed)).await?;
    expect("the first ends", settled, Ownership::Held)?;
    let retry = Settlement::Retry {
        after: LONG,
        error: "as the test says".into(),
    };
    for settlement in [retry, Settlement::Done] {
        let job = bench.take_one(LONG).await?;
        let settled = bench.settle(&job, settlement).await?;
        expect("another ends", settled, Ownership::Held)?;
    }
    let ended = bench.stats(&bench.scope).await?;
    expect("waiting, running, dead", counts(ended), [1, 0, 1])?;
    expect("oldest", ended.oldest_received_at, Some(second))?;
    let elsewhere = bench.stats("another").await?;
    expect("of another scope", elsewhere, QueueStats::default())
}
