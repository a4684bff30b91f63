//! How the page of the tour is written, so that it is the same each time.

use serde_json::Value;

/// How far a line of the page goes.
const COLUMNS: usize = 110;

/// Of a longer text the beginning and the number of characters are shown.
const TEXT_CHARS_MAX: usize = 250;

/// What each time is shown as.
const TIME: &str = "2025-01-15T10:00:00Z";

/// Words in lines.
pub fn wrapped(words: &str) -> String {
    let (mut text, mut column) = (String::new(), 0);
    for word in words.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > COLUMNS {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text += word;
        column += length;
    }
    text
}

/// A value with nothing in it that differs each time, but for ids.
pub fn stable(value: &Value, address: &str) -> Value {
    match value {
        Value::String(text) if text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok() => TIME.into(),
        Value::String(text) if text.chars().count() > TEXT_CHARS_MAX => {
            let beginning: String = text.chars().take(24).collect();
            format!("{beginning}… ({} characters)", text.chars().count()).into()
        }
        Value::String(text) => text.replace(address, "http://localhost:8080").into(),
        Value::Array(values) => values.iter().map(|value| stable(value, address)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), stable(value, address)));
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

/// A value as JSON, its parts in lines of their own where they do not fit into one.
pub fn folded(value: &Value) -> String {
    fold(value, 0, 0)
}

/// `within` is how far the lines of the value are moved in, `before` what stands in its first line.
fn fold(value: &Value, within: usize, before: usize) -> String {
    let line = one_line(value);
    if within + before + line.chars().count() <= COLUMNS {
        return line;
    }
    let margin = " ".repeat(within + 2);
    let parts: Vec<String> = match value {
        Value::Array(values) => values.iter().map(|value| fold(value, within + 2, 0)).collect(),
        Value::Object(fields) => {
            let part = |(name, value): (&String, &Value)| {
                let name = format!("{}: ", Value::from(name.as_str()));
                format!("{name}{}", fold(value, within + 2, name.len()))
            };
            fields.iter().map(part).collect()
        }
        _ => return line,
    };
    let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
    let end = " ".repeat(within);
    format!("{open}\n{margin}{}\n{end}{close}", parts.join(&format!(",\n{margin}")))
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Array(values) => {
            format!("[{}]", values.iter().map(one_line).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let part = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), one_line(value))
            };
            format!("{{{}}}", fields.iter().map(part).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// The ids in a text that have no name.
pub fn unnamed_ids(text: &str) -> Vec<&str> {
    let parts = text.split(|char: char| !char.is_ascii_hexdigit() && char != '-');
    parts.filter(|part| part.len() >= 32 && part.len() <= 36 && uuid::Uuid::parse_str(part).is_ok()).collect()
}

#[test]
fn a_value_is_folded_where_it_does_not_fit() {
    let value = serde_json::json!({"a": ["x".repeat(60), "y".repeat(60)], "b": {}, "c": [1, null]});
    let expected = format!(
        "{{\n  \"a\": [\n    \"{}\",\n    \"{}\"\n  ],\n  \"b\": {{}},\n  \"c\": [1, null]\n}}",
        "x".repeat(60),
        "y".repeat(60)
    );
    assert_eq!(folded(&value), expected);
    assert_eq!(
        unnamed_ids("a 01234567-89ab-cdef-0123-456789abcdef b"),
        ["01234567-89ab-cdef-0123-456789abcdef"]
    );
}
