//! A reader for the common case: JSON as the vendors' encoders write it, into its final place.
//!
//! It is three times as fast as the way through serde, and it decides nothing: whatever it does not
//! take at once, it gives up on, and then the text is read again by `serde_json`, which takes or
//! refuses it. So all it owes is never to take what `serde_json` would refuse or read differently;
//! the tests hold it to that. Strings with escapes and raw values go through `serde_json` even here.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{Presence, Read};

/// The text is not for this reader.
#[derive(Debug)]
pub(crate) struct GiveUp;

/// A text and how far it has been read.
pub(crate) struct Scanner<'de> {
    text: &'de str,
    position: usize,
}

impl<'de> Scanner<'de> {
    pub(crate) fn new(text: &'de str) -> Self {
        Self { text, position: 0 }
    }

    /// The byte after white space, if there is one.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.position) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.position += 1,
                other => return other.copied(),
            }
        }
    }

    /// Steps into an object or a list, or over a `null`.
    #[inline]
    pub(crate) fn open(&mut self, bracket: u8) -> Result<Presence, GiveUp> {
        match self.peek() {
            Some(byte) if byte == bracket => {
                self.position += 1;
                Ok(Presence::Value)
            }
            Some(b'n') => self.null(),
            _ => Err(GiveUp),
        }
    }

    /// Steps to the next member or item, or out behind the closing bracket.
    #[inline]
    pub(crate) fn next(&mut self, closing: u8, is_first: &mut bool) -> Result<bool, GiveUp> {
        match self.peek() {
            Some(byte) if byte == closing => {
                self.position += 1;
                return Ok(false);
            }
            Some(b',') if !*is_first => self.position += 1,
            Some(_) if *is_first => *is_first = false,
            _ => return Err(GiveUp),
        }
        Ok(true)
    }

    /// Steps over a name and its colon if it is this one, given with its quotes.
    #[inline]
    pub(crate) fn take_name(&mut self, quoted: &str) -> bool {
        if self.peek().is_none() || !self.rest().starts_with(quoted.as_bytes()) {
            return false;
        }
        let start = self.position;
        self.position += quoted.len();
        if self.colon().is_err() {
            self.position = start;
            return false;
        }
        true
    }

    /// Any name; steps over its colon too.
    #[inline]
    pub(crate) fn name(&mut self) -> Result<Cow<'de, str>, GiveUp> {
        let name = self.string()?;
        self.colon()?;
        Ok(name)
    }

    #[inline]
    pub(crate) fn string(&mut self) -> Result<Cow<'de, str>, GiveUp> {
        if self.peek() != Some(b'"') {
            return Err(GiveUp);
        }
        let start = self.position + 1;
        let end = special(self.text.as_bytes(), start);
        if self.text.as_bytes().get(end) != Some(&b'"') {
            return self.string_with_escapes();
        }
        self.position = end + 1;
        self.text.get(start..end).map(Cow::Borrowed).ok_or(GiveUp)
    }

    /// The digits of a number.
    pub(crate) fn number(&mut self) -> Result<&'de str, GiveUp> {
        self.peek();
        let start = self.position;
        if self.byte() == Some(b'-') {
            self.position += 1;
        }
        match self.byte() {
            Some(b'0') => self.position += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(GiveUp),
        }
        if self.byte() == Some(b'.') {
            self.position += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.position += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.position += 1;
            }
            self.digits()?;
        }
        self.text.get(start..self.position).ok_or(GiveUp)
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, GiveUp> {
        match self.peek() {
            Some(b't') => self.literal("true").map(|()| true),
            Some(b'f') => self.literal("false").map(|()| false),
            _ => Err(GiveUp),
        }
    }

    #[cold]
    pub(crate) fn null(&mut self) -> Result<Presence, GiveUp> {
        self.literal("null").map(|()| Presence::Null)
    }

    /// A value of any shape. Only its extent is found here; whether it is JSON, `serde_json` says.
    pub(crate) fn raw(&mut self) -> Result<&'de RawValue, GiveUp> {
        self.peek();
        let start = self.position;
        let mut depth = 0_usize;
        loop {
            match self.byte().ok_or(GiveUp)? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.position += 1;
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1).ok_or(GiveUp)?;
                    self.position += 1;
                }
                _ if depth > 0 => {
                    self.position += 1;
                    continue;
                }
                _ => self.skip_word(),
            }
            if depth == 0 {
                break;
            }
        }
        let text = self.text.get(start..self.position).ok_or(GiveUp)?;
        serde_json::from_str(text).map_err(|_| GiveUp)
    }

    /// Steps over a value of any shape.
    pub(crate) fn skip(&mut self) -> Result<(), GiveUp> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number().map(|_| ()),
            _ => self.raw().map(|_| ()),
        }
    }

    /// Whether nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), GiveUp> {
        if self.peek().is_none() {
            Ok(())
        } else {
            Err(GiveUp)
        }
    }

    #[inline]
    fn colon(&mut self) -> Result<(), GiveUp> {
        if self.peek() != Some(b':') {
            return Err(GiveUp);
        }
        self.position += 1;
        Ok(())
    }

    fn string_with_escapes(&mut self) -> Result<Cow<'de, str>, GiveUp> {
        let start = self.position;
        self.skip_string()?;
        let text = self.text.get(start..self.position).ok_or(GiveUp)?;
        serde_json::from_str(text)
            .map(Cow::Owned)
            .map_err(|_| GiveUp)
    }

    fn skip_string(&mut self) -> Result<(), GiveUp> {
        self.position += 1;
        loop {
            self.position = special(self.text.as_bytes(), self.position);
            match self.byte() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(());
                }
                // What is escaped may be a quote; whether it may be escaped, serde_json says.
                Some(b'\\') => self.position += 2,
                _ => return Err(GiveUp),
            }
        }
    }

    fn skip_word(&mut self) {
        while let Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'E') = self.byte() {
            self.position += 1;
        }
    }

    fn digits(&mut self) -> Result<(), GiveUp> {
        let start = self.position;
        while let Some(b'0'..=b'9') = self.byte() {
            self.position += 1;
        }
        if self.position > start {
            Ok(())
        } else {
            Err(GiveUp)
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), GiveUp> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(GiveUp);
        }
        self.position += word.len();
        Ok(())
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    #[inline]
    fn rest(&self) -> &'de [u8] {
        self.text
            .as_bytes()
            .get(self.position..)
            .unwrap_or_default()
    }
}

/// Reads the items of a list behind its bracket.
pub(crate) fn scan_items<'de, T: Read<'de>>(
    items: &mut Vec<T>,
    scanner: &mut Scanner<'de>,
) -> Result<Presence, GiveUp> {
    let mut is_first = true;
    while scanner.next(b']', &mut is_first)? {
        items.push(T::blank());
        let place = items.last_mut().ok_or(GiveUp)?;
        if place.scan(scanner)? == Presence::Null && !T::KEEPS_NULL {
            return Err(GiveUp);
        }
    }
    Ok(if items.is_empty() {
        Presence::Empty
    } else {
        Presence::Value
    })
}

/// Where the next byte is that a string does not hold as it is: a quote, a backslash, a control
/// character. Eight bytes are looked at in one go.
///
/// Not inlined: among the rest of a caller's variables the loop runs out of registers.
#[inline(never)]
fn special(bytes: &[u8], start: usize) -> usize {
    let (words, tail) = bytes.get(start..).unwrap_or_default().as_chunks::<8>();
    let mut at = start;
    for word in words {
        let word = u64::from_le_bytes(*word);
        // The lowest bit found is right; those above it may be borrowed from it.
        let found =
            (is_zero(word ^ QUOTES) | is_zero(word ^ BACKSLASHES) | is_control(word)) & TOPS;
        if found != 0 {
            return at + usize::try_from(found.trailing_zeros() / 8).unwrap_or_default();
        }
        at += 8;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    at + tail.iter().position(is_special).unwrap_or(tail.len())
}

#[inline]
const fn is_zero(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word
}

#[inline]
const fn is_control(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word
}

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = ONES * 0x80;
const QUOTES: u64 = ONES * 0x22;
const BACKSLASHES: u64 = ONES * 0x5c;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn special_bytes_are_found_at_every_place() {
        for special_byte in ["\"", "\\", "\u{0}", "\n", "\u{1f}"] {
            for length in 0..40 {
                let text = format!("{}{special_byte}{}", "é a~".repeat(length), "\"\u{1}");
                let plain = "é a~".len() * length;
                assert_eq!(
                    special(text.as_bytes(), 0),
                    plain,
                    "{special_byte:?} at {plain}"
                );
            }
        }
        assert_eq!(special("é€".repeat(9).as_bytes(), 0), "é€".len() * 9);
    }

    #[test]
    fn what_is_no_json_is_given_up_on() {
        for json in [
            "01", "-", "1.", ".5", "1e", "+1", "--1", "0x1", "1e+", "NaN",
        ] {
            let mut scanner = Scanner::new(json);
            let taken = scanner.number().and_then(|_| scanner.end());
            assert!(taken.is_err(), "{json}");
        }
        for json in [
            "tru",
            "truE",
            "nul",
            "\"a",
            "\"\u{1}\"",
            "\"\\x\"",
            "[1,]",
            "{\"a\" 1}",
            "[1}",
            "]",
        ] {
            let mut scanner = Scanner::new(json);
            let taken = scanner.raw().and_then(|_| scanner.end());
            assert!(taken.is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn strings_are_read_as_serde_json_reads_them(json in "\"[a-zé€\u{0}-\u{7f}]{0,24}\"") {
            let mut scanner = Scanner::new(&json);
            let scanned = scanner.string().and_then(|text| scanner.end().map(|()| text));
            let expected = serde_json::from_str::<String>(&json).ok();
            prop_assert_eq!(scanned.ok().map(Cow::into_owned), expected);
        }

        #[test]
        fn numbers_are_read_as_serde_json_reads_them(json in "[-+.eE0-9]{1,8}") {
            let mut scanner = Scanner::new(&json);
            let scanned = scanner.number().and_then(|text| scanner.end().map(|()| text));
            let expected = serde_json::from_str::<&RawValue>(&json).ok().map(RawValue::get);
            prop_assert_eq!(scanned.ok(), expected);
        }

        #[test]
        fn raw_values_are_those_of_serde_json(json in "[ \\[\\]{}:,\"a1.-]{0,12}|\\PC{0,12}") {
            let mut scanner = Scanner::new(&json);
            let scanned = scanner.raw().and_then(|raw| scanner.end().map(|()| raw.get()));
            let expected = serde_json::from_str::<&RawValue>(&json).ok().map(RawValue::get);
            prop_assert_eq!(scanned.ok(), expected);
        }
    }
}
