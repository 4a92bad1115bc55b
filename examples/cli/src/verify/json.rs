//! JSON written again as other programs write it, with keys in order and numbers as they came.

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// A JSON value that keeps the order of its keys and the text of its numbers and strings.
#[derive(Clone, Debug)]
pub(super) enum Json {
    Object(Vec<(Text, Self)>),
    Array(Vec<Self>),
    String(Text),
    /// A number, `true`, `false` or `null`.
    Scalar(String),
}

/// A string: its text, and how it was written, with quotes.
#[derive(Clone, Debug)]
pub(super) struct Text {
    text: String,
    raw: String,
}

/// How a program writes JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) layout: Layout,
    pub(super) escapes: Escapes,
    pub(super) order: Order,
    pub(super) numbers: Numbers,
}

/// White space between tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Compact,
    /// A space after each comma and colon.
    Spaced,
    /// One member a line, indented by this text for each level.
    Indented(&'static str),
}

/// Which characters are escaped, besides those that must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// As they came.
    Kept,
    /// None but those that must be.
    Fewest,
    Slashes,
    NonAscii,
    NonAsciiUpperCase,
    SlashesAndNonAscii,
    /// `<`, `>`, `&` and the separators U+2028 and U+2029.
    Html,
    /// `<`, `>`, `&`, `=` and `'`.
    HtmlAndEquals,
    /// Non-ASCII, `<`, `>`, `&`, `'`, `"`, `+` and the backtick, in upper case.
    DotNet,
}

/// The order of an object's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Kept,
    Sorted,
    /// Shorter keys first.
    ByLength,
}

/// How numbers with a fraction or an exponent are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    Kept,
    /// `1.0` becomes `1`, and large integers lose digits.
    JavaScript,
    /// `1e3` becomes `1000.0`.
    Python,
}

impl Json {
    /// Reads a body; `None` if it is no JSON, or nested too deeply.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        read(serde_json::from_slice::<&RawValue>(body).ok()?, MOST_LEVELS)
    }

    /// The text of a body that is a JSON string.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(string) => Some(&string.text),
            _ => None,
        }
    }

    pub(super) fn write(&self, style: Style) -> String {
        let mut out = String::new();
        write(self, style, 0, &mut out);
        out
    }
}

fn read(raw: &RawValue, levels: usize) -> Option<Json> {
    let levels = levels.checked_sub(1)?;
    let text = raw.get();
    Some(match text.as_bytes().first()? {
        b'{' => {
            let Entries(entries) = serde_json::from_str(text).ok()?;
            let entries = entries.into_iter().map(|(key, value)| {
                let value = read(value, levels)?;
                Some((read_text(&key)?, value))
            });
            Json::Object(entries.collect::<Option<_>>()?)
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let items = items.into_iter().map(|item| read(item, levels));
            Json::Array(items.collect::<Option<_>>()?)
        }
        b'"' => Json::String(read_text(text)?),
        _ => Json::Scalar(text.to_owned()),
    })
}

fn read_text(raw: &str) -> Option<Text> {
    Some(Text {
        text: serde_json::from_str(raw).ok()?,
        raw: raw.to_owned(),
    })
}

/// An object's members in their order. A key is written anew, since `serde_json` gives no raw keys.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    let mut raw = String::new();
                    write_text(&key, Escapes::Fewest, &mut raw);
                    entries.push((raw, value));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

fn write(json: &Json, style: Style, level: usize, out: &mut String) {
    match json {
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            match style.order {
                Order::Kept => {}
                Order::Sorted => members.sort_by(|(a, _), (b, _)| a.text.cmp(&b.text)),
                Order::ByLength => {
                    members.sort_by_key(|(key, _)| (key.text.len(), key.text.clone()));
                }
            }
            let colon = match style.layout {
                Layout::Compact => ":",
                _ => ": ",
            };
            list(
                ['{', '}'],
                members,
                style,
                level,
                out,
                |(key, value), out| {
                    string(key, style.escapes, out);
                    out.push_str(colon);
                    write(value, style, level + 1, out);
                },
            );
        }
        Json::Array(items) => list(['[', ']'], items, style, level, out, |item, out| {
            write(item, style, level + 1, out);
        }),
        Json::String(text) => string(text, style.escapes, out),
        Json::Scalar(text) => out.push_str(&number(text, style.numbers)),
    }
}

fn list<T>(
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    style: Style,
    level: usize,
    out: &mut String,
    mut each: impl FnMut(T, &mut String),
) {
    let items = items.into_iter();
    let is_empty = items.len() == 0;
    let new_line = |level: usize, out: &mut String| {
        if let Layout::Indented(indent) = style.layout {
            out.push('\n');
            out.extend(std::iter::repeat_n(indent, level));
        }
    };
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push_str(if style.layout == Layout::Spaced {
                ", "
            } else {
                ","
            });
        }
        new_line(level + 1, out);
        each(item, out);
    }
    if !is_empty {
        new_line(level, out);
    }
    out.push(close);
}

fn string(string: &Text, escapes: Escapes, out: &mut String) {
    match escapes {
        Escapes::Kept => out.push_str(&string.raw),
        _ => write_text(&string.text, escapes, out),
    }
}

fn write_text(text: &str, escapes: Escapes, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' if escapes == Escapes::DotNet => out.push_str("\\u0022"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '/' if escapes.slashes() => out.push_str("\\/"),
            _ if character < ' ' || escapes.takes(character) => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    out.push_str(&match escapes {
                        Escapes::NonAsciiUpperCase | Escapes::DotNet => format!("\\u{unit:04X}"),
                        _ => format!("\\u{unit:04x}"),
                    });
                }
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

impl Escapes {
    fn slashes(self) -> bool {
        matches!(self, Self::Slashes | Self::SlashesAndNonAscii)
    }

    fn takes(self, character: char) -> bool {
        match self {
            Self::Kept | Self::Fewest | Self::Slashes => false,
            Self::NonAscii | Self::NonAsciiUpperCase | Self::SlashesAndNonAscii => {
                !character.is_ascii()
            }
            Self::Html => matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'),
            Self::HtmlAndEquals => {
                matches!(
                    character,
                    '<' | '>' | '&' | '=' | '\'' | '\u{2028}' | '\u{2029}'
                )
            }
            Self::DotNet => !character.is_ascii() || "<>&'+`".contains(character),
        }
    }
}

fn number(text: &str, numbers: Numbers) -> String {
    let is_integer = !text.contains(['.', 'e', 'E']);
    let wanted = match numbers {
        Numbers::Kept => return text.to_owned(),
        Numbers::JavaScript => text.parse::<f64>(),
        Numbers::Python if is_integer => return text.to_owned(),
        Numbers::Python => text.parse::<f64>(),
    };
    match wanted {
        Ok(value) if !value.is_finite() || value.abs() >= 1e16 || is_tiny(value) => text.to_owned(),
        Ok(value) if numbers == Numbers::Python && value.fract() == 0.0 => format!("{value:.1}"),
        Ok(value) => value.to_string(),
        Err(_) => text.to_owned(),
    }
}

/// Those are written with an exponent, each language in its own way.
fn is_tiny(value: f64) -> bool {
    value != 0.0 && value.abs() < 1e-4
}

/// As deep as `serde_json` reads by itself.
const MOST_LEVELS: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"b":[1.0,{}],"a":"\u00e9\/<","c":[]}"#;

    fn written(layout: Layout, escapes: Escapes, order: Order, numbers: Numbers) -> String {
        let json = Json::read(TEXT.as_bytes()).unwrap();
        json.write(Style {
            layout,
            escapes,
            order,
            numbers,
        })
    }

    #[test]
    fn compact_json_with_its_escapes_comes_back_as_it_was() {
        let text = written(Layout::Compact, Escapes::Kept, Order::Kept, Numbers::Kept);
        assert_eq!(text, TEXT);
    }

    #[test]
    fn indented_json_is_as_javascript_and_python_write_it() {
        let text = written(
            Layout::Indented("  "),
            Escapes::Fewest,
            Order::Sorted,
            Numbers::JavaScript,
        );
        assert_eq!(
            text,
            "{\n  \"a\": \"\u{e9}/<\",\n  \"b\": [\n    1,\n    {}\n  ],\n  \"c\": []\n}"
        );
    }

    #[test]
    fn escapes_are_as_their_languages_write_them() {
        let one = |escapes| {
            let mut out = String::new();
            write_text("\u{e9}/<\u{1f600}'", escapes, &mut out);
            out
        };
        assert_eq!(one(Escapes::NonAscii), r#""\u00e9/<\ud83d\ude00'""#);
        assert_eq!(
            one(Escapes::SlashesAndNonAscii),
            r#""\u00e9\/<\ud83d\ude00'""#
        );
        assert_eq!(one(Escapes::Html), "\"\u{e9}/\\u003c\u{1f600}'\"");
        assert_eq!(one(Escapes::DotNet), r#""\u00E9/\u003C\uD83D\uDE00\u0027""#);
    }

    #[test]
    fn deep_nesting_is_not_read() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(Json::read(deep.as_bytes()).is_none());
    }
}
