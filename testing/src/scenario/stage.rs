//! The engine that a scenario runs on.

use std::collections::BTreeMap;

use headcount::{
    AppId, Command, Config, Engine, Error, Fault, Fingerprint, Kind, Limits, Page, PageSeed, Reply,
    SessionId, Snapshot, Timestamp, Uuid,
};
use serde::de::DeserializeSeed;

use super::naive::{self, Facts, Naive};
use super::text::{Step, kind, number};

/// The engine, and what the lines so far made of the rest.
pub(super) struct Stage {
    pub(super) engine: Engine,
    limits: Limits,
    pub(super) now: Timestamp,
    pub(super) types_made: u128,
    pub(super) last_error: Option<Error>,
    /// Of the last lenient page, and how many there are.
    pub(super) last_rejections: Option<(Vec<Fault>, u64)>,
    names: BTreeMap<Uuid, String>,
    /// What is at the source of an app, by its name, as the scenario tells it.
    pub(super) sources: BTreeMap<String, Facts>,
    pub(super) naive: Naive,
}

/// What a step came to.
pub(super) enum Found {
    /// A setting.
    Nothing,
    /// The lines of a view.
    Shown(Vec<String>),
    /// The answer to a command.
    Answered(Result<Reply, Error>),
}

/// A name's id: its bytes.
pub(super) fn id(name: &str) -> Uuid {
    let mut bytes = [0; 16];
    for (at, byte) in name.bytes().take(16).enumerate() {
        bytes[at] = byte;
    }
    Uuid::from_bytes(bytes)
}

impl Stage {
    pub(super) fn new() -> Self {
        Self {
            engine: Engine::new(Config::new()),
            limits: Limits::default(),
            now: Timestamp(0),
            types_made: 0,
            last_error: None,
            last_rejections: None,
            names: BTreeMap::new(),
            sources: BTreeMap::new(),
            naive: Naive::default(),
        }
    }

    /// The id of a name, which is shown in its place from now on.
    pub(super) fn name(&mut self, name: &str) -> Uuid {
        self.names.insert(id(name), name.to_owned());
        id(name)
    }

    pub(super) fn known(&self, id: Uuid) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    pub(super) fn take(&mut self, step: &Step<'_>) -> Result<Found, String> {
        self.naive.take(step);
        if self.set(step)? {
            return Ok(Found::Nothing);
        }
        if let Some(shown) = self.view(&step.words)? {
            return Ok(Found::Shown(shown));
        }
        let answer = match *step.words {
            ["push", app, session, slug, ref mode @ ..] => {
                let is_lenient = match *mode {
                    [] => false,
                    ["lenient"] => true,
                    _ => return Err("a push is lenient, or has no word behind the slug".into()),
                };
                let (app, session) = (AppId(self.name(app)), SessionId(self.name(session)));
                let page = self.page(app, slug, step)?;
                self.apply(&push(app, session, slug, page, is_lenient))?
            }
            ["upsert", app_id, slug] => {
                let app_id = AppId(self.name(app_id));
                let page = self.page(app_id, slug, step)?;
                self.apply(&Command::UpsertRecords { app_id, slug: slug.into(), page })?
            }
            _ => {
                let command = self.command(&step.words)?;
                self.apply(&command)?
            }
        };
        self.last_error = answer.clone().err();
        self.last_rejections = match &answer {
            Ok(Reply::LenientPage(outcome)) => Some((outcome.faults.clone(), outcome.faults_total)),
            _ => None,
        };
        Ok(Found::Answered(answer))
    }

    pub(super) fn saved(&self) -> Vec<u8> {
        postcard::to_allocvec(&self.engine.snapshot()).expect("a snapshot is written to bytes")
    }

    pub(super) fn has_changes(&self) -> bool {
        self.engine.changes().len() > 0
    }

    pub(super) fn check_invariants(&self) -> Result<(), String> {
        self.engine.check_invariants().map_err(|broken| broken.to_string())
    }

    /// Whether the step is a setting; if so, it holds from now on.
    fn set(&mut self, step: &Step<'_>) -> Result<bool, String> {
        match *step.words {
            ["rule", ..] => {}
            ["at", now] => self.now = Timestamp(number(now)?),
            ["limit", name, value] => {
                *self.limit(name)? = number(value)?;
                self.reload()?;
            }
            ["reload"] => self.reload()?,
            ["source", app] => _ = self.sources.insert(app.to_owned(), naive::source(&step.block)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn limit(&mut self, name: &str) -> Result<&mut u32, String> {
        Ok(match name {
            "records_per_page" => &mut self.limits.records_per_page_max,
            "references_per_account" => &mut self.limits.references_per_account_max,
            "faults_listed" => &mut self.limits.faults_listed_max,
            "records_per_type" => &mut self.limits.records_per_type_max,
            "sessions_per_app" => &mut self.limits.sessions_per_app_max,
            "attributes_per_record" => &mut self.limits.attributes_per_record_max,
            "attribute_name_chars" => &mut self.limits.attribute_name_chars_max,
            "attribute_text_chars" => &mut self.limits.attribute_text_chars_max,
            "attribute_texts" => &mut self.limits.attribute_texts_max,
            "attribute_bytes" => &mut self.limits.attribute_bytes_max,
            other => return Err(format!("no limit is called {other}")),
        })
    }

    /// Saves and loads, with the limits of now and another hash key.
    fn reload(&mut self) -> Result<(), String> {
        let (digest, saved) = (self.engine.digest(), self.saved());
        let snapshot: Snapshot = postcard::from_bytes(&saved).map_err(|error| error.to_string())?;
        let config = Config::new().with_hash_key([saved.len() as u8; 16]);
        let config = config.with_limits(self.limits).map_err(|error| error.to_string())?;
        self.engine = Engine::restore(config, snapshot).map_err(|error| error.to_string())?;
        if self.engine.digest() == digest {
            Ok(())
        } else {
            Err("the digest is another after loading".into())
        }
    }

    /// Applies a command after it went through a journal's bytes.
    fn apply(&mut self, command: &Command<'_>) -> Result<Result<Reply, Error>, String> {
        let bytes = postcard::to_allocvec(command).map_err(|error| error.to_string())?;
        let journaled: Command<'_> = postcard::from_bytes(&bytes).map_err(|error| error.to_string())?;
        Ok(self.engine.apply(self.now, &journaled))
    }

    /// A page whose records are parsed from the lines of the step's block.
    fn page(&self, app: AppId, slug: &str, step: &Step<'_>) -> Result<Page<'static>, String> {
        let block: Vec<&str> = step.block.iter().map(|(_, line)| *line).collect();
        let of_slug = self.engine.app(app).and_then(|app| app.resource_type(slug)).map(|found| found.kind());
        let kind = match block.first().and_then(|line| line.strip_prefix("kind ")) {
            Some(word) => kind(word)?,
            None => of_slug.unwrap_or(Kind::Account),
        };
        let fingerprint = block.iter().find_map(|line| line.strip_prefix("fingerprint "));
        let fingerprint = fingerprint.map(number).transpose()?.map(Fingerprint);
        let records: Vec<&str> = block.iter().copied().filter(|line| line.starts_with('{')).collect();
        let body = format!("{{\"records\": [{}]}}", records.join(","));
        let mut parser = serde_json::Deserializer::from_str(&body);
        // The seed would stop at the limit itself: a host that makes pages by hand would not.
        let mut limits = self.limits;
        limits.records_per_page_max = u32::MAX;
        let page =
            PageSeed::new(kind, &limits).deserialize(&mut parser).map_err(|error| error.to_string())?;
        Ok(fingerprint.into_iter().fold(page.into_owned(), Page::with_fingerprint))
    }
}

fn push<'a>(
    app_id: AppId,
    session_id: SessionId,
    slug: &'a str,
    page: Page<'a>,
    is_lenient: bool,
) -> Command<'a> {
    let slug = slug.into();
    match is_lenient {
        true => Command::PushLenientPage { app_id, session_id, slug, page },
        false => Command::PushPage { app_id, session_id, slug, page },
    }
}
