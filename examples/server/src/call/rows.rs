//! The rows of a list, written as they are read.
//!
//! The tenant is locked meanwhile, and every command waits. So an answer is bounded by what it holds and not by the
//! number of its rows alone: it ends early, and the link to the next part leads on behind its last row.

use std::io::Write as _;

use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

/// The references that the records of an answer may have together; one record is shown whatever it has.
const REFERENCES_MAX: usize = 10_000;

/// The bytes of all rows but the last.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Rows, as JSON.
#[derive(Debug, Default)]
pub struct Rows {
    json: Vec<u8>,
    count: usize,
    references: usize,
}

impl Rows {
    /// Writes rows for as long as there is room.
    pub fn of<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Self {
        let mut written = Self::default();
        for row in rows {
            if !written.has_room(0) {
                break;
            }
            written.push(&row);
        }
        written
    }

    /// Whether another row may follow that has so many references.
    pub const fn has_room(&self, references: usize) -> bool {
        self.count == 0
            || self.json.len() < BYTES_MAX && self.references.saturating_add(references) <= REFERENCES_MAX
    }

    /// Writes a row.
    pub fn push(&mut self, row: &impl Serialize) {
        self.push_referring(row, 0);
    }

    /// Writes a row that has so many references.
    pub fn push_referring(&mut self, row: &impl Serialize, references: usize) {
        if self.count > 0 {
            self.json.push(b',');
        }
        serde_json::to_writer(&mut self.json, row).expect("a row has texts for keys, and memory takes all");
        self.count += 1;
        self.references += references;
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// 200 with a list: these fields, and behind them the rows.
    pub fn answer(self, fields: &[(&str, Value)]) -> Response {
        let mut body = Vec::with_capacity(self.json.len() + 512);
        body.push(b'{');
        for (name, value) in fields {
            write!(body, "{}:{value},", Value::from(*name)).expect("memory takes all");
        }
        body.extend_from_slice(b"\"results\":[");
        body.extend_from_slice(&self.json);
        body.extend_from_slice(b"]}");
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (json, Bytes::from(body)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_one_row_and_then_as_many_as_there_is_room_for() {
        let mut rows = Rows::default();
        assert!(rows.has_room(REFERENCES_MAX + 1));
        rows.push_referring(&"a", REFERENCES_MAX - 3);
        assert!(rows.has_room(3) && !rows.has_room(4));
        rows.push_referring(&"b", 3);
        assert!(rows.has_room(0) && !rows.has_room(1));
        let long = "x".repeat(BYTES_MAX / 2);
        assert_eq!(Rows::of([&long; 5]).len(), 2);
        assert!(Rows::of([&long; 0]).is_empty());
    }

    #[tokio::test]
    async fn the_rows_stand_behind_the_fields() {
        let answer = Rows::of([1, 2]).answer(&[("count", 7.into()), ("next", Value::Null)]);
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        assert_eq!(body, r#"{"count":7,"next":null,"results":[1,2]}"#);
    }
}
