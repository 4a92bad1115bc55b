use std::collections::{HashMap, VecDeque};

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

fn hash(key: &str) -> KeyHash {
    KeyHash::from(&EventKey::new(key))
}

async fn done(store: &MemoryDedupe, id: &str) {
    let (key, token) = (EventKey::new(id), Token::unique());
    let print = Fingerprint::default();
    let claim = store
        .claim(&key, token, print, Duration::from_secs(15))
        .await
        .unwrap();
    assert!(matches!(claim, Claim::Acquired { .. }), "{id}: {claim:?}");
    let held = store
        .finish(&key, token, print, Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(held, Ownership::Held, "{id}");
}

async fn is_done(store: &MemoryDedupe, id: &str) -> bool {
    let (key, token) = (EventKey::new(id), Token::unique());
    let lease = Duration::from_secs(15);
    let claim = store
        .claim(&key, token, Fingerprint::default(), lease)
        .await
        .unwrap();
    let _ = store.release(&key, token).await.unwrap();
    matches!(claim, Claim::Done { .. })
}

#[tokio::test]
async fn when_full_the_newest_are_remembered_and_the_oldest_forgotten() {
    let store = MemoryDedupe::bounded(NonZeroUsize::new(1000).unwrap());
    for n in 0..5000 {
        done(&store, &format!("et-{n}")).await;
    }
    assert_eq!(store.len(), 1000);
    assert_eq!(store.lock().events.len(), 1000);
    assert!(!is_done(&store, "et-3999").await);
    for n in 4000..5000 {
        assert!(is_done(&store, &format!("et-{n}")).await, "et-{n}");
    }
}

#[tokio::test]
async fn it_is_empty_until_an_event_is_done() {
    let store = MemoryDedupe::default();
    store.claim_now(hash("et-1"), Token::unique(), Duration::from_secs(15));
    assert!(store.is_empty());
    done(&store, "et-2").await;
    assert!(!store.is_empty());
}

#[tokio::test]
async fn the_queue_has_its_room_from_the_start() {
    let store = MemoryDedupe::bounded(NonZeroUsize::new(1000).unwrap());
    let reserved = store.lock().finished.capacity();
    for n in 0..2000 {
        done(&store, &format!("et-{n}")).await;
    }
    assert_eq!(store.lock().finished.capacity(), reserved);
}

#[tokio::test]
async fn the_table_has_its_room_from_the_start() {
    let store = MemoryDedupe::bounded(NonZeroUsize::new(100).unwrap());
    let room = || store.lock().events.capacity();
    let reserved = room();
    assert!(reserved >= 100);
    for n in 0..10_000 {
        done(&store, &format!("et-{n}")).await;
        assert!(room() <= reserved, "{} for {reserved}", room());
    }
}

#[tokio::test]
async fn an_event_handled_anew_is_not_forgotten_with_its_earlier_run() {
    let store = MemoryDedupe::bounded(NonZeroUsize::new(3).unwrap());
    let (key, token) = (hash("et-1"), Token::unique());
    let print = Fingerprint::default();
    store.claim_now(key, token, Duration::from_secs(15));
    assert_eq!(
        store.finish_now(key, token, print, Duration::ZERO),
        Ownership::Held
    );
    done(&store, "et-1").await;
    assert_eq!(
        store.len(),
        1,
        "the earlier run is not remembered beside it"
    );
    done(&store, "et-2").await;
    done(&store, "et-3").await;
    assert_eq!(store.len(), 3);
    for id in ["et-1", "et-2", "et-3"] {
        assert!(is_done(&store, id).await, "{id}");
    }
    done(&store, "et-4").await;
    assert!(!is_done(&store, "et-1").await);
}

#[tokio::test(start_paused = true)]
async fn a_test_that_moves_tokios_clock_sees_retention_end() {
    let store = MemoryDedupe::default();
    done(&store, "et-1").await;
    tokio::time::advance(Duration::from_secs(59)).await;
    assert!(is_done(&store, "et-1").await);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(!is_done(&store, "et-1").await);
}

#[tokio::test(start_paused = true)]
async fn the_longest_retention_is_a_hundred_years() {
    let store = MemoryDedupe::default();
    let (key, token) = (hash("et-1"), Token::unique());
    store.claim_now(key, token, Duration::from_secs(15));
    let held = store.finish_now(key, token, Fingerprint::default(), Duration::MAX);
    assert_eq!(held, Ownership::Held);
    let day = Duration::from_secs(24 * 3600);
    tokio::time::advance(day * (36_500 - 1)).await;
    assert!(is_done(&store, "et-1").await);
    tokio::time::advance(day).await;
    assert!(!is_done(&store, "et-1").await);
}

#[tokio::test]
#[ignore = "slow: 1,100,000 events"]
async fn a_million_events_take_what_is_documented_and_the_newest_are_remembered() {
    let before = resident();
    let store = MemoryDedupe::bounded(NonZeroUsize::new(1_000_000).unwrap());
    let id = |n: u32| format!("smile-api:default::et-{n:032x}");
    for n in 0..1_100_000 {
        done(&store, &id(n)).await;
    }
    let each = (resident() - before) * 1024 / 1_000_000;
    println!("{each} bytes for each event");
    // Other memory that the process touched meanwhile counts, too.
    assert!(each <= 360, "{each} bytes for each event");
    assert_eq!(store.len(), 1_000_000);
    for n in 100_000..1_100_000 {
        assert!(store.lock().events.contains_key(&hash(&id(n))), "{n}");
    }
}

/// Resident memory in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn claims_in_flight_are_not_forgotten_for_room() {
    let store = MemoryDedupe::bounded(NonZeroUsize::MIN);
    let lease = Duration::from_secs(15);
    let held: Vec<_> = (0..3000)
        .map(|n| (hash(&format!("held-{n}")), Token::unique()))
        .collect();
    for (key, token) in &held {
        store.claim_now(*key, *token, lease);
    }
    for n in 0..100 {
        done(&store, &format!("et-{n}")).await;
    }
    assert_eq!(store.len(), 1);
    for (key, token) in &held {
        let again = store.claim_now(*key, Token::unique(), lease);
        assert!(matches!(again, Claim::InFlight { .. }), "{again:?}");
        assert_eq!(store.release_now(*key, *token), Ownership::Held);
    }
    assert_eq!(store.lock().events.len(), 1, "no claim is left");
    assert!(is_done(&store, "et-99").await);
}

/// The same rules, written as simply as possible.
#[derive(Default)]
struct Simple {
    events: HashMap<u8, (u32, Kept)>,
    /// Keys and the turns in which they were done, the oldest first.
    done: VecDeque<(u8, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kept {
    Claimed(usize),
    Done { turn: usize },
}

impl Simple {
    const CAPACITY: usize = 3;

    /// The answer to `holder`.
    fn claim(&mut self, key: u8, holder: usize, now: u32, until: u32) -> &'static str {
        match self.events.get(&key) {
            Some((over, Kept::Claimed(other))) if *over > now && *other != holder => "in flight",
            Some((over, Kept::Done { .. })) if *over > now => "done",
            _ => {
                self.events.insert(key, (until, Kept::Claimed(holder)));
                "acquired"
            }
        }
    }

    fn holds(&self, key: u8, holder: usize) -> bool {
        matches!(self.events.get(&key), Some((_, Kept::Claimed(other))) if *other == holder)
    }

    fn finish(&mut self, key: u8, turn: usize, until: u32) {
        self.events.insert(key, (until, Kept::Done { turn }));
        self.done.push_back((key, turn));
        if self.done.len() > Self::CAPACITY {
            let (oldest, then) = self.done.pop_front().unwrap();
            let is_that = |(_, kept): &(u32, Kept)| *kept == Kept::Done { turn: then };
            if self.events.get(&oldest).is_some_and(is_that) {
                self.events.remove(&oldest);
            }
        }
    }

    fn claimed(&self) -> usize {
        let claimed = |(_, kept): &&(u32, Kept)| matches!(kept, Kept::Claimed(_));
        self.events.values().filter(claimed).count()
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Claim,
    Extend,
    Finish,
    Release,
}

proptest! {
    #[test]
    fn it_answers_as_the_simplest_store_would(
        steps in vec((select(&STEPS), 0..6u8, 0..3usize, 0..4u32), 0..200)
    ) {
        let mut state = MemoryDedupe::bounded(NonZeroUsize::new(Simple::CAPACITY).unwrap()).0.into_inner().unwrap();
        let mut simple = Simple::default();
        let keys = [0, 1, 2, 3, 4, 5].map(|n| hash(&format!("et-{n}")));
        let tokens = [(); 3].map(|()| Token::unique());
        let start = Instant::now();
        let at = |seconds: u32| start + Duration::from_secs(seconds.into());
        let mut now = 0;
        for (turn, (step, n, holder, passes)) in steps.into_iter().enumerate() {
            now += passes;
            let until = now + 5;
            let (key, token) = (keys[usize::from(n)], tokens[holder]);
            let holds = if simple.holds(n, holder) { Ownership::Held } else { Ownership::Lost };
            match step {
                Step::Claim => {
                    let claim = state.claim(key, token, at(now), at(until) - at(now));
                    let answer = match claim {
                        Claim::Acquired { .. } => "acquired",
                        Claim::InFlight { .. } => "in flight",
                        Claim::Done { .. } => "done",
                    };
                    prop_assert_eq!(answer, simple.claim(n, holder, now, until));
                }
                Step::Extend => {
                    prop_assert_eq!(state.extend(key, token, at(until)), holds);
                    if holds == Ownership::Held {
                        simple.events.insert(n, (until, Kept::Claimed(holder)));
                    }
                }
                Step::Finish => {
                    let print = Fingerprint::default();
                    prop_assert_eq!(state.finish(key, token, print, at(until)), holds);
                    if holds == Ownership::Held {
                        simple.finish(n, turn, until);
                    }
                }
                Step::Release => {
                    prop_assert_eq!(state.release(key, token), holds);
                    if holds == Ownership::Held {
                        simple.events.remove(&n);
                    }
                }
            }
            prop_assert_eq!(state.events.len(), simple.events.len());
            prop_assert_eq!(state.remembered, simple.events.len() - simple.claimed());
        }
    }
}

const STEPS: [Step; 6] = [
    Step::Claim,
    Step::Claim,
    Step::Extend,
    Step::Finish,
    Step::Finish,
    Step::Release,
];
