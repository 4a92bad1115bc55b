//! The secrets that the sender may have used in place of the given one.

use base64::{
    Engine,
    alphabet::{STANDARD as STANDARD_ALPHABET, URL_SAFE as URL_SAFE_ALPHABET},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};

use super::cause::{Kind, Variant, without_repetitions};

/// The given secret first.
pub(super) fn variants(given: &str) -> Vec<Variant<Vec<u8>>> {
    let mut all = vec![Variant::given(given.into())];
    let space = |text: &str| Kind::SecretWhitespace.because(text);
    let quotes = |text: &str| Kind::SecretQuotes.because(text);
    let encoding = |text: &str| Kind::SecretEncoding.because(text);

    let mut add = |value: &[u8], causes: &[super::cause::Cause]| {
        all.push(Variant::changed(value.to_vec(), causes.to_vec()));
    };
    let trimmed = without_space(given);
    add(trimmed.as_bytes(), &[space(SPACE_HERE)]);
    if let Some(bare) = without_quotes(given) {
        add(bare.as_bytes(), &[quotes(QUOTES_HERE)]);
        let bare = without_space(bare);
        add(bare.as_bytes(), &[quotes(QUOTES_HERE), space(SPACE_HERE)]);
    }
    if let Some(bare) = without_quotes(trimmed) {
        add(bare.as_bytes(), &[space(SPACE_HERE), quotes(QUOTES_HERE)]);
    }
    for (end, name) in [
        ("\n", "a line feed"),
        ("\r\n", "CR and LF"),
        (" ", "a space"),
    ] {
        let text = format!(
            "the sender signed with {name} after the secret: remove it there; it is often the line \
             break at the end of a file, or of `echo` without -n"
        );
        add(format!("{given}{end}").as_bytes(), &[space(&text)]);
        for quote in ['"', '\''] {
            let quoted = format!("{quote}{given}{quote}{end}");
            add(quoted.as_bytes(), &[quotes(QUOTES_THERE), space(&text)]);
        }
    }
    for quote in ['"', '\'', '`'] {
        let quoted = format!("{quote}{given}{quote}");
        add(quoted.as_bytes(), &[quotes(QUOTES_THERE)]);
    }
    if let Ok(bytes) = hex::decode(trimmed) {
        add(
            &bytes,
            &[encoding(
                "the sender decoded the secret from hex: both vendors take the secret's \
                        text as it is",
            )],
        );
        for other in [trimmed.to_ascii_lowercase(), trimmed.to_ascii_uppercase()] {
            add(
                other.as_bytes(),
                &[encoding(
                    "the sender has the secret's hex digits in the other case, and they are \
                            text: give both sides the same",
                )],
            );
        }
    }
    for alphabet in [&STANDARD_ALPHABET, &URL_SAFE_ALPHABET] {
        if let Ok(bytes) = lenient(alphabet).decode(trimmed) {
            add(
                &bytes,
                &[encoding(
                    "the sender decoded the secret from base64: both vendors take the \
                            secret's text as it is",
                )],
            );
        }
    }
    for (encoded, name) in [
        (hex::encode(given), "hex"),
        (hex::encode_upper(given), "hex"),
        (STANDARD.encode(given), "base64"),
    ] {
        let text = format!(
            "the sender signed with the secret's {name} text in place of the secret: use one of the \
             two on both sides"
        );
        add(encoded.as_bytes(), &[encoding(&text)]);
    }
    all.retain(|variant| !variant.value.is_empty());
    without_repetitions(all)
}

/// Without white space at both ends, also where it is spelled as an escape.
fn without_space(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(shorter) = ["\\n", "\\r", "\\t"]
        .iter()
        .find_map(|escape| text.strip_suffix(escape))
    {
        text = shorter.trim_end();
    }
    text.trim_start_matches(char::is_whitespace)
}

/// Without quotes at either end; `None` if there are none.
fn without_quotes(text: &str) -> Option<&str> {
    let bare = text.trim_matches([
        '"', '\'', '`', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}',
    ]);
    (bare != text).then_some(bare)
}

/// Takes base64 with and without padding.
pub(super) fn lenient(alphabet: &base64::alphabet::Alphabet) -> GeneralPurpose {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config)
}

const SPACE_HERE: &str = "the secret given here begins or ends with white space, or an escape of it, \
                          and the sender's does not: remove it; it is often the line break at the end \
                          of a file";
const QUOTES_HERE: &str = "the secret given here begins or ends with quotes, and the sender's does \
                           not: remove them; `docker --env-file` keeps quotes";
const QUOTES_THERE: &str = "the sender signed with quotes around the secret: remove them there; \
                            `docker --env-file` keeps quotes";
