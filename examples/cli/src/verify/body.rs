//! The bodies that the sender may have signed in place of the given one.

use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};

use super::{
    cause::{Cause, Kind, Variant, without_repetitions},
    json::{Escapes, Json, Layout, Numbers, Order, Style},
};

/// The given body first, and those that differ in a few bytes.
pub(super) fn variants(given: &[u8]) -> Vec<Variant<Vec<u8>>> {
    let mut all = vec![Variant::given(given.to_vec())];
    if let Some((name, plain)) = decompressed(given) {
        let text = format!(
            "the body here is compressed ({name}), and the decompressed body was signed: verify \
             what the sender wrote, before anything compresses it"
        );
        all.push(Variant::changed(plain, [changed(&text)]));
    }
    let bare = given.strip_prefix(BOM).unwrap_or(given);
    if bare.len() < given.len() {
        all.push(Variant::changed(
            bare.to_vec(),
            [Kind::ByteOrderMark.because(
                "the body here begins with a byte order mark (EF BB BF) that was not signed: save \
                 it as UTF-8 without one",
            )],
        ));
    } else {
        all.push(Variant::changed(
            [BOM, given].concat(),
            [Kind::ByteOrderMark.because(
                "the signed body begins with a byte order mark (EF BB BF) that is missing here: \
                 something that reads text removed it",
            )],
        ));
    }
    all.extend(line_ends(given));
    all.extend(other_charsets(given));
    let shorter: Vec<u8> = without_line_breaks(given);
    all.push(Variant::changed(
        shorter,
        [changed(
            "the body here has line breaks that were not signed: `curl -d @file` removes them; \
             send with --data-binary",
        )],
    ));
    all.push(Variant::changed(
        with_line_breaks(given, b"\n"),
        [changed(
            "the signed body has LF line ends, and the body here has CR and LF",
        )],
    ));
    all.push(Variant::changed(
        with_line_breaks(given, b"\r\n"),
        [changed(
            "the signed body has CR and LF line ends, and the body here has LF",
        )],
    ));
    without_repetitions(all)
}

/// Those, and the same JSON as other programs write it.
pub(super) fn with_json_written_anew(
    mut all: Vec<Variant<Vec<u8>>>,
    given: &[u8],
) -> Vec<Variant<Vec<u8>>> {
    all.extend(written_anew(given.strip_prefix(BOM).unwrap_or(given)));
    without_repetitions(all)
}

/// A final line break added or removed.
fn line_ends(body: &[u8]) -> Vec<Variant<Vec<u8>>> {
    let mut all = Vec::new();
    let mut bare = body;
    while let Some(shorter) = bare
        .strip_suffix(b"\n")
        .or_else(|| bare.strip_suffix(b"\r"))
    {
        bare = shorter;
        let cause = Kind::TrailingNewline.because(
            "the body here ends in a line break that was not signed: an editor or `echo` adds one; \
             use `printf %s`",
        );
        all.push(Variant::changed(bare.to_vec(), [cause]));
    }
    for (end, name) in [
        ("\n", "a line feed"),
        ("\r\n", "CR and LF"),
        ("\n\n", "two line feeds"),
    ] {
        let cause = Kind::TrailingNewline.because(format!(
            "the signed body ends in {name} that is missing here: `$(..)` and `curl -d @file` \
             remove it; use --data-binary"
        ));
        all.push(Variant::changed([body, end.as_bytes()].concat(), [cause]));
    }
    all
}

/// The text taken for Latin-1 and written as UTF-8, and the reverse.
fn other_charsets(body: &[u8]) -> Vec<Variant<Vec<u8>>> {
    let twice: String = body.iter().copied().map(char::from).collect();
    let mut all = vec![Variant::changed(
        twice.into_bytes(),
        [changed(
            "the signed body was encoded as UTF-8 twice: the sender took UTF-8 for Latin-1",
        )],
    )];
    let once = str::from_utf8(body).ok().and_then(|text| {
        let bytes = text
            .chars()
            .map(|character| u8::try_from(u32::from(character)));
        bytes.collect::<Result<Vec<u8>, _>>().ok()
    });
    if let Some(once) = once {
        all.push(Variant::changed(
            once,
            [changed(
                "the signed body is in Latin-1, and the body here is its UTF-8: read bytes, and no \
                 text",
            )],
        ));
    }
    all
}

/// The JSON in each style, with and without a final line break.
fn written_anew(body: &[u8]) -> Vec<Variant<Vec<u8>>> {
    let mut all = Vec::new();
    let Some(json) = Json::read(body) else {
        return all;
    };
    if let Some(text) = json.as_text() {
        let cause = changed(
            "the body here is a JSON string that holds the signed JSON: it was written as JSON \
             twice",
        );
        all.push(Variant::changed(text.as_bytes().to_vec(), [cause]));
    }
    if let Some(twice) = str::from_utf8(body)
        .ok()
        .and_then(|text| serde_json::to_vec(text).ok())
    {
        let cause = changed(
            "the signed body is a JSON string that holds the body here: the sender wrote it as JSON \
             twice",
        );
        all.push(Variant::changed(twice, [cause]));
    }
    let mut written = 0;
    for style in styles(&json) {
        let text = json.write(style);
        written += 2 * text.len();
        if written > MOST_WRITTEN {
            break;
        }
        let cause = changed(&format!(
            "the signed body is the same JSON {}: something parsed and wrote it again; verify the \
             bytes as received",
            describe(style)
        ));
        let end = Kind::TrailingNewline.because("the signed body ends in a line feed");
        let ended = format!("{text}\n").into_bytes();
        all.push(Variant::changed(text.into_bytes(), [cause.clone()]));
        all.push(Variant::changed(ended, [cause, end]));
    }
    all
}

/// The styles that make a difference to this JSON.
fn styles(json: &Json) -> Vec<Style> {
    let plain = Style {
        layout: Layout::Compact,
        escapes: Escapes::Kept,
        order: Order::Kept,
        numbers: Numbers::Kept,
    };
    // One choice at a time, and only those whose text is new.
    fn distinct<T: Copy>(choices: &[T], write: impl Fn(T) -> String) -> Vec<T> {
        let mut texts: Vec<String> = Vec::new();
        choices
            .iter()
            .copied()
            .filter(|choice| {
                let text = write(*choice);
                let is_new = !texts.contains(&text);
                if is_new {
                    texts.push(text);
                }
                is_new
            })
            .collect()
    }
    let escapes = distinct(&ESCAPES, |escapes| json.write(Style { escapes, ..plain }));
    let orders = distinct(&ORDERS, |order| json.write(Style { order, ..plain }));
    let numbers = distinct(&NUMBERS, |numbers| json.write(Style { numbers, ..plain }));
    let mut styles = Vec::new();
    for order in orders {
        for &numbers in &numbers {
            for &escapes in &escapes {
                styles.extend(LAYOUTS.map(|layout| Style {
                    layout,
                    escapes,
                    order,
                    numbers,
                }));
            }
        }
    }
    styles
}

fn describe(style: Style) -> String {
    let layout = match style.layout {
        Layout::Compact => "without white space, as JSON.stringify writes it",
        Layout::Spaced => {
            "with a space after each comma and colon, as Python's json.dumps writes it"
        }
        Layout::Indented("\t") => "indented by tabs",
        Layout::Indented("    ") => "indented by 4 spaces",
        Layout::Indented(_) => "indented by 2 spaces",
    };
    let escapes = match style.escapes {
        Escapes::Kept => "",
        Escapes::Fewest => ", without the escapes that are not needed",
        Escapes::Slashes => r", with slashes as `\/`",
        Escapes::NonAscii => r", with \u escapes for all but ASCII",
        Escapes::NonAsciiUpperCase => r", with \u escapes in upper case for all but ASCII",
        Escapes::SlashesAndNonAscii => {
            r", with slashes as `\/` and \u escapes for all but ASCII, as PHP writes it"
        }
        Escapes::Html => r", with \u escapes for `<`, `>` and `&`, as Go writes it",
        Escapes::HtmlAndEquals => r", with \u escapes for `<`, `>`, `&`, `=` and `'`, as Gson does",
        Escapes::DotNet => r", with the \u escapes of .NET's System.Text.Json",
    };
    let order = match style.order {
        Order::Kept => "",
        Order::Sorted => ", with its keys sorted",
        Order::ByLength => ", with its keys sorted by length, as PostgreSQL's jsonb has them",
    };
    let numbers = match style.numbers {
        Numbers::Kept => "",
        Numbers::JavaScript => ", with numbers as JavaScript writes them",
        Numbers::Python => ", with numbers as Python writes them",
    };
    format!("{layout}{escapes}{order}{numbers}")
}

fn changed(text: &str) -> Cause {
    Kind::ReformattedJson.because(text)
}

/// The content of a compressed body, of at most 64 MiB.
pub(super) fn decompressed(body: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let mut plain = Vec::new();
    let (name, result) = match body {
        [0x1f, 0x8b, ..] => {
            let reader = MultiGzDecoder::new(body);
            (
                "gzip",
                reader.take(MOST_DECOMPRESSED).read_to_end(&mut plain),
            )
        }
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => {
            let reader = ZlibDecoder::new(body);
            (
                "deflate",
                reader.take(MOST_DECOMPRESSED).read_to_end(&mut plain),
            )
        }
        _ => return None,
    };
    result.ok().map(|_| (name, plain))
}

fn without_line_breaks(body: &[u8]) -> Vec<u8> {
    let kept = body.iter().copied();
    kept.filter(|byte| !matches!(byte, b'\n' | b'\r')).collect()
}

fn with_line_breaks(body: &[u8], line_break: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = body
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    lines.join(line_break)
}

const BOM: &[u8] = b"\xef\xbb\xbf";
/// All styles together are held in memory.
const MOST_WRITTEN: usize = 64 << 20;
const MOST_DECOMPRESSED: u64 = 64 << 20;

const LAYOUTS: [Layout; 5] = [
    Layout::Compact,
    Layout::Spaced,
    Layout::Indented("  "),
    Layout::Indented("    "),
    Layout::Indented("\t"),
];
const ESCAPES: [Escapes; 9] = [
    Escapes::Kept,
    Escapes::Fewest,
    Escapes::Slashes,
    Escapes::NonAscii,
    Escapes::NonAsciiUpperCase,
    Escapes::SlashesAndNonAscii,
    Escapes::Html,
    Escapes::HtmlAndEquals,
    Escapes::DotNet,
];
const ORDERS: [Order; 3] = [Order::Kept, Order::Sorted, Order::ByLength];
const NUMBERS: [Numbers; 3] = [Numbers::Kept, Numbers::JavaScript, Numbers::Python];
