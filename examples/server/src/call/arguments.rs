//! Which arguments of a command are malformed, whether or not what it names is there.

use headcount::{AppId, Command, Engine, Error, Kind, NewResourceType, ResourceTypeId, TaskId, Timestamp};
use uuid::Uuid;

/// The first malformed argument of a command that names a thing in its body. The rules are the engine's own: the
/// arguments are tried on an empty engine, with something there in the place of what the command names.
pub(super) fn fault(engine: &Engine, command: &Command<'_>) -> Option<Error> {
    let (app, id) = (AppId(Uuid::nil()), Uuid::nil());
    let mut trial = Engine::new(*engine.config());
    let tried = match command {
        Command::CreateApp { name, .. } => trial.create_app(Timestamp(0), app, name, None),
        Command::CreateTask { new, .. } => {
            let mut new = new.clone();
            new.resource_type = "type".into();
            trial
                .create_app(Timestamp(0), app, "App", None)
                .and_then(|_| {
                    let new = NewResourceType::new("type", "Type", Kind::Account);
                    trial.register_resource_type(Timestamp(0), app, ResourceTypeId(id), &new)
                })
                .and_then(|_| trial.create_task(Timestamp(0), app, TaskId(id), &new))
        }
        // No other command names a thing in its body beside a text that could be malformed.
        _ => Ok(()),
    };
    tried.err()
}
