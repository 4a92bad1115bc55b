//! Whether the time of a comparison depends on what is compared.
//!
//! The method is dudect's (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?"): two
//! classes of input in random order, and Welch's t-test on their times.

use std::{hint::black_box, net::IpAddr, process::ExitCode, time::Duration, time::Instant};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use smile_core::{Head, KeyRing, Secret, Signature, SmileApi, Verification};
use subtle::{Choice, ConditionallySelectable};

use crate::welch::{THRESHOLD, t_statistic};

/// Prints one line for each comparison of two classes. `--quick` takes fewer measurements, and then
/// only prints.
///
/// Fails where a comparison tells what it must not, and where the leak of the control is not found.
pub fn timing(arguments: impl Iterator<Item = String>) -> ExitCode {
    let mut count = 1_000_000;
    for argument in arguments {
        if argument != "--quick" {
            eprintln!("unknown argument {argument:?}: only --quick is known");
            return ExitCode::from(2);
        }
        count = 20_000;
    }
    println!("{count} measurements of each class; a leak shows as |t| above {THRESHOLD}\n");
    println!("{:56} {:>9} {:>12}", "classes", "t", "difference");
    let mut is_as_expected = true;
    for question in questions() {
        let [one, other] = measure(count, |class| (question.measure)(class));
        let (t, difference) = t_statistic(one, other);
        let leaks = t.abs() > THRESHOLD;
        let verdict = match (leaks, question.may_leak) {
            (true, Expected::Leak) => "found, as it must be",
            (false, Expected::Leak) => "NOT FOUND: the measurement is blind",
            (true, Expected::NoLeak) => "LEAK",
            (false, Expected::NoLeak) => "no leak",
            (true, Expected::Known) => "visible, as documented",
            (false, Expected::Known) => "not visible here",
        };
        is_as_expected &=
            leaks == (question.may_leak == Expected::Leak) || question.may_leak == Expected::Known;
        println!(
            "{:56} {t:>9.1} {difference:>9.1} ns  {verdict}",
            question.classes
        );
    }
    if is_as_expected || count < 1_000_000 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Two classes, and what their times may tell.
struct Question {
    classes: &'static str,
    may_leak: Expected,
    measure: Box<dyn Fn(usize) -> Duration>,
}

#[derive(Clone, Copy, PartialEq)]
enum Expected {
    NoLeak,
    /// The control: a leak that a working measurement finds.
    Leak,
    /// Allowed by the documentation.
    Known,
}

fn questions() -> Vec<Question> {
    let right = tag(b"secret 0");
    let [first, last] = [0, 63].map(|at| {
        let mut tag = right;
        tag[at] ^= 1;
        tag
    });
    let question = |classes, may_leak, measure| Question {
        classes,
        may_leak,
        measure,
    };
    vec![
        question(
            "control, leaky comparison: first or last byte wrong",
            Expected::Leak,
            leaky([first, last]),
        ),
        question(
            "control, the same signature in both classes",
            Expected::NoLeak,
            verification([1, 1], [first, first]),
        ),
        question(
            "comparison: first or last byte wrong",
            Expected::NoLeak,
            verification([1, 1], [first, last]),
        ),
        question(
            "four secrets: first or last byte wrong",
            Expected::NoLeak,
            verification([4, 4], [first, last]),
        ),
        question(
            "four secrets: the first or the last one matches",
            Expected::NoLeak,
            verification([4, 4], [right, tag(b"secret 3")]),
        ),
        question(
            "wrong signature: one secret or four",
            Expected::Known,
            verification([1, 4], [first, first]),
        ),
        question(
            "one secret: right or last byte wrong",
            Expected::Known,
            verification([1, 1], [right, last]),
        ),
    ]
}

/// The times of two classes, which take turns at random.
fn measure(count: usize, measure: impl Fn(usize) -> Duration) -> [Vec<f64>; 2] {
    let mut random = fastrand::Rng::new();
    let mut times = [(); 2].map(|()| Vec::with_capacity(count));
    for _ in 0..1000 {
        measure(usize::from(random.bool()));
    }
    while times.iter().any(|times| times.len() < count) {
        let class = usize::from(random.bool());
        let time = measure(class);
        let nanoseconds = u32::try_from(time.as_nanos()).unwrap_or(u32::MAX);
        times[class].push(f64::from(nanoseconds));
    }
    times
}

/// The end of a verification: the MACs' last blocks, the comparisons, and the answer.
fn verification(secrets: [usize; 2], tags: [[u8; 64]; 2]) -> Box<dyn Fn(usize) -> Duration> {
    let ring = |secrets| {
        let secret = |n| Secret::new(format!("secret {n}")).expect("a secret");
        (1..secrets).fold(KeyRing::<SmileApi>::new(secret(0)), |ring, n| {
            ring.also_accept(secret(n)).expect("four at most")
        })
    };
    // Where both classes have as many secrets, they share a ring, which has one place in memory.
    let other = usize::from(secrets[0] != secrets[1]);
    let rings = secrets.map(ring);
    let texts = tags.map(hex::encode);
    Box::new(move |class| {
        let head = Signed(select(&texts, class));
        let signature = Signature::<SmileApi>::read(&head, 0, Duration::ZERO);
        let signature = signature.expect("a well-formed signature");
        let verification = Verification::begin(&rings[class * other], signature, BODY.len())
            .push(Bytes::from_static(BODY))
            .expect("within the limit");
        let begun = Instant::now();
        let verified = black_box(verification.finish());
        let time = begun.elapsed();
        drop(verified);
        time
    })
}

/// The same by hand, with a comparison that stops at the first difference.
fn leaky(tags: [[u8; 64]; 2]) -> Box<dyn Fn(usize) -> Duration> {
    let keyed = Hmac::<Sha512>::new_from_slice(b"secret 0").expect("any key");
    Box::new(move |class| {
        let mac = keyed.clone().chain_update(BODY);
        let begun = Instant::now();
        let computed = mac.finalize().into_bytes();
        let mut pairs = computed.iter().zip(&tags[class]);
        black_box(pairs.all(|(computed, received)| black_box(computed) == received));
        begun.elapsed()
    })
}

/// One of two texts, without a branch or an address that depends on which: the measurement must see the
/// comparison alone.
fn select(texts: &[String; 2], class: usize) -> String {
    let [one, other] = texts;
    let choice = Choice::from(u8::from(class == 1));
    let pairs = one.bytes().zip(other.bytes());
    pairs
        .map(|(one, other)| char::from(u8::conditional_select(&one, &other, choice)))
        .collect()
}

fn tag(secret: &[u8]) -> [u8; 64] {
    let mac = Hmac::<Sha512>::new_from_slice(secret).expect("any key");
    mac.chain_update(BODY).finalize().into_bytes().into()
}

struct Signed(String);

impl Head for Signed {
    fn method(&self) -> &str {
        "POST"
    }

    fn path(&self) -> &str {
        "/"
    }

    fn query(&self) -> Option<&str> {
        None
    }

    fn peer(&self) -> Option<IpAddr> {
        None
    }

    fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
        if name == "smile-signature" {
            each(self.0.as_bytes());
        }
    }
}

const BODY: &[u8] = br#"{"id":"et-1","type":"TASK_STARTED"}"#;
