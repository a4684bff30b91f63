//! The commands that a scenario's lines stand for.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::str::FromStr;

use headcount::{
    AppId, AppUpdate, Command, Completion, Fingerprint, Guard, NewResourceType, NewTask, Plan, Resolution,
    ResourceTypeId, ResourceTypeUpdate, Scope, SessionId, TaskAction, TaskId, Timestamp, Uuid,
};

use super::stage::Stage;
use super::text::{kind, number};

fn action(word: &str) -> Result<TaskAction, String> {
    Ok(match word {
        "create_account" => TaskAction::CreateAccount,
        "update_account" => TaskAction::UpdateAccount,
        "delete_account" => TaskAction::DeleteAccount,
        "suspend_account" => TaskAction::SuspendAccount,
        "unsuspend_account" => TaskAction::UnsuspendAccount,
        "reset_password" => TaskAction::ResetPassword,
        other => return Err(format!("{other} is no action")),
    })
}

/// What follows the fixed words of a command: `key=value`, or a bare word.
struct Options<'w>(BTreeMap<&'w str, &'w str>);

impl<'w> Options<'w> {
    fn new(words: &[&'w str], known: &[&str]) -> Result<Self, String> {
        let mut options = BTreeMap::new();
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            if !known.contains(&key) {
                return Err(format!("{word} is none of {known:?}"));
            }
            options.insert(key, value);
        }
        Ok(Self(options))
    }

    fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).map(|value| spaced(value))
    }

    fn number<T: FromStr>(&self, key: &str) -> Result<Option<T>, String> {
        self.0.get(key).map(|value| number(value)).transpose()
    }
}

/// What sets a limit of a guard.
const GUARD_WORDS: [&str; 7] =
    ["count", "percent", "type_percent", "min_count", "require_pages", "removals", "removals_percent"];

fn guard(options: &Options<'_>) -> Result<Guard, String> {
    let mut guard = Guard::NONE;
    guard.max_count = options.number("count")?;
    guard.max_percent = options.number("percent")?;
    guard.max_type_percent = options.number("type_percent")?;
    guard.min_count = options.number("min_count")?.unwrap_or(0);
    guard.require_pages = options.has("require_pages");
    guard.max_removals = options.number("removals")?;
    guard.max_removals_percent = options.number("removals_percent")?;
    Ok(guard)
}

/// `_` stands for a space.
fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

impl Stage {
    /// The command that the words stand for. That of a page is made where its records are read.
    pub(super) fn command(&mut self, words: &[&str]) -> Result<Command<'static>, String> {
        match *words {
            ["app" | "update-app" | "delete", ..] => self.of_app(words),
            ["type" | "update-type", ..] => self.of_type(words),
            ["task" | "resolve", ..] => self.of_task(words),
            ["purge", app, before] => Ok(Command::PurgeInactive {
                app_id: self.app(app),
                inactive_before: Timestamp(number(before)?),
            }),
            ["erase", app, slug, id] => Ok(Command::EraseRecord {
                app_id: self.app(app),
                slug: slug.to_owned().into(),
                id: id.to_owned().into(),
            }),
            ["deactivate", app, slug, ref ids @ ..] => Ok(Command::DeactivateRecords {
                app_id: self.app(app),
                slug: slug.to_owned().into(),
                ids: ids.iter().map(|id| (*id).to_owned().into()).collect(),
            }),
            ["expire", before] => {
                Ok(Command::ExpireSessions { last_activity_before: Timestamp(number(before)?) })
            }
            _ => self.of_session(words),
        }
    }

    fn app(&mut self, name: &str) -> AppId {
        AppId(self.name(name))
    }

    fn of_app(&mut self, words: &[&str]) -> Result<Command<'static>, String> {
        Ok(match *words {
            ["app", name] => {
                Command::CreateApp { app_id: self.app(name), name: spaced(name).into(), clone_from: None }
            }
            ["app", name, "from", from] => {
                let clone_from = Some(self.app(from));
                Command::CreateApp { app_id: self.app(name), name: spaced(name).into(), clone_from }
            }
            ["update-app", name, ref rest @ ..] => {
                let mut known = vec!["name", "unguarded"];
                known.extend(GUARD_WORDS);
                let options = Options::new(rest, &known)?;
                let guard = guard(&options)?;
                let has_guard = !guard.is_none() || options.has("unguarded");
                let mut update = AppUpdate::default();
                update.name = options.text("name").map(Into::into);
                update.guard = has_guard.then_some(guard);
                Command::UpdateApp { app_id: self.app(name), update }
            }
            ["delete", name] => Command::DeleteApp { app_id: self.app(name) },
            _ => return Err("a command about an app has another form".into()),
        })
    }

    fn of_type(&mut self, words: &[&str]) -> Result<Command<'static>, String> {
        Ok(match *words {
            ["type", app, slug, of, ref rest @ ..] => {
                let options = Options::new(rest, &["id", "name"])?;
                self.types_made += 1;
                let id = ResourceTypeId(Uuid::from_u128(options.number("id")?.unwrap_or(self.types_made)));
                let name = options.text("name").unwrap_or_else(|| slug.to_uppercase()).into();
                let slug = slug.to_owned().into();
                Command::RegisterResourceType {
                    app_id: self.app(app),
                    resource_type_id: id,
                    new: NewResourceType { slug, name, kind: kind(of)? },
                }
            }
            ["update-type", app, slug, ref rest @ ..] => {
                let options = Options::new(rest, &["name", "slug", "kind"])?;
                let mut update = ResourceTypeUpdate::default();
                update.name = options.text("name").map(Into::into);
                update.slug = options.text("slug").map(Into::into);
                update.kind = options.text("kind").map(|word| kind(&word)).transpose()?;
                Command::UpdateResourceType { app_id: self.app(app), slug: slug.to_owned().into(), update }
            }
            _ => return Err("a command about a type has another form".into()),
        })
    }

    fn of_task(&mut self, words: &[&str]) -> Result<Command<'static>, String> {
        Ok(match *words {
            ["task", app, name, of, slug, ref rest @ ..] => {
                let options = Options::new(rest, &["payload", "after"])?;
                let mut new = NewTask::new(action(of)?, slug.to_owned());
                new.payload = options.text("payload").map(Into::into);
                new.execute_after = options.number("after")?.map(Timestamp);
                Command::CreateTask { app_id: self.app(app), task_id: TaskId(self.name(name)), new }
            }
            ["resolve", app, name, ref rest @ ..] => {
                let options = Options::new(rest, &["result", "code", "message"])?;
                let resolution = match options.text("code") {
                    None => Resolution::Completed { result: options.text("result").map(Into::into) },
                    Some(code) => Resolution::Failed {
                        code: code.into(),
                        message: options.text("message").unwrap_or_default().into(),
                    },
                };
                Command::ResolveTask { app_id: self.app(app), task_id: TaskId(self.name(name)), resolution }
            }
            _ => return Err("a command about a task has another form".into()),
        })
    }

    fn of_session(&mut self, words: &[&str]) -> Result<Command<'static>, String> {
        let [verb, app, session, ref rest @ ..] = *words else {
            return Err("a command about a session names an app and a session".into());
        };
        let (app, session) = (self.app(app), SessionId(self.name(session)));
        Ok(match (verb, rest) {
            ("start", []) => Command::StartSession { app_id: app, session_id: session, scope: Scope::All },
            ("start", ["scope", slugs @ ..]) => {
                let scope = Scope::types(slugs.iter().map(|slug| (*slug).to_owned()));
                Command::StartSession { app_id: app, session_id: session, scope }
            }
            ("complete", rest) => {
                let options = Options::new(rest, &["force", "plan"])?;
                let completion = if options.has("force") { Completion::FORCED } else { Completion::GUARDED };
                let plan: Option<Plan> = options.number("plan")?;
                let completion = plan.into_iter().fold(completion, Completion::with_plan);
                Command::CompleteSession { app_id: app, session_id: session, completion }
            }
            ("repeat", [slug, fingerprint]) => Command::RepeatPage {
                app_id: app,
                session_id: session,
                slug: (*slug).to_owned().into(),
                fingerprint: Fingerprint(number(fingerprint)?),
            },
            ("checkpoint", text) => {
                let checkpoint = (!text.is_empty()).then(|| text.join(" ").into());
                Command::SaveCheckpoint { app_id: app, session_id: session, checkpoint }
            }
            ("exclude", slugs) => {
                let types = slugs.iter().map(|slug| (*slug).to_owned().into()).collect();
                Command::ExcludeTypes { app_id: app, session_id: session, types }
            }
            ("waive", []) => Command::WaiveGuard { app_id: app, session_id: session },
            ("abandon", []) => Command::AbandonSession { app_id: app, session_id: session },
            ("fail", reason) => {
                Command::FailSession { app_id: app, session_id: session, reason: reason.join(" ").into() }
            }
            ("cleanup", ["all"]) => {
                Command::RunCleanup { app_id: app, session_id: session, budget: NonZeroU64::MAX }
            }
            ("cleanup", [budget]) => {
                Command::RunCleanup { app_id: app, session_id: session, budget: number(budget)? }
            }
            _ => return Err("a command about a session has another form".into()),
        })
    }
}
