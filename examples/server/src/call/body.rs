//! What a body says.

use std::str::FromStr;
use std::time::Duration;

use axum::body::Body as Stream;
use headcount::{IgnoredFields, Limits, ParseError, Timestamp};
use http_body_util::BodyExt;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::media::Announced;
use super::refusal::{parsed, quoted};
use super::{Malformed, Refusal};

/// How many times the limit is read of a larger body: a client that is still writing when the connection closes
/// would not see the answer.
const DRAINED_LIMITS: usize = 4;

/// What a call reads from a body. `P` is what its path names, on which the meaning may depend.
pub trait Body<'b, P>: Sized {
    /// Whether the call takes a body at all. One that is not taken is not looked at.
    const IS_TAKEN: bool = true;

    /// Whether nothing at all stands for a body that says nothing.
    const MAY_BE_ABSENT: bool = false;

    /// The fields that it may have at the top; none of a body that is not taken.
    const FIELDS: &'static [&'static str];

    /// Reads the whole body: nothing may follow what it says. Notes the fields that are not known.
    ///
    /// # Errors
    /// Where it is malformed.
    fn read(bytes: &'b [u8], at: &P, limits: &Limits, ignored: &mut IgnoredFields)
    -> Result<Self, Malformed>;
}

/// No body.
impl<'b, P> Body<'b, P> for () {
    const IS_TAKEN: bool = false;
    const MAY_BE_ABSENT: bool = true;
    const FIELDS: &'static [&'static str] = &[];

    fn read(_: &'b [u8], _: &P, _: &Limits, _: &mut IgnoredFields) -> Result<Self, Malformed> {
        Ok(())
    }
}

/// A small body: a JSON object. Fields that are not known are ignored, and named; null and absent are one.
pub trait Object: Sized {
    /// The fields that it knows.
    const FIELDS: &'static [&'static str];

    /// Whether nothing at all stands for an object without fields.
    const MAY_BE_ABSENT: bool = false;

    /// Reads the fields.
    ///
    /// # Errors
    /// Where one is missing or malformed.
    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed>;
}

impl<'b, P, T: Object> Body<'b, P> for T {
    const MAY_BE_ABSENT: bool = <T as Object>::MAY_BE_ABSENT;
    const FIELDS: &'static [&'static str] = <T as Object>::FIELDS;

    fn read(bytes: &'b [u8], _: &P, _: &Limits, ignored: &mut IgnoredFields) -> Result<Self, Malformed> {
        let known = <T as Object>::FIELDS;
        if <T as Object>::MAY_BE_ABSENT && bytes.iter().all(u8::is_ascii_whitespace) {
            return T::read(&mut Fields::new(String::new(), Map::new(), known, ignored));
        }
        T::read(&mut Fields::of(bytes, known, ignored)?)
    }
}

/// The fields of an object.
#[derive(Debug)]
pub struct Fields<'i> {
    /// The path of the object in the body, with a dot behind it.
    within: String,
    fields: Map<String, Value>,
    /// The names that are asked for.
    known: &'static [&'static str],
    ignored: &'i mut IgnoredFields,
}

impl<'i> Fields<'i> {
    /// Those of a whole body.
    ///
    /// # Errors
    /// Where it is no object.
    pub fn of(
        bytes: &[u8],
        known: &'static [&'static str],
        ignored: &'i mut IgnoredFields,
    ) -> Result<Self, Malformed> {
        match serde_json::from_slice(bytes).map_err(|error| Malformed::unparsed(&error))? {
            Value::Object(fields) => Ok(Self::new(String::new(), fields, known, ignored)),
            other => Err(Malformed::field("the body", shown(&other), "an object")),
        }
    }

    /// Notes those that are not known.
    fn new(
        within: String,
        fields: Map<String, Value>,
        known: &'static [&'static str],
        ignored: &'i mut IgnoredFields,
    ) -> Self {
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            ignored.note(name);
        }
        Self { within, fields, known, ignored }
    }

    /// Whether there is such a field, null or not.
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// A value of any type.
    pub fn value(&mut self, name: &str) -> Option<Value> {
        debug_assert!(self.known.contains(&name), "{name} is asked for, and so it is known");
        self.fields.remove(name).filter(|value| !value.is_null())
    }

    /// A value that `take` makes something of.
    fn typed<T>(
        &mut self,
        name: &str,
        expected: &str,
        take: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, Malformed> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match take(&value) {
            Some(taken) => Ok(Some(taken)),
            None => Err(Malformed::field(&self.path(name), shown(&value), expected)),
        }
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.within)
    }

    /// A text, which may be empty.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Malformed> {
        self.typed(name, "a string", |value| value.as_str().map(str::to_owned))
    }

    /// A text; an empty one counts as absent.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn optional_text(&mut self, name: &str) -> Result<Option<String>, Malformed> {
        Ok(self.text(name)?.filter(|text| !text.is_empty()))
    }

    /// A list of texts.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Malformed> {
        self.typed(name, "a list of strings", |value| {
            value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
        })
    }

    /// True or false.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, Malformed> {
        self.typed(name, "true or false", Value::as_bool)
    }

    /// A whole number from 0 to a maximum.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn number(&mut self, name: &str, max: u64) -> Result<Option<u64>, Malformed> {
        let expected = match max {
            u64::MAX => "a whole number from 0".into(),
            max => format!("a whole number from 0 to {max}"),
        };
        self.typed(name, &expected, |value| value.as_u64().filter(|number| *number <= max))
    }

    /// An object that may have any fields.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn any_object(&mut self, name: &str) -> Result<Option<Map<String, Value>>, Malformed> {
        self.typed(name, "an object", |value| value.as_object().cloned())
    }

    /// An object, and which fields of it are known.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn object(
        &mut self,
        name: &str,
        known: &'static [&'static str],
    ) -> Result<Option<Fields<'_>>, Malformed> {
        let (within, fields) = (format!("{}.", self.path(name)), self.any_object(name)?);
        match fields {
            Some(fields) => Ok(Some(Fields::new(within, fields, known, self.ignored))),
            None => Ok(None),
        }
    }

    /// An id or a word of the core's.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn parsed<T: FromStr<Err = ParseError>>(&mut self, name: &str) -> Result<Option<T>, Malformed> {
        let text = self.optional_text(name)?;
        text.map(|text| parsed(&self.path(name), &text)).transpose()
    }

    /// A moment in RFC 3339, with any offset.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn moment(&mut self, name: &str) -> Result<Option<Timestamp>, Malformed> {
        let at = self.optional_text(name)?.map(|text| {
            text.parse::<jiff::Timestamp>()
                .map_err(|_| Malformed::text(&self.path(name), &text, "a time such as 2025-01-15T10:00:00Z"))
        });
        Ok(at.transpose()?.map(|at| Timestamp(at.as_millisecond())))
    }

    /// What must be there.
    ///
    /// # Errors
    /// Where it is not.
    pub fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, Malformed> {
        value.ok_or_else(|| Malformed::field(&self.path(name), "nothing", "a value"))
    }
}

/// A value in a word or two.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}

/// What a body may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Its bytes, when it is unpacked.
    pub(super) bytes_max: usize,
    /// The time until it is there.
    pub(super) timeout: Duration,
}

impl Room {
    /// A body that came whole, or why not.
    pub(super) async fn receive(self, mut stream: Stream, announced: Announced) -> Result<Vec<u8>, Refusal> {
        let is_too_large = announced.bytes.is_some_and(|bytes| bytes > self.bytes_max as u64);
        let received = if is_too_large {
            Ok(None)
        } else {
            let received = timeout(self.timeout, collect(&mut stream, announced, self.bytes_max)).await;
            received.map_err(|_| Refusal::body_timeout(self.timeout))?
        };
        match received {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => {
                // It is answered at once. A client that writes all before it reads is listened to meanwhile.
                if !announced.waits {
                    tokio::spawn(timeout(self.timeout, drain(stream, self.bytes_max)));
                }
                Err(Refusal::body_too_large(self.bytes_max))
            }
            Err(broken) => Err(Refusal::malformed_body(broken)),
        }
    }
}

/// All of a body; none if it is too large.
async fn collect(
    stream: &mut Stream,
    announced: Announced,
    bytes_max: usize,
) -> Result<Option<Vec<u8>>, Malformed> {
    // It is not larger than the limit, and the system gives no more of it than is written to.
    let mut bytes = Vec::with_capacity(announced.bytes.map_or(0, |bytes| bytes as usize));
    while let Some(frame) = stream.frame().await {
        let broken = "the body broke off, or is not packed as its Content-Encoding says";
        let frame = frame.map_err(|_| Malformed::new(broken))?;
        let Some(data) = frame.data_ref() else { continue };
        if data.len() > bytes_max - bytes.len() {
            return Ok(None);
        }
        bytes.extend_from_slice(data);
    }
    Ok(Some(bytes))
}

/// Reads on for a while.
async fn drain(mut stream: Stream, bytes_max: usize) {
    let mut left = bytes_max.saturating_mul(DRAINED_LIMITS);
    while let Some(Ok(frame)) = stream.frame().await {
        left = left.saturating_sub(frame.data_ref().map_or(0, |data| data.len()));
        if left == 0 {
            break;
        }
    }
}
