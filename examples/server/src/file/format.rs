//! What a data file looks like: its tables, and the row that says so.

use rusqlite::{Connection, OptionalExtension, params};

use super::chain::Sum;
use crate::store::StoreError;

/// The form of a data file that this version reads and writes.
const FORM: i64 = 2;

const SCHEMA: &str = "
    -- What the file is: see `About`.
    CREATE TABLE file (
        one INTEGER PRIMARY KEY CHECK (one = 1), form INTEGER NOT NULL, id BLOB NOT NULL, is_open INTEGER NOT NULL,
        last_entry INTEGER NOT NULL, sum BLOB NOT NULL
    ) STRICT;
    -- Commands in the order in which they are carried out. A row's sum is behind that of the tenant's row before.
    CREATE TABLE journal (
        id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, behind INTEGER NOT NULL, now INTEGER NOT NULL,
        applied INTEGER NOT NULL, seq INTEGER NOT NULL, command BLOB NOT NULL, sum BLOB NOT NULL
    ) STRICT;
    -- The last row of each tenant.
    CREATE TABLE head (tenant TEXT PRIMARY KEY, entry INTEGER NOT NULL, sum BLOB NOT NULL) STRICT, WITHOUT ROWID;
    -- A tenant as of an entry: whole where its row is there. `chain` is the sum of that entry.
    CREATE TABLE snapshot (
        tenant TEXT NOT NULL, entry INTEGER NOT NULL, parts INTEGER NOT NULL, bytes INTEGER NOT NULL,
        chain BLOB NOT NULL, sum BLOB NOT NULL, PRIMARY KEY (tenant, entry)
    ) STRICT;
    -- The sum of a part is behind that of the part before.
    CREATE TABLE snapshot_part (
        tenant TEXT NOT NULL, entry INTEGER NOT NULL, part INTEGER NOT NULL, state BLOB NOT NULL, sum BLOB NOT NULL,
        PRIMARY KEY (tenant, entry, part)
    ) STRICT;
    CREATE TABLE configuration (behind INTEGER PRIMARY KEY, value TEXT NOT NULL, sum BLOB NOT NULL) STRICT;
    CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL, sum BLOB NOT NULL) STRICT;";

/// What the file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Random: tells one file from another.
    pub file_id: u128,
    /// Whether a server has it open, or was ended without closing it.
    pub is_open: bool,
    /// The number of the last entry of the journal, kept or not.
    pub last_entry: i64,
}

impl About {
    fn sum(self) -> Sum {
        let Self { file_id, is_open, last_entry } = self;
        Sum::START.then(&[
            b"file",
            &FORM.to_le_bytes(),
            &file_id.to_le_bytes(),
            &[u8::from(is_open)],
            &last_entry.to_le_bytes(),
        ])
    }

    /// Of an open file.
    ///
    /// # Errors
    /// Where it is damaged, or of another form.
    pub fn read(connection: &Connection) -> Result<Self, StoreError> {
        let sql = "SELECT form, id, is_open, last_entry, sum FROM file";
        let row = connection.prepare_cached(sql)?.query_row([], |row| {
            let (form, id): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let (is_open, last_entry, sum): (bool, i64, Vec<u8>) = (row.get(2)?, row.get(3)?, row.get(4)?);
            Ok((form, id, is_open, last_entry, sum))
        });
        let (form, id, is_open, last_entry, sum) = row.optional()?.ok_or_else(damaged)?;
        let file_id = id.try_into().map(u128::from_le_bytes).map_err(|_| damaged())?;
        let about = Self { file_id, is_open, last_entry };
        if form == FORM && Sum::read(&sum) == Some(about.sum()) {
            return Ok(about);
        }
        if form > FORM {
            return Err(StoreError::OtherForm(format!(
                "it is of form {form}, and this version reads form {FORM}: a later version wrote it"
            )));
        }
        Err(damaged())
    }

    /// Writes it.
    ///
    /// # Errors
    /// Of SQLite.
    pub fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        let (id, sum) = (self.file_id.to_le_bytes(), self.sum().bytes());
        connection
            .prepare_cached("INSERT OR REPLACE INTO file VALUES (1, ?, ?, ?, ?, ?)")?
            .execute(params![FORM, id, self.is_open, self.last_entry, sum])?;
        Ok(())
    }
}

fn damaged() -> StoreError {
    StoreError::Damaged("the row that says what the file is".to_owned())
}

/// Makes the tables of a file that has none. Whether it did.
///
/// # Errors
/// Where the file is of another form, or of something else.
pub fn prepare(connection: &mut Connection) -> Result<bool, StoreError> {
    let has = |connection: &Connection, table: &str| {
        let sql = "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name LIKE ?";
        connection.query_row(sql, [table], |row| row.get::<_, bool>(0))
    };
    if has(connection, "file")? {
        return Ok(false);
    }
    if has(connection, "journal")? {
        return Err(StoreError::OtherForm(
            "its journal has no checksums: an earlier version wrote it, and this one does not read it"
                .to_owned(),
        ));
    }
    if has(connection, "%")? {
        return Err(StoreError::OtherForm("it is a database of something else".to_owned()));
    }
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    About { file_id: uuid::Uuid::new_v4().as_u128(), is_open: false, last_entry: 0 }.write(&transaction)?;
    transaction.commit()?;
    Ok(true)
}
