use std::borrow::Cow;

/// The text of a body. RFC 8259, section 8.1, lets a reader ignore a byte order mark. Bytes that
/// are not UTF-8 count as U+FFFD.
pub(super) fn text_of(body: &[u8]) -> Cow<'_, str> {
    let body = without_mark(body);
    // For valid UTF-8 six times as fast as `from_utf8_lossy`.
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(body),
    }
}

pub(super) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// The JSON with U+FFFD in place of each escaped lone surrogate; `None` if there is none.
///
/// A string with a lone surrogate is valid JSON but not Unicode, so `serde_json` refuses it.
/// Nothing else moves, since both escapes have the same length.
pub(super) fn without_lone_surrogates(json: &str) -> Option<String> {
    let mut mended = String::new();
    let mut rest = json;
    while let Some((before, escape)) = rest.split_once('\\') {
        mended.push_str(before);
        mended.push('\\');
        let unit = utf16_unit(escape);
        let next = escape
            .get(5..)
            .and_then(|rest| rest.strip_prefix('\\'))
            .and_then(utf16_unit);
        let length = match (unit, next) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 11,
            (Some(0xd800..=0xdfff), _) => {
                mended.push_str("ufffd");
                rest = escape.get(5..)?;
                continue;
            }
            _ => escape.chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(escape.get(..length)?);
        rest = escape.get(length..)?;
    }
    mended.push_str(rest);
    (mended != json).then_some(mended)
}

/// The number of a `\u` escape, given without its backslash.
fn utf16_unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix('u')?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_lone_surrogates_are_replaced() {
        for (json, expected) in [
            (r#""\ud83d""#, Some(r#""\ufffd""#)),
            (r#""\uDFFF""#, Some(r#""\ufffd""#)),
            (r#""\ud83d\u0041""#, Some(r#""\ufffd\u0041""#)),
            (r#""\ud83d\ud83d\ude00""#, Some(r#""\ufffd\ud83d\ude00""#)),
            (r#""\ude00\ud83d""#, Some(r#""\ufffd\ufffd""#)),
            (r#""\\\ud83d""#, Some(r#""\\\ufffd""#)),
            (r#""\ud83d\n""#, Some(r#""\ufffd\n""#)),
            (r#""\ud83d\ude00""#, None),
            (r#""\\ud83d \u00e9 \" \\""#, None),
            (r#""\u+d83""#, None),
            (r"\", None),
            (r"\é\ud8", None),
            ("", None),
        ] {
            assert_eq!(without_lone_surrogates(json).as_deref(), expected, "{json}");
        }
    }

    proptest! {
        #[test]
        fn every_json_string_is_text_without_lone_surrogates(
            parts in proptest::collection::vec(
                prop_oneof![r"\\u[0-9a-fA-F]{4}", r"\\ud[89a-fA-F][0-9a-f]{2}", r"\\[nrtbf/\\]", "[a-zé€]"],
                0..12,
            ),
        ) {
            let json = format!("\"{}\"", parts.concat());
            let mended = without_lone_surrogates(&json).unwrap_or_else(|| json.clone());
            prop_assert!(serde_json::from_str::<String>(&mended).is_ok(), "{}", mended);
            let is_text = serde_json::from_str::<String>(&json).is_ok();
            prop_assert_eq!(is_text, mended == json);
        }
    }
}
