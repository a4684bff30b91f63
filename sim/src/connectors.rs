//! Whoever sends commands: connectors that call rolls, and whoever else changes a tenant meanwhile. Their commands are
//! those of `testing`; what is hostile about them is how they send them.

use std::collections::VecDeque;
use std::num::NonZeroU64;

use headcount::{
    AppId, AppUpdate, Command, Completion, Config, Guard, Kind, NewResourceType, Page, ResourceTypeId, Scope,
    SessionId,
};
use headcount_testing::busy;
use headcount_testing::directory::{Directory, Roll};
use headcount_testing::generate::{self, Choices};
use headcount_testing::random::Random;

use crate::reached::{Group, Reached};

const APP: AppId = AppId::from_u128(1);
/// Of so many requests one that was answered may come again.
const REMEMBERED: usize = 12;

/// A request on its way.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The same for each try.
    pub(crate) key: u64,
    /// A command in postcard, or garbage.
    pub(crate) body: Vec<u8>,
    /// Whether somebody spoiled it.
    pub(crate) is_garbage: bool,
}

/// All of them.
pub(crate) struct Connectors {
    /// What is left of the rolls of a connector that knows its commands beforehand.
    script: VecDeque<Command<'static>>,
    /// So many commands of it, and of requests, are the first ones: that there are apps and types is not left to chance.
    setup: usize,
    /// Of so many commands one is of somebody who looks at what is there, and does anything.
    others_one_in: usize,
    /// What nobody answered.
    unanswered: VecDeque<Request>,
    /// What was sent last.
    sent: VecDeque<Request>,
    keys: u64,
}

/// Those of a seed, and the configuration of their tenant.
pub(crate) fn of_seed(random: &mut Random) -> (Connectors, Config) {
    let key = [random.bytes(1)[0]; 16];
    let (script, others_one_in, config): (VecDeque<_>, _, _) = match random.below(8) {
        0 | 1 => {
            let prologue = generate::prologue().into_iter().map(|(_, command)| command);
            (prologue.collect(), 1, generate::config())
        }
        2 => (directory(random), 4, Config::new()),
        _ => {
            let length = 60 + random.below(300);
            let history = busy::history(&random.bytes(length));
            (history.into_iter().map(|(_, command)| command).collect(), 3, Config::new())
        }
    };
    let is_setup = |command: &Command<'_>| !matches!(command, Command::StartSession { .. });
    let setup = script.iter().take_while(|command| is_setup(command)).count();
    let (unanswered, sent) = (VecDeque::new(), VecDeque::new());
    let connectors = Connectors { script, setup, others_one_in, unanswered, sent, keys: 0 };
    (connectors, config.with_hash_key(key))
}

/// Three rolls of a small directory, with some of its pages in another order each time.
fn directory(random: &mut Random) -> VecDeque<Command<'static>> {
    let directory = Directory::new(20 + random.below(60) as u32);
    let mut script =
        VecDeque::from([Command::CreateApp { app_id: APP, name: "App".into(), clone_from: None }]);
    for (id, slug, kind) in [(1, "account", Kind::Account), (2, "team", Kind::Group)] {
        let new = NewResourceType::new(slug, slug, kind);
        let resource_type_id = ResourceTypeId::from_u128(id);
        script.push_back(Command::RegisterResourceType { app_id: APP, resource_type_id, new });
    }
    // A connector that dies behind its first page is not to take everybody away.
    let update = AppUpdate::default().with_guard(Guard::NONE.with_max_percent(30));
    script.push_back(Command::UpdateApp { app_id: APP, update });
    for (session, roll) in [(1, Roll::Whole), (2, Roll::Later), (3, Roll::Whole)] {
        let session_id = SessionId::from_u128(session);
        script.push_back(Command::StartSession { app_id: APP, session_id, scope: Scope::All });
        let numbers = if random.below(2) == 0 { directory.in_order() } else { directory.shuffled() };
        let accounts = directory.named(roll, &numbers);
        let pages = accounts.chunks(15).map(|numbers| ("account", directory.accounts_page(roll, numbers)));
        let mut pages: Vec<(&str, Page<'_>)> = pages.collect();
        pages.extend(directory.team_pages().map(|numbers| ("team", directory.teams_page(numbers))));
        let turn = random.below(pages.len());
        pages.rotate_left(turn);
        let push = |(slug, page): (&'static str, Page<'static>)| Command::PushPage {
            app_id: APP,
            session_id,
            slug: slug.into(),
            page,
        };
        script.extend(pages.into_iter().map(push));
        script.push_back(Command::CompleteSession {
            app_id: APP,
            session_id,
            completion: Completion::GUARDED,
        });
        script.extend((0..3).map(|_| cleanup(session_id, 40)));
    }
    script
}

fn cleanup(session_id: SessionId, budget: u64) -> Command<'static> {
    Command::RunCleanup { app_id: APP, session_id, budget: NonZeroU64::MIN.saturating_add(budget) }
}

impl Connectors {
    /// The next request to arrive, if anybody has anything left to say.
    pub(crate) fn next(
        &mut self,
        random: &mut Random,
        open: Option<SessionId>,
        reached: &mut Reached,
    ) -> Option<Request> {
        let mut note = |what| reached.note(Group::Requests, what);
        if !self.unanswered.is_empty() && random.below(2) == 0 {
            note("sent again, no answer came");
            let at = random.below(self.unanswered.len());
            if at > 0 {
                note("out of order");
            }
            return self.unanswered.remove(at);
        }
        if !self.sent.is_empty() && random.below(16) == 0 {
            note("sent again, though answered");
            let mut request = self.sent[random.below(self.sent.len())].clone();
            if random.below(3) == 0 {
                // By one who does not know that it is the same.
                request.key = self.new_key();
            }
            return Some(request);
        }
        let is_of_others = self.script.is_empty() || random.below(self.others_one_in) == 0;
        let command = if let Some(left) = self.setup.checked_sub(1) {
            self.setup = left;
            self.script.pop_front()?
        } else if is_of_others {
            Choices::new(&random.bytes(96)).command(open).1
        } else {
            self.of_script(random, open, &mut note)?
        };
        let mut body = postcard::to_allocvec(&command).expect("a command is written to bytes");
        let is_garbage = self.setup == 0 && random.below(24) == 0;
        if is_garbage {
            body = garbage(random, body);
        } else {
            note("new");
        }
        let request = Request { key: self.new_key(), body, is_garbage };
        self.sent.push_back(request.clone());
        if self.sent.len() > REMEMBERED {
            self.sent.pop_front();
        }
        Some(request)
    }

    fn new_key(&mut self) -> u64 {
        self.keys += 1;
        self.keys
    }

    /// The next one of a roll, unless the connector does something that it should not.
    fn of_script(
        &mut self,
        random: &mut Random,
        open: Option<SessionId>,
        note: &mut impl FnMut(&'static str),
    ) -> Option<Command<'static>> {
        match (random.below(32), open) {
            (0, _) => {
                note("connector died");
                let is_start = |command: &Command<'_>| matches!(command, Command::StartSession { .. });
                let next_roll = self.script.iter().skip(1).position(is_start);
                self.script.drain(..next_roll.map_or(0, |at| at + 1));
            }
            (1, _) if self.script.len() > 1 => {
                note("out of order");
                self.script.swap(0, 1);
            }
            (2, Some(session_id)) => {
                note("lies about the end");
                self.script.push_front(cleanup(session_id, random.below(4) as u64));
                let completion = if random.below(2) == 0 { Completion::FORCED } else { Completion::GUARDED };
                return Some(Command::CompleteSession { app_id: APP, session_id, completion });
            }
            _ => {}
        }
        self.script.pop_front()
    }

    /// No answer came to a request.
    pub(crate) fn lose(&mut self, mut request: Request, random: &mut Random, reached: &mut Reached) {
        match random.below(8) {
            _ if request.key < 16 => {}
            0 => return reached.note(Group::Requests, "given up"),
            // It was not noted what it was known by.
            1 => request.key = self.new_key(),
            _ => {}
        }
        self.unanswered.push_back(request);
    }
}

/// Bytes that may be no command.
fn garbage(random: &mut Random, mut body: Vec<u8>) -> Vec<u8> {
    match random.below(3) {
        0 => body.truncate(random.below(body.len())),
        1 => {
            let at = random.below(body.len());
            body[at] ^= 1 << random.below(8);
        }
        _ => {
            let length = random.below(40);
            body = random.bytes(length);
        }
    }
    body
}
