//! The engine that a scenario runs on, and the commands that its lines stand for.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use headcount::{
    AppId, AppUpdate, Command, Config, Engine, Error, Guard, Kind, Limits, NewTask, PageSeed, Reply,
    Resolution, ResourceTypeId, ResourceTypeUpdate, Scope, SessionId, Snapshot, TaskAction, TaskId,
    Timestamp, Uuid,
};
use serde::de::DeserializeSeed;

pub(super) struct Run {
    pub(super) engine: Engine,
    pub(super) limits: Limits,
    pub(super) now: Timestamp,
    pub(super) types_made: u128,
    pub(super) last_error: Option<Error>,
    pub(super) names: BTreeMap<Uuid, String>,
}

/// A name's id: its bytes.
pub(super) fn id(name: &str) -> Uuid {
    let mut bytes = [0; 16];
    for (at, byte) in name.bytes().take(16).enumerate() {
        bytes[at] = byte;
    }
    Uuid::from_bytes(bytes)
}

pub(super) fn kind(word: &str) -> Kind {
    match word {
        "account" => Kind::Account,
        "group" => Kind::Group,
        "license" => Kind::License,
        other => panic!("no kind: {other}"),
    }
}

/// The value of `key=value` among the words; `_` stands for a space.
pub(super) fn option(words: &[&str], key: &str) -> Option<String> {
    words.iter().find_map(|word| Some(word.strip_prefix(key)?.strip_prefix('=')?.replace('_', " ")))
}

pub(super) fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().unwrap_or_else(|_| panic!("no number: {word}"))
}

impl Run {
    pub(super) fn name(&mut self, name: &str) -> Uuid {
        self.names.insert(id(name), name.to_owned());
        id(name)
    }

    /// Lines that are neither command nor view.
    pub(super) fn setting(&mut self, words: &[&str]) -> bool {
        match *words {
            ["rule", ..] => {}
            ["at", now] => self.now = Timestamp(number(now)),
            ["limit", name, value] => {
                let value = number(value);
                match name {
                    "records_per_page" => self.limits.records_per_page_max = value,
                    "references_per_account" => self.limits.references_per_account_max = value,
                    "faults_listed" => self.limits.faults_listed_max = value,
                    "records_per_type" => self.limits.records_per_type_max = value,
                    "sessions_per_app" => self.limits.sessions_per_app_max = value,
                    other => panic!("no limit: {other}"),
                }
                self.reload();
            }
            ["reload"] => self.reload(),
            _ => return false,
        }
        true
    }

    /// Saves and loads, with the limits of now and another hash key.
    pub(super) fn reload(&mut self) {
        let digest = self.engine.digest();
        let saved = postcard::to_allocvec(&self.engine.snapshot()).expect("bytes");
        let snapshot: Snapshot = postcard::from_bytes(&saved).expect("a snapshot");
        let config = Config::new().with_limits(self.limits).with_hash_key([saved.len() as u8; 16]);
        self.engine = Engine::restore(config, snapshot).expect("an engine");
        assert_eq!(self.engine.digest(), digest, "a digest after save and load");
    }

    pub(super) fn command(&mut self, words: &[&str], block: &[&str]) -> Result<Result<Reply, Error>, String> {
        if let ["push", app, session, slug] = *words {
            return self.push(app, session, slug, block);
        }
        let command = self.other(words).ok_or("no command, view or setting has this form")?;
        let bytes = postcard::to_allocvec(&command).map_err(|error| error.to_string())?;
        let journaled: Command<'_> = postcard::from_bytes(&bytes).map_err(|error| error.to_string())?;
        Ok(self.engine.apply(self.now, &journaled))
    }

    pub(super) fn push(
        &mut self,
        app: &str,
        session: &str,
        slug: &str,
        block: &[&str],
    ) -> Result<Result<Reply, Error>, String> {
        let (app, session) = (AppId(self.name(app)), SessionId(self.name(session)));
        let of_slug = self.engine.app(app).and_then(|app| app.resource_type(slug)).map(|found| found.kind());
        let kind = match block.first().and_then(|line| line.strip_prefix("kind ")) {
            Some(word) => kind(word),
            None => of_slug.unwrap_or(Kind::Account),
        };
        let records: Vec<&str> = block.iter().copied().filter(|line| !line.starts_with("kind ")).collect();
        let body = format!("{{\"records\": [{}]}}", records.join(","));
        let mut parser = serde_json::Deserializer::from_str(&body);
        // The seed would stop at the limit itself: a host that makes pages by hand would not.
        let mut limits = self.limits;
        limits.records_per_page_max = u32::MAX;
        let page =
            PageSeed::new(kind, &limits).deserialize(&mut parser).map_err(|error| error.to_string())?;
        Ok(self.engine.push_page(self.now, app, session, slug, &page).map(Reply::Page))
    }

    pub(super) fn other(&mut self, words: &[&str]) -> Option<Command<'static>> {
        let text = |word: &str| word.replace('_', " ").into();
        let slug = |word: &str| word.to_owned().into();
        let app = AppId(self.name(words.get(1)?));
        Some(match *words {
            ["app", name] => Command::CreateApp { app, name: text(name), clone_from: None },
            ["app", name, "from", from] => {
                Command::CreateApp { app, name: text(name), clone_from: Some(AppId(self.name(from))) }
            }
            ["update-app", _, ..] => {
                let name = option(words, "name").map(Into::into);
                let (count, percent) = (option(words, "count"), option(words, "percent"));
                let guard = Guard {
                    max_count: count.map(|count| number(&count)),
                    max_percent: percent.map(|percent| number(&percent)),
                };
                let has_guard = !guard.is_none() || words.contains(&"unguarded");
                Command::UpdateApp { app, update: AppUpdate { name, guard: has_guard.then_some(guard) } }
            }
            ["delete", _] => Command::DeleteApp { app },
            ["type", _, of, kind_of, ..] => {
                self.types_made += 1;
                let made = option(words, "id").map_or(self.types_made, |made| number(&made));
                let id = ResourceTypeId(Uuid::from_u128(made));
                let name = option(words, "name").unwrap_or_else(|| of.to_uppercase()).into();
                Command::RegisterResourceType { app, id, slug: slug(of), name, kind: kind(kind_of) }
            }
            ["update-type", _, of, ..] => {
                let update = ResourceTypeUpdate {
                    name: option(words, "name").map(Into::into),
                    slug: option(words, "slug").map(Into::into),
                    kind: option(words, "kind").map(|word| kind(&word)),
                };
                Command::UpdateResourceType { app, slug: slug(of), update }
            }
            ["purge", _, before] => {
                Command::PurgeInactive { app, inactive_before: Timestamp(number(before)) }
            }
            ["task", _, name, action, of, ..] => {
                let new = NewTask {
                    action: match action {
                        "create_account" => TaskAction::CreateAccount,
                        "update_account" => TaskAction::UpdateAccount,
                        "delete_account" => TaskAction::DeleteAccount,
                        "suspend_account" => TaskAction::SuspendAccount,
                        "unsuspend_account" => TaskAction::UnsuspendAccount,
                        "reset_password" => TaskAction::ResetPassword,
                        other => panic!("no action: {other}"),
                    },
                    resource_type: slug(of),
                    payload: option(words, "payload").map(Into::into),
                    execute_after: option(words, "after").map(|after| Timestamp(number(&after))),
                };
                Command::CreateTask { app, task: TaskId(self.name(name)), new }
            }
            ["resolve", _, name, ..] => {
                let resolution = match option(words, "code") {
                    None => Resolution::Completed { result: option(words, "result").map(Into::into) },
                    Some(code) => Resolution::Failed {
                        code: code.into(),
                        message: option(words, "message").unwrap_or_default().into(),
                    },
                };
                Command::ResolveTask { app, task: TaskId(self.name(name)), resolution }
            }
            [_, _, session, ..] => {
                let session = SessionId(self.name(session));
                return of_session(words, app, session);
            }
            _ => return None,
        })
    }
}

fn of_session(words: &[&str], app: AppId, session: SessionId) -> Option<Command<'static>> {
    Some(match *words {
        ["start", ..] => {
            let scope = words.iter().position(|word| *word == "scope");
            let types = scope.map(|at| Scope::types(words[at + 1..].iter().map(|slug| (*slug).to_owned())));
            Command::StartSession { app, session, scope: types.unwrap_or_default() }
        }
        ["complete", ..] => Command::CompleteSession { app, session, force: words.contains(&"force") },
        ["abandon", ..] => Command::AbandonSession { app, session },
        ["fail", _, _, ref reason @ ..] => {
            Command::FailSession { app, session, reason: reason.join(" ").into() }
        }
        ["cleanup", _, _, budget] => {
            let budget = if budget == "all" { NonZeroU64::MAX } else { NonZeroU64::new(number(budget))? };
            Command::RunCleanup { app, session, budget }
        }
        _ => return None,
    })
}
