//! Looks at all that a data file holds, before anything of it is used.
//!
//! What the engines make of it is not looked at here: that is seen when they are loaded.

use std::collections::BTreeMap;

use headcount::Timestamp;
use rusqlite::{Connection, params};

use super::chain::{Row, Sum, Witness};
use super::format::About;
use crate::store::StoreError;

/// What is known of a tenant's part of a file.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The last entry of its journal; 0 if it never had one.
    pub entry: i64,
    /// The checksum of that one.
    pub sum: Sum,
    /// Its snapshots, oldest first.
    pub snapshots: Vec<Kept>,
}

impl Standing {
    /// That of a tenant of which there is nothing.
    pub const NOTHING: Self = Self { entry: 0, sum: Sum::START, snapshots: Vec::new() };

    /// The oldest snapshot that is good, from which on its journal is looked at.
    fn base(&self) -> (i64, Sum) {
        let good = self.snapshots.iter().find(|kept| kept.damage.is_none());
        good.map_or((0, Sum::START), |kept| (kept.entry, kept.chain))
    }
}

/// A snapshot in the file.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The last entry of the journal that is in it.
    pub entry: i64,
    /// The checksum of that entry.
    pub chain: Sum,
    /// What is wrong with it.
    pub damage: Option<String>,
}

/// What a file that is good holds, by tenant.
pub type Standings = BTreeMap<String, Standing>;

/// Whether SQLite finds its own structures in order.
///
/// # Errors
/// In its words where it does not.
pub fn check_structure(connection: &Connection) -> Result<(), StoreError> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Damaged(format!("SQLite says: {found}"))) }
}

/// Reads snapshots and journal of all tenants, and compares all checksums. A snapshot that is damaged is told in its
/// place; the journal behind the one before has what is in it.
///
/// # Errors
/// Where an entry is damaged, missing, or not in its place: which, and up to where the journal is good.
pub fn verify(connection: &Connection, about: About) -> Result<Standings, StoreError> {
    let mut found = Standings::new();
    let mut tenants = connection.prepare("SELECT DISTINCT tenant FROM snapshot")?;
    for tenant in tenants.query_map([], |row| row.get::<_, String>(0))? {
        let tenant = tenant?;
        let snapshots = snapshots_of(connection, &tenant)?;
        let mut standing = Standing { snapshots, ..Standing::NOTHING };
        (standing.entry, standing.sum) = standing.base();
        found.insert(tenant, standing);
    }
    walk(connection, &mut found)?;
    compare_heads(connection, &found)?;
    if let Some((tenant, standing)) = found.iter().find(|(_, standing)| standing.entry > about.last_entry) {
        let (entry, last) = (standing.entry, about.last_entry);
        return Err(StoreError::Damaged(format!(
            "entry {entry} of tenant {tenant} is behind {last}, the last one"
        )));
    }
    Ok(found)
}

/// The snapshots of a tenant, oldest first.
///
/// # Errors
/// Of SQLite.
pub fn snapshots_of(connection: &Connection, tenant: &str) -> Result<Vec<Kept>, StoreError> {
    let sql = "SELECT entry, parts, bytes, chain, sum FROM snapshot WHERE tenant = ? ORDER BY entry";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([tenant])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (entry, parts, bytes): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (chain, sum): (Vec<u8>, Vec<u8>) = (row.get(3)?, row.get(4)?);
        let damage = match Sum::read(&chain) {
            Some(chain) => {
                Header { tenant, entry, parts, bytes, chain }.damage(connection, Sum::read(&sum))?
            }
            None => Some("its own row".to_owned()),
        };
        found.push(Kept { entry, chain: Sum::read(&chain).unwrap_or(Sum::START), damage });
    }
    Ok(found)
}

/// What a snapshot's own row says.
#[derive(Clone, Copy, Debug)]
pub struct Header<'h> {
    /// Whose it is.
    pub tenant: &'h str,
    /// The last entry that is in it.
    pub entry: i64,
    /// How many parts it has.
    pub parts: i64,
    /// How many bytes they have.
    pub bytes: i64,
    /// The checksum of the entry.
    pub chain: Sum,
}

impl Header<'_> {
    /// Its checksum behind that of its last part.
    pub fn sum(&self, parts_sum: Sum) -> Sum {
        let Self { tenant, entry, parts, bytes, chain } = self;
        parts_sum.then(&[
            b"snapshot",
            tenant.as_bytes(),
            &entry.to_le_bytes(),
            &parts.to_le_bytes(),
            &bytes.to_le_bytes(),
            &chain.bytes(),
        ])
    }

    /// What is wrong with the snapshot, if anything is.
    fn damage(&self, connection: &Connection, expected: Option<Sum>) -> Result<Option<String>, StoreError> {
        let sql = "SELECT part, state, sum FROM snapshot_part WHERE tenant = ? AND entry = ? ORDER BY part";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![self.tenant, self.entry])?;
        let (mut sum, mut parts, mut bytes) = (Sum::START, 0, 0);
        while let Some(row) = rows.next()? {
            let (part, found): (i64, Vec<u8>) = (row.get(0)?, row.get(2)?);
            let state = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            sum = part_sum(sum, state);
            if part != parts || Sum::read(&found) != Some(sum) {
                return Ok(Some(format!("part {parts}")));
            }
            (parts, bytes) = (parts + 1, bytes + state.len() as i64);
        }
        if (parts, bytes) != (self.parts, self.bytes) {
            let Self { parts: expected, .. } = self;
            return Ok(Some(format!(
                "{parts} parts, {bytes} bytes, in the place of {expected}, {}",
                self.bytes
            )));
        }
        Ok((Some(self.sum(sum)) != expected).then(|| "its own row".to_owned()))
    }
}

/// The checksum of a part behind that of the one before.
pub fn part_sum(before: Sum, state: &[u8]) -> Sum {
    before.then(&[b"part", state])
}

/// Goes through the journal of all tenants, from where each is to begin.
fn walk(connection: &Connection, found: &mut Standings) -> Result<(), StoreError> {
    let sql = "SELECT id, tenant, behind, now, applied, seq, command, sum FROM journal ORDER BY id";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let entry: i64 = row.get(0)?;
        let tenant = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let standing = match found.get_mut(tenant) {
            Some(standing) => standing,
            None => found.entry(tenant.to_owned()).or_insert(Standing::NOTHING),
        };
        if entry <= standing.base().0 {
            // Of no use any more, and about to be dropped.
            continue;
        }
        let witness = Witness { entry: row.get(4)?, seq: row.get::<_, i64>(5)?.cast_unsigned() };
        let command = row.get_ref(6)?.as_blob().map_err(rusqlite::Error::from)?;
        let (behind, now) = (row.get(2)?, Timestamp(row.get(3)?));
        let sum = Sum::read(&row.get::<_, Vec<u8>>(7)?).ok_or_else(|| no_sum(entry))?;
        let row = Row { entry, tenant, behind, now, witness, command };
        standing.step(row, sum)?;
    }
    Ok(())
}

impl Standing {
    /// Takes the next row.
    fn step(&mut self, row: Row<'_>, sum: Sum) -> Result<(), StoreError> {
        let Row { entry, tenant, behind, .. } = row;
        if row.sum(self.sum) != sum {
            let what = if behind == self.entry {
                format!("entry {entry} is not as it was written")
            } else if self.entry == 0 && self.snapshots.is_empty() {
                format!("entry {entry} follows entry {behind}, which is missing, and there is no snapshot")
            } else if self.entry == 0 {
                format!("entry {entry} follows entry {behind}, and no snapshot is good")
            } else {
                format!(
                    "entry {entry} does not follow entry {}: one is missing, changed or not in its place",
                    self.entry
                )
            };
            return Err(self.damaged(tenant, &what));
        }
        (self.entry, self.sum) = (entry, sum);
        match self.snapshots.iter().find(|kept| kept.entry == entry && kept.damage.is_none()) {
            Some(kept) if kept.chain != sum => {
                Err(self.damaged(tenant, &format!("the snapshot of entry {entry} is of another journal")))
            }
            _ => Ok(()),
        }
    }

    fn damaged(&self, tenant: &str, what: &str) -> StoreError {
        StoreError::DamagedJournal { tenant: tenant.to_owned(), what: what.to_owned(), good: self.entry }
    }
}

/// Compares where each tenant's journal ends with where it is said to end.
fn compare_heads(connection: &Connection, found: &Standings) -> Result<(), StoreError> {
    let mut statement = connection.prepare("SELECT tenant, entry, sum FROM head")?;
    let mut rows = statement.query([])?;
    let mut heads = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (tenant, entry, sum): (String, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        heads.insert(tenant, (entry, Sum::read(&sum).ok_or_else(|| no_sum(entry))?));
    }
    for (tenant, standing) in found {
        match heads.remove(tenant) {
            Some((entry, sum)) if (entry, sum) == (standing.entry, standing.sum) => {}
            Some((entry, _)) if entry != standing.entry => {
                let what = format!("it ends at entry {}, and was written up to {entry}", standing.entry);
                return Err(standing.damaged(tenant, &what));
            }
            Some((entry, _)) => {
                return Err(
                    standing.damaged(tenant, &format!("entry {entry} is not the one that was written last"))
                );
            }
            None => return Err(standing.damaged(tenant, "where it ends is not said")),
        }
    }
    match heads.pop_first() {
        None => Ok(()),
        Some((tenant, (entry, _))) => {
            Err(Standing::NOTHING.damaged(&tenant, &format!("entry {entry} and all before are missing")))
        }
    }
}

fn no_sum(entry: i64) -> StoreError {
    StoreError::Damaged(format!("a checksum at entry {entry} is none"))
}
