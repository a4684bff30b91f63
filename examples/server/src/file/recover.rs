//! What a person decides where a data file is damaged: to go on with what came up to an entry.

use std::path::Path;
use std::str::FromStr;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, params};

use super::chain::Sum;
use super::format::About;
use super::lock::{self, Lock, Mark};
use super::open::{close, connect};
use super::verify;
use crate::store::{StoreError, read_fingerprint_key};

/// Up to where a journal is kept: `ENTRY`, or `TENANT=ENTRY` for that tenant alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoverTo {
    /// Whose; all tenants' if it is not said.
    pub tenant: Option<String>,
    /// The last entry that is kept.
    pub entry: i64,
}

impl FromStr for RecoverTo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (tenant, entry) = match text.split_once('=') {
            Some((tenant, entry)) => (Some(tenant.to_owned()), entry),
            None => (None, text),
        };
        let entry = entry.parse().ok().filter(|entry| *entry >= 0);
        let entry = entry
            .ok_or_else(|| format!("found {text:?}, expected the number of an entry, or TENANT=NUMBER"))?;
        Ok(Self { tenant, entry })
    }
}

/// Drops from a data file what comes behind entries of its journal, and what is damaged and not needed for what comes
/// up to them.
///
/// # Errors
/// Where another server has it open, or what is to be kept is damaged. The file is then as it was.
pub fn recover(path: &Path, wanted: &[RecoverTo]) -> Result<(), StoreError> {
    let path = lock::real_path(path).map_err(|error| StoreError::Lock(error.to_string()))?;
    if !path.exists() {
        return Err(StoreError::Lock(format!("{} is not there, and cannot be recovered", path.display())));
    }
    let lock = Lock::take(&path)?;
    let mut connection = connect(&path)?;
    let transaction = connection.transaction()?;
    // Its own row may be what is damaged.
    let about = About::read(&transaction);
    if let Err(error @ (StoreError::OtherForm(_) | StoreError::Sqlite(_))) = about {
        return Err(error);
    }
    let mark = lock.mark();
    let about = about.unwrap_or_else(|_| About {
        file_id: mark.map_or_else(|| uuid::Uuid::new_v4().as_u128(), |mark| mark.file_id),
        is_open: false,
        last_entry: 0,
    });
    let mut last_entry = mark.map_or(0, |mark| mark.entry).max(about.last_entry);
    for tenant in tenants(&transaction)? {
        let of_tenant =
            wanted.iter().filter(|wanted| wanted.tenant.as_ref().is_none_or(|name| *name == tenant));
        // That of the tenant itself counts, whatever is said of all.
        let entry =
            of_tenant.max_by_key(|wanted| wanted.tenant.is_some()).map_or(i64::MAX, |wanted| wanted.entry);
        last_entry = last_entry.max(keep_up_to(&transaction, &tenant, entry)?);
    }
    // Pages that are known by another key are pushed again, and nothing else comes of it.
    if read_fingerprint_key(&transaction).is_err() {
        transaction.execute("DELETE FROM secret", [])?;
    }
    let about = About { is_open: false, last_entry, ..about };
    about.write(&transaction)?;
    verify::verify(&transaction, about)?;
    transaction.commit()?;
    if let Err(error) = verify::check_structure(&connection) {
        tracing::warn!(%error, "the file is written anew");
        connection.execute_batch("VACUUM")?;
        verify::check_structure(&connection)?;
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    close(&connection, about)?;
    lock.note(Mark { file_id: about.file_id, entry: last_entry });
    lock.sync();
    Ok(())
}

/// All tenants of which there is anything.
fn tenants(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql =
        "SELECT tenant FROM head UNION SELECT tenant FROM snapshot UNION SELECT DISTINCT tenant FROM journal";
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// Drops what a tenant has behind an entry, and all before the newest good snapshot. Answers the number of its last
/// entry, kept or not.
fn keep_up_to(connection: &Connection, tenant: &str, entry: i64) -> Result<i64, StoreError> {
    let newest = "SELECT max(coalesce((SELECT max(id) FROM journal WHERE tenant = ?1), 0),
        coalesce((SELECT max(entry) FROM head WHERE tenant = ?1), 0))";
    let newest: i64 = connection.query_row(newest, [tenant], |row| row.get(0))?;
    connection.execute("DELETE FROM journal WHERE tenant = ? AND id > ?", params![tenant, entry])?;
    let kept = verify::snapshots_of(connection, tenant)?;
    let base = kept.iter().rev().find(|kept| kept.entry <= entry && kept.damage.is_none());
    let base = base.map_or((0, Sum::START), |kept| (kept.entry, kept.chain));
    for kept in kept.iter().filter(|kept| kept.entry != base.0) {
        tracing::warn!(tenant, entry = kept.entry, damage = ?kept.damage, "a snapshot is dropped");
    }
    for table in ["snapshot", "snapshot_part"] {
        let sql = format!("DELETE FROM {table} WHERE tenant = ? AND entry <> ?");
        connection.execute(&sql, params![tenant, base.0])?;
    }
    connection.execute("DELETE FROM journal WHERE tenant = ? AND id <= ?", params![tenant, base.0])?;
    let end = "SELECT id, sum FROM journal WHERE tenant = ? ORDER BY id DESC LIMIT 1";
    let end =
        connection.query_row(end, [tenant], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)));
    let (last, sum) = match end.optional()? {
        Some((last, sum)) => (last, Sum::read(&sum).unwrap_or(Sum::START)),
        None => base,
    };
    if last == 0 && newest > 0 && entry > 0 {
        return Err(StoreError::Damaged(format!("nothing of tenant {tenant} is left up to entry {entry}")));
    }
    let values = params![tenant, last, sum.bytes()];
    connection.execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", values)?;
    tracing::warn!(tenant, snapshot = base.0, last_entry = last, was = newest, "recovered");
    Ok(newest.max(last))
}
