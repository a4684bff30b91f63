//! All that can be known of a data file, beside a server or without one.

use std::fmt;
use std::path::Path;

use headcount::Config;
use rusqlite::Connection;

use super::format::About;
use super::lock::{self, Lock};
use super::open::connect_to_read;
use super::verify::{self, Standing};
use crate::configurations::Configurations;
use crate::replay;
use crate::store::{StoreError, read_fingerprint_key};

/// What a file was found to hold.
#[derive(Debug)]
pub struct Report {
    /// The last entry of its journal.
    pub last_entry: i64,
    /// Whether it has to be closed, by a server that has it open or the next one that opens it.
    pub is_open: bool,
    /// By name.
    pub tenants: Vec<TenantReport>,
}

/// What it holds of a tenant.
#[derive(Debug)]
pub struct TenantReport {
    /// Its name.
    pub name: String,
    /// The last entry of its journal.
    pub entry: i64,
    /// The number of its last change.
    pub seq: u64,
    /// The digest of its engine.
    pub digest: u128,
    /// The entries of its snapshots, and what is wrong with them.
    pub snapshots: Vec<(i64, Option<String>)>,
}

impl Report {
    /// Whether something is damaged: a snapshot, which costs nothing as long as the one before is good.
    pub fn has_damage(&self) -> bool {
        self.tenants.iter().flat_map(|tenant| &tenant.snapshots).any(|(_, damage)| damage.is_some())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_open { "open, or not closed by its server" } else { "closed" };
        writeln!(f, "last entry {}; {state}", self.last_entry)?;
        for TenantReport { name, entry, seq, digest, snapshots } in &self.tenants {
            writeln!(f, "tenant {name}: entry {entry}, change {seq}, digest {digest:032x}")?;
            for (entry, damage) in snapshots {
                let damage = damage.as_ref().map_or("good".to_owned(), |damage| format!("DAMAGED: {damage}"));
                writeln!(f, "tenant {name}: snapshot of entry {entry}, {damage}")?;
            }
        }
        Ok(())
    }
}

/// Reads all of a file: SQLite's structures, every checksum, and every tenant, whose engine is loaded, replayed, and
/// checked against the rules that always hold. Takes the memory of the largest tenant. Changes nothing.
///
/// # Errors
/// Where anything but a snapshot is damaged, or entries that were acknowledged are not there.
pub fn check(data: &Path) -> Result<Report, StoreError> {
    let path =
        lock::real_path(data).map_err(|error| StoreError::Lock(format!("{}: {error}", data.display())))?;
    // Before the file is looked at, as a server may go on writing.
    let mark = Lock::mark_of(&path);
    let mut connection = connect_to_read(&path)?;
    let transaction = connection.transaction()?;
    let about = About::read(&transaction)?;
    let acknowledged = mark.filter(|mark| mark.file_id == about.file_id).map(|mark| mark.entry);
    if let Some(entry) = acknowledged.filter(|entry| *entry > about.last_entry) {
        let why =
            format!("entries up to {entry} were acknowledged, and {} is the last one", about.last_entry);
        return Err(StoreError::Lost { why, good: about.last_entry });
    }
    verify::check_structure(&transaction)?;
    read_fingerprint_key(&transaction)?;
    let configurations = Configurations::read(&transaction)?;
    let standings = verify::verify(&transaction, about)?;
    let config = configurations.of(i64::MAX, Config::new());
    let tenants = standings.iter().map(|(name, standing)| tenant(&transaction, name, standing, config));
    let tenants = tenants.collect::<Result<_, _>>()?;
    Ok(Report { last_entry: about.last_entry, is_open: about.is_open, tenants })
}

fn tenant(
    connection: &Connection,
    name: &str,
    standing: &Standing,
    config: Config,
) -> Result<TenantReport, StoreError> {
    let loaded = replay::load(connection, Some(standing), name, config, 0)?;
    let engine = loaded.tenant.engine;
    engine.check_invariants().map_err(|broken| StoreError::Damaged(format!("tenant {name}: {broken}")))?;
    Ok(TenantReport {
        name: name.to_owned(),
        entry: standing.entry,
        seq: engine.seq(),
        digest: engine.digest(),
        snapshots: standing.snapshots.iter().map(|kept| (kept.entry, kept.damage.clone())).collect(),
    })
}
