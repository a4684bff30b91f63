//! The header `Idempotency-Key`: a request that makes something can be sent again where its answer was lost.
//!
//! The key *names* what is made: its id is a UUID of version 5 of tenant, call, path and key. So the journal has the
//! key, without a place of its own, and a thing cannot be made twice under one key: not behind a restart, nor where
//! the client was gone before the answer, nor by two servers that carry out one journal. A repeat finds the thing by its
//! id, and is told of it as it is now.
//!
//! Beside that the last answers are kept in memory, within [`ANSWERS_MAX`] and [`BYTES_MAX`], so that a repeat gets the
//! same bytes whatever became of the thing since, and one with another body is found out by the body itself. Behind
//! them it is found out by the thing, as far as that shows what was asked for.
//!
//! A request that was refused made nothing, and leaves its key free.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use uuid::Uuid;

use super::{Malformed, Refusal};

/// The header of a request.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The header of an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Characters of a key.
const KEY_CHARS_MAX: usize = 255;

/// How many answers are kept, of all tenants together.
const ANSWERS_MAX: usize = 10_000;

/// Bytes of the answers that are kept.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// The namespace of the ids that keys name: a random UUID, for ever the same.
const NAMESPACE: Uuid = Uuid::from_u128(0x6b1f_3c0e_58d2_4a97_9c41_e07d_52b8_a3f6);

/// A request's key; none if it has none. It may stand in quotation marks, as the draft of the header wants it.
///
/// # Errors
/// Where it is empty, too long or given twice, or has other than visible ASCII characters.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<&str>, Malformed> {
    let mut values = headers.get_all(KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let value = value.to_str().unwrap_or_default().trim();
    let key = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let is_good = (1..=KEY_CHARS_MAX).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
        && values.next().is_none();
    if !is_good {
        let expected =
            format!("one of 1 to {KEY_CHARS_MAX} visible ASCII characters, without quotation marks inside");
        return Err(Malformed::text("the header Idempotency-Key", value, expected));
    }
    Ok(Some(key))
}

/// The id of what a key names: `whose` are tenant, call and path.
pub(super) fn id<'w>(whose: impl IntoIterator<Item = &'w str>, key: &'w str) -> Uuid {
    let mut name = Vec::new();
    for part in whose.into_iter().chain([key]) {
        // With its length, so that no two lists of parts are one name.
        name.extend((part.len() as u64).to_le_bytes());
        name.extend(part.as_bytes());
    }
    Uuid::new_v5(&NAMESPACE, &name)
}

/// What is there already under the id that a key names.
#[derive(Debug)]
pub enum Made {
    /// Nothing.
    Nothing,
    /// What the body asks for: the answer to that.
    Same(Response),
    /// Something else.
    Other,
}

/// The answers that are kept.
#[derive(Debug, Default)]
pub struct Answers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// By the id that the key names.
    requests: BTreeMap<Uuid, Request>,
    /// Those that are answered, oldest first.
    answered: VecDeque<Uuid>,
    bytes: usize,
}

#[derive(Debug)]
struct Request {
    /// What its body is known by.
    body: Uuid,
    /// None while it is under way.
    answer: Option<Answer>,
}

#[derive(Clone, Debug)]
struct Answer {
    status: StatusCode,
    body: axum::body::Bytes,
}

/// How a request with a key goes on.
pub(super) enum Begun {
    /// It is to be carried out.
    Anew(UnderWay),
    /// It was answered before.
    Answered(Response),
}

/// A request that is under way. Where no answer is [kept](Self::keep), the key is free again.
pub(super) struct UnderWay {
    answers: Arc<Answers>,
    id: Uuid,
}

impl Answers {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a request whose key names this id.
    ///
    /// # Errors
    /// Where another request has the key: with another body, or while it is under way.
    pub(super) fn begin(self: &Arc<Self>, id: Uuid, body: &[u8]) -> Result<Begun, Refusal> {
        let body = Uuid::new_v5(&NAMESPACE, body);
        let mut kept = self.lock();
        match kept.requests.get(&id) {
            Some(request) if request.body != body => Err(Refusal::key_of_another_body()),
            Some(Request { answer: None, .. }) => Err(Refusal::key_under_way()),
            Some(Request { answer: Some(answer), .. }) => Ok(Begun::Answered(replayed(answer.response()))),
            None => {
                kept.requests.insert(id, Request { body, answer: None });
                Ok(Begun::Anew(UnderWay { answers: Arc::clone(self), id }))
            }
        }
    }
}

impl UnderWay {
    /// Keeps the answer, and hands it on.
    pub(super) async fn keep(self, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        let Ok(body) = body.collect().await else {
            // A body that is in memory does not fail.
            return Response::from_parts(parts, Body::empty());
        };
        let answer = Answer { status: parts.status, body: body.to_bytes() };
        let response = Response::from_parts(parts, Body::from(answer.body.clone()));
        self.answers.lock().keep(self.id, answer);
        response
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.answers.lock().free(self.id);
    }
}

impl Kept {
    fn keep(&mut self, id: Uuid, answer: Answer) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        self.bytes += answer.body.len();
        request.answer = Some(answer);
        self.answered.push_back(id);
        while self.answered.len() > ANSWERS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.answered.pop_front() else { break };
            let forgotten = self.requests.remove(&oldest).and_then(|request| request.answer);
            self.bytes -= forgotten.map_or(0, |answer| answer.body.len());
        }
    }

    /// Forgets a request that has no answer.
    fn free(&mut self, id: Uuid) {
        if self.requests.get(&id).is_some_and(|request| request.answer.is_none()) {
            self.requests.remove(&id);
        }
    }
}

impl Answer {
    fn response(&self) -> Response {
        let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (self.status, json, self.body.clone()).into_response()
    }
}

/// With the header that says so.
pub(super) fn replayed(mut response: Response) -> Response {
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(values: &[&str]) -> Result<Option<String>, String> {
        let values =
            values.iter().map(|value| (KEY, HeaderValue::from_bytes(value.as_bytes()).expect("a value")));
        let headers: HeaderMap = values.collect();
        key(&headers).map(|key| key.map(str::to_owned)).map_err(|Malformed(detail)| detail)
    }

    #[test]
    fn a_key_is_a_word_in_quotation_marks_or_without() {
        assert_eq!(key_of(&[]), Ok(None));
        assert_eq!(key_of(&["a-1"]), Ok(Some("a-1".into())));
        assert_eq!(key_of(&[" \"a-1\" "]), Ok(Some("a-1".into())));
        for values in [&[""][..], &["\"\""], &["a b"], &["a\"b"], &["\"a"], &["a", "a"], &["é"]] {
            let detail = key_of(values).expect_err("no key");
            assert!(detail.starts_with("the header Idempotency-Key: found \""), "{detail}");
        }
    }

    #[test]
    fn a_key_names_one_thing_of_one_call() {
        let here = id(["acme", "apps/"], "k");
        assert_eq!(here, id(["acme", "apps/"], "k"));
        for other in [id(["acme", "apps/"], "l"), id(["other", "apps/"], "k"), id(["acmeapps/"], "k")] {
            assert_ne!(here, other);
        }
    }

    /// How many requests are kept, and the bytes of their answers.
    fn kept(answers: &Answers) -> (usize, usize) {
        let kept = answers.lock();
        (kept.requests.len(), kept.bytes)
    }

    async fn answered(answers: &Arc<Answers>, number: u128, bytes: usize) {
        match answers.begin(Uuid::from_u128(number), b"body") {
            Ok(Begun::Anew(under_way)) => {
                under_way.keep((StatusCode::CREATED, vec![b'x'; bytes]).into_response()).await;
            }
            _ => panic!("it is new"),
        }
    }

    #[tokio::test]
    async fn the_last_answers_are_kept_and_no_more() {
        let answers = Arc::new(Answers::default());
        for number in 0..ANSWERS_MAX as u128 + 5 {
            answered(&answers, number, 1).await;
        }
        assert_eq!(kept(&answers), (ANSWERS_MAX, ANSWERS_MAX));
        assert!(matches!(answers.begin(Uuid::from_u128(4), b"body"), Ok(Begun::Anew(_))));
        assert!(matches!(answers.begin(Uuid::from_u128(5), b"body"), Ok(Begun::Answered(_))));
        assert!(answers.begin(Uuid::from_u128(5), b"another").is_err());
        answered(&answers, u128::MAX, BYTES_MAX - 10).await;
        assert_eq!(kept(&answers), (11, BYTES_MAX));
        answered(&answers, u128::MAX - 1, BYTES_MAX + 1).await;
        assert_eq!(kept(&answers), (0, 0));
    }

    #[test]
    fn a_key_is_free_again_where_there_was_no_answer() {
        let answers = Arc::new(Answers::default());
        let first = answers.begin(Uuid::nil(), b"body");
        assert!(answers.begin(Uuid::nil(), b"body").is_err());
        drop(first);
        assert!(matches!(answers.begin(Uuid::nil(), b"another"), Ok(Begun::Anew(_))));
        assert!(answers.lock().requests.is_empty());
    }
}
