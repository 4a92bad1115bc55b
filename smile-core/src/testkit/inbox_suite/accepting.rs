//! Rules of an inbox that accepts.

use super::*;

pub(super) async fn an_event_is_new_once_and_a_duplicate_from_then_on(
    bench: Bench<impl Inbox>,
) -> Found {
    bench.add("et-1").await?;
    for _ in 0..2 {
        let again = bench.accept(bench.event("et-1")).await?;
        expect("the repetition", again, Accepted::Duplicate)?;
    }
    Ok(())
}

pub(super) async fn another_body_under_one_key_is_an_id_reuse_each_time(
    bench: Bench<impl Inbox>,
) -> Found {
    bench.add("et-1").await?;
    for _ in 0..2 {
        let other = NewEvent {
            fingerprint: of_other_body(),
            ..bench.event("et-1")
        };
        expect(
            "another body",
            bench.accept(other).await?,
            Accepted::IdReuse,
        )?;
    }
    let again = bench.accept(bench.event("et-1")).await?;
    expect("the first body", again, Accepted::Duplicate)
}

pub(super) async fn events_under_other_keys_do_not_touch_each_other(
    bench: Bench<impl Inbox>,
) -> Found {
    for id in ["et-1", "et-2", "ET-1", "et-1 ", "et-11"] {
        bench.add(id).await?;
    }
    Ok(())
}

pub(super) async fn of_many_accepts_at_once_one_is_new(bench: Bench<impl Inbox>) -> Found {
    const AT_ONCE: usize = 64;
    for round in 0..8 {
        let mut calls = JoinSet::new();
        for _ in 0..AT_ONCE {
            let bench = bench.clone();
            calls.spawn(async move { bench.accept(bench.event(&format!("et-{round}"))).await });
        }
        let (mut new, mut duplicates) = (0, 0);
        while let Some(accepted) = calls.join_next().await {
            match accepted.map_err(|err| err.to_string())?? {
                Accepted::New => new += 1,
                Accepted::Duplicate => duplicates += 1,
                Accepted::IdReuse => return Err("an id reuse of equal bodies".into()),
            }
        }
        expect("new and duplicates", (new, duplicates), (1, AT_ONCE - 1))?;
    }
    Ok(())
}
