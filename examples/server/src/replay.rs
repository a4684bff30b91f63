//! A tenant as its data file has it: its newest good snapshot, and the journal from there on, each command under the
//! configuration of then.

use std::collections::VecDeque;

use headcount::{Command, Config, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use crate::configurations::Configurations;
use crate::file::chain::Witness;
use crate::file::parts;
use crate::file::verify::Standing;
use crate::store::StoreError;
use crate::tenant::Tenant;
use crate::upkeep;

/// What a file holds of a tenant.
#[derive(Debug)]
pub struct Loaded {
    /// As of the end of the journal.
    pub tenant: Tenant,
    /// The entry of the journal that its snapshot was of.
    pub place: i64,
    /// The last entry.
    pub entry: i64,
    /// Commands behind that snapshot.
    pub commands_since: u64,
    /// Whether a snapshot was damaged, so that there are fewer than there should be.
    pub is_short_of_snapshots: bool,
}

/// Under which configuration a replay is.
struct Replay {
    configurations: Configurations,
    /// That of this start.
    given: Config,
    in_force: Config,
}

impl Replay {
    /// The configuration of an entry of the journal.
    fn of(&self, entry: i64) -> Config {
        self.configurations.of(entry, self.given)
    }

    /// The configuration to begin with behind a place of the journal.
    fn begin_behind(&mut self, place: i64) -> Config {
        self.in_force = self.of(place + 1);
        self.in_force
    }

    /// The tenant under a configuration, if it is another one than so far.
    fn under(&mut self, config: Config, tenant: Tenant) -> Result<Tenant, StoreError> {
        if config == self.in_force {
            return Ok(tenant);
        }
        self.in_force = config;
        tenant.with_config(config).map_err(StoreError::Damaged)
    }
}

/// Loads a tenant of which a file has what its standing says. What comes behind is to be carried out under this
/// configuration.
///
/// # Errors
/// Where no snapshot can be loaded and the journal does not go back to the beginning, an entry is no command, or one
/// comes to another change than it came to when it was carried out.
pub fn load(
    connection: &Connection,
    standing: Option<&Standing>,
    name: &str,
    config: Config,
    changes_kept: u64,
) -> Result<Loaded, StoreError> {
    let nothing = Standing::NOTHING;
    let standing = standing.unwrap_or(&nothing);
    let configurations = Configurations::read(connection)?;
    let mut replay = Replay { configurations, given: config, in_force: config };
    let mut found = None;
    for kept in standing.snapshots.iter().rev() {
        let place = kept.entry;
        let loaded = match &kept.damage {
            Some(what) => Err(format!("{what} is not as it was written")),
            None => read_snapshot(connection, name, place, replay.begin_behind(place), changes_kept)?,
        };
        match loaded {
            Ok(tenant) => {
                found = Some((tenant, place));
                break;
            }
            Err(error) => tracing::error!(
                name,
                place,
                error,
                "a snapshot is damaged: nothing is lost, as the one before and the journal have it all; look at the disk"
            ),
        }
    }
    if found.is_none() && !standing.snapshots.is_empty() && !goes_back_to_the_beginning(connection, name)? {
        // The journal is pruned behind the older of two snapshots.
        return Err(StoreError::Damaged(format!("no snapshot of {name} is good")));
    }
    let (tenant, place) = found.unwrap_or_else(|| (Tenant::new(replay.begin_behind(0), changes_kept), 0));
    let (tenant, commands_since) = carry_on(connection, name, tenant, place, &mut replay)?;
    let tenant = replay.under(config, tenant)?;
    let is_short_of_snapshots =
        standing.snapshots.iter().any(|kept| kept.damage.is_some() || kept.entry > place);
    Ok(Loaded { tenant, place, entry: standing.entry, commands_since, is_short_of_snapshots })
}

fn goes_back_to_the_beginning(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    let first = "SELECT behind FROM journal WHERE tenant = ? ORDER BY id LIMIT 1";
    let behind: Option<i64> = connection.query_row(first, [name], |row| row.get(0)).optional()?;
    Ok(behind == Some(0))
}

/// A tenant as of a snapshot, or why it is none.
fn read_snapshot(
    connection: &Connection,
    name: &str,
    place: i64,
    config: Config,
    changes_kept: u64,
) -> Result<Result<Tenant, String>, StoreError> {
    let sql = "SELECT bytes FROM snapshot WHERE tenant = ? AND entry = ?";
    let bytes: i64 = connection.query_row(sql, params![name, place], |row| row.get(0))?;
    let state = parts::read(connection, name, place, bytes.unsigned_abs() as usize)?;
    Ok(Tenant::from_bytes(&state, config, changes_kept))
}

/// Carries out what the journal has behind an entry. Answers how many commands that were.
fn carry_on(
    connection: &Connection,
    name: &str,
    mut tenant: Tenant,
    after: i64,
    replay: &mut Replay,
) -> Result<(Tenant, u64), StoreError> {
    let sql = "SELECT id, now, applied, seq, command FROM journal WHERE tenant = ? AND id > ? ORDER BY id";
    let mut entries = connection.prepare(sql)?;
    let mut rows = entries.query(params![name, after])?;
    let mut commands = 0;
    let mut witnesses = Witnesses::new(Witness { entry: after, seq: tenant.engine.seq() });
    while let Some(row) = rows.next()? {
        let (id, now): (i64, i64) = (row.get(0)?, row.get(1)?);
        let witness = Witness { entry: row.get(2)?, seq: row.get::<_, i64>(3)?.cast_unsigned() };
        let damaged = |what: String| StoreError::DamagedJournal {
            tenant: name.to_owned(),
            what,
            good: witness.entry.saturating_sub(1),
        };
        if let Some(found) = witnesses.compare(witness) {
            return Err(damaged(format!(
                "entry {} came to change {} when it was carried out, and comes to change {found} now",
                witness.entry, witness.seq
            )));
        }
        let bytes = row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?;
        let command: Command<'_> = postcard::from_bytes(bytes)
            .map_err(|error| damaged(format!("entry {id} is no command: {error}")))?;
        tenant = replay.under(replay.of(id), tenant)?;
        // What was refused then is refused now.
        let _ = tenant.carry_out(Timestamp(now), &command);
        witnesses.note(Witness { entry: id, seq: tenant.engine.seq() });
        commands += 1;
    }
    Ok((tenant, commands))
}

/// What the entries of a replay came to, until it was compared with what they came to before.
struct Witnesses(VecDeque<Witness>);

impl Witnesses {
    fn new(first: Witness) -> Self {
        Self(VecDeque::from([first]))
    }

    fn note(&mut self, witness: Witness) {
        self.0.push_back(witness);
    }

    /// The change that an entry came to, if it is another one than it came to before. Of an entry before the snapshot
    /// it is not known.
    fn compare(&mut self, before: Witness) -> Option<u64> {
        while self.0.front().is_some_and(|witness| witness.entry < before.entry) {
            self.0.pop_front();
        }
        let found = self.0.front().filter(|witness| witness.entry == before.entry)?;
        (found.seq != before.seq).then_some(found.seq)
    }
}

/// Drops what a stop in the middle of a snapshot left, and snapshots that are damaged.
///
/// # Errors
/// Of SQLite.
pub fn drop_useless(
    connection: &Connection,
    standing: Option<&Standing>,
    name: &str,
) -> Result<(), StoreError> {
    let damaged = standing.into_iter().flat_map(|standing| &standing.snapshots);
    for kept in damaged.filter(|kept| kept.damage.is_some()) {
        let sql = "DELETE FROM snapshot WHERE tenant = ? AND entry = ?";
        connection.execute(sql, params![name, kept.entry])?;
    }
    upkeep::drop_parts(connection, name, -1)?;
    Ok(())
}
