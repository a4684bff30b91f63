//! A copy of a data file, taken beside a server that goes on.

use std::fs::{self, File};
use std::path::Path;

use rusqlite::config::DbConfig;

use super::format::About;
use super::lock::{beside, real_path};
use super::open::{close, connect, connect_to_read};
use super::verify;
use crate::store::StoreError;

/// Copies a data file, as it is between two transactions, and looks at all of the copy. The copy is whole by itself, and
/// in its place only when it is good and on disk. A server that has the file open goes on meanwhile; its write-ahead file
/// grows until the copy is made.
///
/// Answers the last entry of the journal that is in it.
///
/// # Errors
/// Where there is something in the place of the copy, one of the files cannot be read or written, or the copy is not
/// good: then neither is what it was made of.
pub fn backup(data: &Path, to: &Path) -> Result<i64, StoreError> {
    let failed =
        |path: &Path, why: &dyn std::fmt::Display| StoreError::Lock(format!("{}: {why}", path.display()));
    let to = real_path(to).map_err(|error| failed(to, &error))?;
    if to.exists() {
        return Err(failed(&to, &"it is there already, and is not written over"));
    }
    let part = beside(&to, ".part");
    for ending in ["", "-wal", "-shm"] {
        // What an earlier attempt left; mostly there is nothing.
        let _ = fs::remove_file(beside(&part, ending));
    }
    let name = part.to_str().ok_or_else(|| failed(&part, &"its name is no text"))?;
    connect_to_read(data)?.execute("VACUUM INTO ?", [name])?;
    let copied = finish(&part);
    let last_entry = copied.inspect_err(|_| _ = fs::remove_file(&part))?;
    File::open(&part).and_then(|file| file.sync_all()).map_err(|error| failed(&part, &error))?;
    fs::rename(&part, &to).map_err(|error| failed(&to, &error))?;
    let folder = to.parent().unwrap_or(Path::new("/"));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(folder, &error))?;
    Ok(last_entry)
}

/// Looks at a copy, and says in it that nobody has it open.
fn finish(part: &Path) -> Result<i64, StoreError> {
    let connection = connect(part)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    let about = About::read(&connection)?;
    verify::check_structure(&connection)?;
    let standings = verify::verify(&connection, about)?;
    for (tenant, standing) in &standings {
        for kept in standing.snapshots.iter().filter(|kept| kept.damage.is_some()) {
            tracing::warn!(tenant, entry = kept.entry, damage = ?kept.damage, "a snapshot is damaged, here and there");
        }
    }
    close(&connection, about)?;
    Ok(about.last_entry)
}
