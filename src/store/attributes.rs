//! How the attributes of a record lie in its bytes, and how readers see them.
//!
//! ```text
//! attribute   name, then its value; by name ascending, without gaps
//! value       0  false
//!             1  true
//!             2  integer   i64
//!             3  text      text
//!             4  texts     count, as a length, then each text
//! text, name  length, bytes
//! length      u8, below 255; or 255, then u16
//! ```
//!
//! Numbers are little-endian. No text and no list is empty: what would be is absent.

use alloc::vec::Vec;
use core::fmt;

use crate::values::{Attribute, AttributeValue, Limits, Rule, is_same};

const FALSE: u8 = 0;
const TRUE: u8 = 1;
const INTEGER: u8 = 2;
const TEXT: u8 = 3;
const TEXTS: u8 = 4;

/// What stands before a length that does not fit a byte below it.
const LONG: u8 = 255;

/// Adds an attribute behind those with lesser names.
pub(crate) fn write_attribute(name: &str, value: &AttributeValue<'_>, run: &mut Vec<u8>) {
    write_text(name, run);
    match value {
        AttributeValue::Boolean(boolean) => run.push(if *boolean { TRUE } else { FALSE }),
        AttributeValue::Integer(integer) => {
            run.push(INTEGER);
            run.extend_from_slice(&integer.to_le_bytes());
        }
        AttributeValue::Text(text) => {
            run.push(TEXT);
            write_text(text, run);
        }
        AttributeValue::Texts(texts) => {
            run.push(TEXTS);
            write_length(texts.len(), run);
            texts.iter().for_each(|text| write_text(text, run));
        }
        AttributeValue::WrongType(_) => {
            unreachable!("a value of a wrong type is refused before it is written")
        }
    }
}

fn write_text(text: &str, run: &mut Vec<u8>) {
    write_length(text.len(), run);
    run.extend_from_slice(text.as_bytes());
}

fn write_length(length: usize, run: &mut Vec<u8>) {
    if length < usize::from(LONG) {
        run.push(length as u8);
    } else {
        run.push(LONG);
        run.extend_from_slice(&(length as u16).to_le_bytes());
    }
}

/// A value as it lies in the bytes.
#[derive(Clone, Copy, Debug)]
enum Value<'t> {
    Boolean(bool),
    Integer(i64),
    Text(&'t [u8]),
    /// How many, and their bytes.
    Texts(usize, &'t [u8]),
}

impl Value<'_> {
    /// Whether this is the value.
    fn is(self, value: &AttributeValue<'_>) -> bool {
        match (self, value) {
            (Self::Boolean(stored), AttributeValue::Boolean(boolean)) => stored == *boolean,
            (Self::Integer(stored), AttributeValue::Integer(integer)) => stored == *integer,
            (Self::Text(stored), AttributeValue::Text(text)) => is_same(stored, text.as_bytes()),
            (Self::Texts(count, mut stored), AttributeValue::Texts(texts)) => {
                count == texts.len()
                    && texts.iter().all(|text| {
                        take_bytes(&mut stored).is_some_and(|stored| is_same(stored, text.as_bytes()))
                    })
            }
            _ => false,
        }
    }
}

// None where the bytes, which may be from outside, are not as they are written.

fn take_length(bytes: &mut &[u8]) -> Option<usize> {
    let (&short, rest) = bytes.split_first()?;
    *bytes = rest;
    if short < LONG {
        return Some(usize::from(short));
    }
    let (long, rest) = rest.split_first_chunk()?;
    *bytes = rest;
    Some(usize::from(u16::from_le_bytes(*long))).filter(|long| *long >= usize::from(LONG))
}

fn take_bytes<'t>(bytes: &mut &'t [u8]) -> Option<&'t [u8]> {
    let length = take_length(bytes)?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn take_value<'t>(bytes: &mut &'t [u8]) -> Option<Value<'t>> {
    let (&kind, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(match kind {
        FALSE | TRUE => Value::Boolean(kind == TRUE),
        INTEGER => {
            let (integer, rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            Value::Integer(i64::from_le_bytes(*integer))
        }
        TEXT => Value::Text(take_bytes(bytes)?),
        TEXTS => {
            let (count, texts) = (take_length(bytes)?, *bytes);
            for _ in 0..count {
                take_bytes(bytes)?;
            }
            Value::Texts(count, &texts[..texts.len() - bytes.len()])
        }
        _ => return None,
    })
}

fn take<'t>(bytes: &mut &'t [u8]) -> Option<(&'t [u8], Value<'t>)> {
    Some((take_bytes(bytes)?, take_value(bytes)?))
}

/// Whether these bytes from outside are attributes as they are written, one at least. Whether they keep the rules is not
/// looked at.
#[cfg(feature = "serde")]
pub(super) fn are_written_so(mut run: &[u8]) -> bool {
    let is_text = |text: &[u8]| core::str::from_utf8(text).is_ok();
    let mut before = None;
    while !run.is_empty() {
        let Some((name, value)) = take(&mut run) else { return false };
        let is_value = match value {
            Value::Boolean(_) | Value::Integer(_) => true,
            Value::Text(text) => !text.is_empty() && is_text(text),
            Value::Texts(count, mut texts) => {
                count > 0 && (0..count).all(|_| take_bytes(&mut texts).is_some_and(is_text))
            }
        };
        if !is_value || !is_text(name) || before.is_some_and(|before| before >= name) {
            return false;
        }
        before = Some(name);
    }
    before.is_some()
}

/// So many are looked up: more are for who sorts them.
const SENT_MAX: usize = 128;

/// Whether these are the attributes in a run. They are looked up where they lie, from behind the one that was found last,
/// so it costs least if they come in the order of their names. Of more than 64, of more than [`SENT_MAX`] that were sent,
/// or where a name is given twice, it may say no where it should be yes.
#[inline(never)]
pub(super) fn are_in(run: &[u8], attributes: &[Attribute<'_>]) -> bool {
    if attributes.len() > SENT_MAX {
        return false;
    }
    let mut left = Left { run, next: run, number: 0 };
    let (mut taken, mut taken_bytes) = (0_u64, 0);
    for attribute in attributes {
        match (left.find(attribute.name.as_bytes()), attribute.present()) {
            (None, None) => {}
            (Some(found), Some(value)) => {
                let bit = 1_u64.checked_shl(found.number).filter(|bit| taken & bit == 0);
                let Some(bit) = bit.filter(|_| found.value.is(value)) else { return false };
                taken |= bit;
                taken_bytes += found.bytes;
            }
            _ => return false,
        }
    }
    taken_bytes == run.len()
}

/// Where to look in a run.
struct Left<'t> {
    run: &'t [u8],
    next: &'t [u8],
    /// Of the next one.
    number: u32,
}

/// An attribute in a run.
struct Found<'t> {
    number: u32,
    value: Value<'t>,
    bytes: usize,
}

impl<'t> Left<'t> {
    fn find(&mut self, name: &[u8]) -> Option<Found<'t>> {
        self.find_behind(name).or_else(|| {
            (self.next, self.number) = (self.run, 0);
            self.find_behind(name)
        })
    }

    fn find_behind(&mut self, name: &[u8]) -> Option<Found<'t>> {
        loop {
            let (before, number) = (self.next.len(), self.number);
            let (other, value) = take(&mut self.next)?;
            self.number += 1;
            if is_same(other, name) {
                return Some(Found { number, value, bytes: before - self.next.len() });
            }
        }
    }
}

/// The attributes of a record on record, in the order of their names' bytes: see
/// [`RecordView::attributes`](crate::RecordView::attributes).
#[derive(Clone, Copy, Default)]
pub struct AttributeViews<'a> {
    run: &'a [u8],
}

impl<'a> AttributeViews<'a> {
    pub(super) const fn new(run: &'a [u8]) -> Self {
        Self { run }
    }

    /// Whether they keep the rules for attributes under these limits: then a page could bring them.
    pub(crate) fn keep_rules(self, limits: &Limits) -> bool {
        let name_rule = Rule::Required { chars_max: limits.attribute_name_chars_max };
        let text_rule = Rule::Required { chars_max: limits.attribute_text_chars_max };
        let (mut count, mut bytes) = (0, 0);
        for (name, value) in self {
            count += 1;
            bytes += name.len();
            let mut is_text = |text: &str| {
                bytes += text.len();
                text_rule.fault(text).is_none()
            };
            let is_value = match value {
                AttributeView::Text(text) => is_text(text),
                AttributeView::Texts(mut texts) => {
                    texts.len() <= limits.attribute_texts_max as usize && texts.all(is_text)
                }
                AttributeView::Integer(_) | AttributeView::Boolean(_) => true,
            };
            if !is_value || name_rule.fault(name).is_some() {
                return false;
            }
        }
        count <= limits.attributes_per_record_max && bytes <= limits.attribute_bytes_max as usize
    }
}

impl<'a> Iterator for AttributeViews<'a> {
    type Item = (&'a str, AttributeView<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.run.is_empty() {
            return None;
        }
        let (name, value) = take(&mut self.run).expect("a run is as it was written");
        let value = match value {
            Value::Boolean(boolean) => AttributeView::Boolean(boolean),
            Value::Integer(integer) => AttributeView::Integer(integer),
            Value::Text(text) => AttributeView::Text(as_text(text)),
            Value::Texts(count, bytes) => AttributeView::Texts(AttributeTexts { count, bytes }),
        };
        Some((as_text(name), value))
    }
}

impl fmt::Debug for AttributeViews<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(*self).finish()
    }
}

fn as_text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).expect("only texts are written here")
}

/// The value of an attribute on record, read where it lies. serde writes it as what it is: a text, a number, a boolean or
/// a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeView<'a> {
    /// Not empty.
    Text(&'a str),
    /// A number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// One at least, in the order in which they were sent.
    Texts(AttributeTexts<'a>),
}

/// The same, to be pushed elsewhere. Copies no text.
impl<'a> From<AttributeView<'a>> for AttributeValue<'a> {
    fn from(view: AttributeView<'a>) -> Self {
        match view {
            AttributeView::Text(text) => text.into(),
            AttributeView::Integer(integer) => integer.into(),
            AttributeView::Boolean(boolean) => boolean.into(),
            AttributeView::Texts(texts) => Self::texts(texts),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for AttributeView<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Integer(integer) => serializer.serialize_i64(*integer),
            Self::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Self::Texts(texts) => serializer.collect_seq(*texts),
        }
    }
}

/// The texts of an attribute on record, in the order in which they were sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AttributeTexts<'a> {
    /// Those that are left.
    count: usize,
    bytes: &'a [u8],
}

impl<'a> Iterator for AttributeTexts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.count = self.count.checked_sub(1)?;
        Some(as_text(take_bytes(&mut self.bytes).expect("a list is as it was written")))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl ExactSizeIterator for AttributeTexts<'_> {}

impl fmt::Debug for AttributeTexts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;

    use super::*;

    fn attributes() -> Vec<Attribute<'static>> {
        let long: String = "x".repeat(300);
        vec![
            Attribute::new("a", false),
            Attribute::new("b", i64::MIN),
            Attribute::new("c", "text"),
            Attribute::new("d", AttributeValue::texts(["one", "two"])),
            Attribute::new("e", long.clone()),
            Attribute::new(long, AttributeValue::texts(vec!["x"; 255])),
        ]
    }

    fn run(attributes: &[Attribute<'_>]) -> Vec<u8> {
        let mut run = Vec::new();
        for Attribute { name, value } in attributes {
            write_attribute(name, value.as_ref().expect("a value"), &mut run);
        }
        run
    }

    #[test]
    fn what_is_written_is_read_and_compared() {
        let attributes = attributes();
        let run = run(&attributes);
        let read = AttributeViews::new(&run).map(|(name, value)| Attribute::new(name, value));
        assert_eq!(read.collect::<Vec<_>>(), attributes);
        let mut sent = attributes.clone();
        for _ in 0..sent.len() {
            sent.rotate_left(1);
            assert!(are_in(&run, &sent), "in whatever order");
            let mut absent = sent.clone();
            absent.insert(2, Attribute { name: "z".into(), value: None });
            assert!(are_in(&run, &absent), "with one that counts as absent");
            absent[2].name = "c".into();
            assert!(!are_in(&run, &absent), "that is on record");
            assert!(!are_in(&run, &sent[1..]), "one is missing");
            let mut other = sent.clone();
            other[0].name = "z".into();
            assert!(!are_in(&run, &other), "one has another name");
            other[0] = Attribute::new(sent[0].name.clone(), 7);
            assert!(!are_in(&run, &other), "one has another value");
            other[0] = other[1].clone();
            assert!(!are_in(&run, &other), "one stands twice");
        }
        assert!(are_in(&[], &[]) && !are_in(&[], &sent) && !are_in(&run, &[]));
    }

    #[test]
    fn values_of_other_types_differ() {
        let values = [
            AttributeValue::from("1"),
            AttributeValue::from(1),
            AttributeValue::from(true),
            AttributeValue::texts(["1"]),
            AttributeValue::texts(["1", "1"]),
            AttributeValue::texts(["11"]),
        ];
        for (at, a) in values.iter().enumerate() {
            for (other, b) in values.iter().enumerate() {
                let run = run(&[Attribute::new("a", a.clone())]);
                assert_eq!(are_in(&run, &[Attribute::new("a", b.clone())]), at == other, "{a:?} {b:?}");
            }
        }
    }

    #[cfg(feature = "serde")]
    #[test]
    fn bytes_that_are_not_as_they_are_written_are_seen() {
        let run = run(&attributes());
        assert!(are_written_so(&run) && !are_written_so(&[]));
        let (mut left, mut ends) = (&*run, vec![]);
        while take(&mut left).is_some() {
            ends.push(run.len() - left.len());
        }
        for end in 1..run.len() {
            assert_eq!(are_written_so(&run[..end]), ends.contains(&end), "{end} bytes");
        }
        for (bad, why) in [
            (&b"\x01b\x00\x01a\x00"[..], "names in no order"),
            (b"\x01a\x00\x01a\x01", "a name twice"),
            (b"\x01a\x05", "an unknown type"),
            (b"\x01a\x03\x00", "an empty text"),
            (b"\x01a\x04\x00", "an empty list"),
            (b"\x01\xff\x00", "a name that is no text"),
            (b"\x01a\x03\x01\xff", "a text that is none"),
            (b"\x01a\x04\x01\x01\xff", "a text in a list that is none"),
            (b"\xff\x01\x00a\x00", "a length in three bytes that fits one"),
        ] {
            assert!(!are_written_so(bad), "{why}");
        }
    }
}
