//! Rotation and tenants.

use std::{convert::Infallible, future::pending, io, time::Duration};

use smile_core::{Head, Intake, KeyRing, Secrets, SmileApi};

use crate::{Kind, Setup, sign, subject::secret};

/// Four side by side; the fifth is nobody's.
pub fn every_secret_in_rotation_is_accepted_and_told(kind: Kind) {
    let texts = ["newest", "new", "old", "oldest"];
    let builder = Intake::smile_api(secret(texts[0]));
    let builder = texts[1..]
        .iter()
        .try_fold(builder, |builder, text| builder.also_accept(secret(text)))
        .expect("four secrets");
    let subject = Setup::new().smile_api(builder.build()).start(kind);
    for text in texts {
        let request = sign::smile_api_with(text, sign::event());
        subject.send(&request).expect_status(204, text);
    }
    subject
        .send(&sign::smile_api_with("older", sign::event()))
        .expect_status(401, "another");
    let matched: Vec<_> = subject
        .seen()
        .iter()
        .map(|seen| seen.secret_index)
        .collect();
    assert_eq!(matched, [0, 1, 2, 3]);
}

fn tenants() -> Secrets<SmileApi> {
    let ring = |text, tenant| KeyRing::new(secret(text)).tenant(tenant).expect("a name");
    let (acme, globex) = (ring("acme's", "acme"), ring("globex's", "globex"));
    Secrets::lookup(move |head: &dyn Head| {
        let found = match head.query() {
            Some("tenant=acme") => Ok(Some(acme.clone())),
            Some("tenant=globex") => Ok(Some(globex.clone())),
            Some("tenant=broken") => Err(io::Error::other("the vault is sealed")),
            Some("tenant=panics") => panic!("it was told to panic"),
            _ => Ok(None),
        };
        let then = head.query().map(str::to_owned);
        async move {
            tokio::task::yield_now().await;
            match then.as_deref() {
                Some("tenant=silent") => pending().await,
                Some("tenant=panics_later") => panic!("it was told to panic"),
                _ => found,
            }
        }
    })
}

fn of_tenant(tenant: &str, secret: &str, body: String) -> crate::Request {
    let mut request = sign::smile_api_with(secret, body);
    request.target = format!("{}?tenant={tenant}", sign::SMILE_API);
    request
}

fn with_tenants(kind: Kind) -> crate::Running {
    let builder = Intake::smile_api(tenants()).lookup_timeout(Duration::from_millis(100));
    Setup::new()
        .smile_api(builder.expect("a deadline").build())
        .start(kind)
}

/// And one tenant's event does not suppress another's with the same id.
pub fn a_looked_up_tenant_is_told(kind: Kind) {
    let subject = with_tenants(kind);
    let event = sign::event();
    let request = of_tenant("acme", "acme's", event.clone());
    subject.send(&request).expect_status(204, "acme");
    subject
        .send(&of_tenant("globex", "globex's", event))
        .expect_status(204, "globex");
    subject.send(&request).expect_status(200, "acme again");
    let tenants: Vec<_> = subject.seen().into_iter().map(|seen| seen.tenant).collect();
    assert_eq!(
        tenants,
        [Some("acme".to_owned()), Some("globex".to_owned())]
    );
}

/// So that nobody can find out which tenants there are.
pub fn an_unknown_tenant_is_answered_like_a_wrong_signature(kind: Kind) {
    let subject = with_tenants(kind);
    let wrong = subject.send(&of_tenant("acme", "globex's", sign::event()));
    let unknown = subject.send(&of_tenant("nobody", "globex's", sign::event()));
    // The key that unknown tenants are checked with is in the source, for all to read.
    let decoy = subject.send(&of_tenant("nobody", "decoy", sign::event()));
    wrong.expect_status(401, "wrong");
    assert_eq!(wrong.comparable(), unknown.comparable());
    assert_eq!(wrong.comparable(), decoy.comparable());
    let long = of_tenant("nobody", "x", sign::event_of((4 << 20) + 1)).chunked(1 << 20);
    subject
        .send(&long)
        .expect_status(413, "the limit holds for unknown tenants, too");
}

/// 503, since the sender may well be right.
pub fn a_failed_lookup_is_told_apart(kind: Kind) {
    let subject = with_tenants(kind);
    let answer = subject.send(&of_tenant("broken", "acme's", sign::event()));
    answer.expect_status(503, "broken");
    assert_eq!(answer.header("retry-after"), Some("5"));
    let never = Secrets::lookup(|_: &dyn Head| async { Ok::<_, Infallible>(None) });
    let subject = Setup::new()
        .smile_api(Intake::smile_api(never).build())
        .start(kind);
    subject
        .send(&sign::smile_api(sign::event()))
        .expect_status(401, "nobody is known");
}

/// However it fails, the sender gets an answer.
pub fn a_lookup_that_panics_or_never_returns_is_a_failed_one(kind: Kind) {
    let subject = with_tenants(kind);
    for tenant in ["panics", "panics_later", "silent"] {
        let answer = subject.send(&of_tenant(tenant, "acme's", sign::event()));
        answer.expect_status(503, tenant);
        assert_eq!(answer.header("retry-after"), Some("5"), "{tenant}");
    }
}
