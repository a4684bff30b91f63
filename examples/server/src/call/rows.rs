//! The rows of a list, written as they are read.
//!
//! The tenant is locked meanwhile, and every command waits. So an answer is bounded by what it holds and not by the
//! number of its rows alone: it ends early, and the link to the next part leads on behind its last row.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use serde::Serialize;
use serde_json::Value;

/// The references that the records of an answer may have together; one record is shown whatever it has.
const REFERENCES_MAX: usize = 10_000;

/// The bytes of all rows but the last.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes that are sent at once, and whose memory is then given back.
const PIECE_BYTES: usize = 64 * 1024;

/// Rows, as JSON.
#[derive(Debug, Default)]
pub struct Rows {
    json: Pieces,
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
            || self.json.bytes < BYTES_MAX && self.references.saturating_add(references) <= REFERENCES_MAX
    }

    /// Writes a row.
    pub fn push(&mut self, row: &impl Serialize) {
        self.push_referring(row, 0);
    }

    /// Writes a row that has so many references.
    pub fn push_referring(&mut self, row: &impl Serialize, references: usize) {
        if self.count > 0 {
            self.json.put(b",");
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
        let mut head = b"{".to_vec();
        for (name, value) in fields {
            write!(head, "{}:{value},", Value::from(*name)).expect("memory takes all");
        }
        head.extend_from_slice(b"\"results\":[");
        let mut json = self.json;
        json.put(b"]}");
        let json_type = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (json_type, Body::new(json.body(head))).into_response()
    }
}

/// Bytes in pieces: to add to them moves none, and each is free when it is sent.
#[derive(Debug, Default)]
struct Pieces {
    full: VecDeque<Bytes>,
    /// Less than a piece.
    last: Vec<u8>,
    bytes: usize,
}

impl Pieces {
    fn put(&mut self, mut bytes: &[u8]) {
        self.bytes += bytes.len();
        while !bytes.is_empty() {
            if self.last.capacity() == 0 && !self.full.is_empty() {
                self.last.reserve_exact(PIECE_BYTES);
            }
            let (now, later) = bytes.split_at(bytes.len().min(PIECE_BYTES - self.last.len()));
            self.last.extend_from_slice(now);
            bytes = later;
            if self.last.len() == PIECE_BYTES {
                self.full.push_back(std::mem::take(&mut self.last).into());
            }
        }
    }

    /// The body of an answer: these bytes behind a head.
    fn body(self, head: Vec<u8>) -> PiecesBody {
        let Self { full: mut pieces, last, bytes } = self;
        let left = head.len() + bytes;
        pieces.push_front(head.into());
        pieces.push_back(last.into());
        PiecesBody { pieces, left }
    }
}

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hands out pieces, one after the other.
struct PiecesBody {
    pieces: VecDeque<Bytes>,
    left: usize,
}

impl hyper::body::Body for PiecesBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop_front();
        self.left -= piece.as_ref().map_or(0, Bytes::len);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

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

    #[tokio::test]
    async fn a_long_answer_is_sent_in_pieces_whose_length_is_told_before() {
        let texts = ["a".repeat(PIECE_BYTES * 2 + 7), "b".repeat(10), "c".repeat(PIECE_BYTES)];
        let mut body = Rows::of(&texts).answer(&[]).into_body();
        let expected = serde_json::json!({"results": texts}).to_string();
        assert_eq!(hyper::body::Body::size_hint(&body).exact(), Some(expected.len() as u64));
        let (mut found, mut pieces) = (Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            let piece = frame.expect("memory").into_data().expect("data");
            assert!(piece.len() <= PIECE_BYTES);
            pieces += 1;
            found.extend_from_slice(&piece);
        }
        assert!(String::from_utf8(found).expect("a text") == expected);
        assert_eq!(pieces, 2 + expected.len() / PIECE_BYTES);
    }
}
