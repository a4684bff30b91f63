//! Snapshots changed in some places: what the snapshot tests and the fuzzer share.

use headcount::Engine;
use serde_json::Value;

use crate::generate::{self, config};

/// The snapshot of an engine with a history made from these bytes.
pub fn saved(history: &[u8]) -> Value {
    let mut engine = Engine::new(config());
    for (now, command) in generate::history(history) {
        let _ = engine.apply(now, &command);
    }
    serde_json::to_value(engine.snapshot()).expect("a value")
}

/// The snapshot with some of its values changed, dropped, doubled or exchanged, as these bytes say.
pub fn change(mut snapshot: Value, changes: &[u8]) -> Value {
    for change in changes.chunks_exact(4) {
        let places = count(&snapshot);
        let at = (usize::from(change[0]) * 256 + usize::from(change[1])) % places;
        if let Some(value) = place(&mut snapshot, &mut { at }) {
            alter(value, change[2], change[3]);
        }
    }
    snapshot
}

/// The snapshot with another digest inside.
pub fn with_digest(mut snapshot: Value, digest: u128) -> Value {
    snapshot["digest"] = serde_json::json!([(digest >> 64) as u64, digest as u64]);
    snapshot
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// The value at a place, counted from the root down.
fn place<'v>(value: &'v mut Value, at: &mut usize) -> Option<&'v mut Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    match value {
        Value::Array(values) => values.iter_mut().find_map(|value| place(value, at)),
        Value::Object(fields) => fields.values_mut().find_map(|value| place(value, at)),
        _ => None,
    }
}

fn alter(value: &mut Value, how: u8, with: u8) {
    match value {
        Value::Number(number) => {
            let before = number.as_i64().unwrap_or(0);
            let small = i64::from(with % 8);
            *value = match how % 4 {
                0 => Value::from(small),
                1 => Value::from(before.wrapping_add(1)),
                2 => Value::from(before.wrapping_sub(1)),
                _ => Value::from(u64::MAX >> (with % 64)),
            };
        }
        Value::String(text) => match how % 4 {
            0 => text.clear(),
            1 => text.push('\0'),
            2 => text.push('1'),
            _ => *value = Value::Null,
        },
        Value::Array(values) if !values.is_empty() => {
            let at = usize::from(with) % values.len();
            match how % 4 {
                0 => _ = values.remove(at),
                1 => values.push(values[at].clone()),
                2 => values.swap(0, at),
                _ => values.clear(),
            }
        }
        Value::Bool(flag) => *flag = !*flag,
        Value::Null => *value = if how.is_multiple_of(2) { Value::from(with) } else { Value::from("active") },
        _ => {}
    }
}
