//! Under which limits, and which default guard, the journal's commands were carried out.
//!
//! They decide what is refused, and what a new app is like. So a command is replayed under those that it was carried
//! out under, whatever the server is started with later: a change of them is noted, with the entry of the journal behind
//! which it holds. A file without a note was written under the defaults.

use std::fmt::Display;

use headcount::Config;
use rusqlite::{Connection, params};

use crate::file::chain::Sum;
use crate::store::StoreError;

/// What is in force behind which entry, in the order of the journal; without hash keys, which show in no state.
#[derive(Debug)]
pub struct Configurations(Vec<(i64, Config)>);

impl Configurations {
    /// Those of a file.
    ///
    /// # Errors
    /// Of SQLite; where what is kept is no configuration.
    pub fn read(connection: &Connection) -> Result<Self, StoreError> {
        let mut statement =
            connection.prepare("SELECT behind, value, sum FROM configuration ORDER BY behind")?;
        let mut rows = statement.query([])?;
        let mut noted = Vec::new();
        while let Some(row) = rows.next()? {
            let (behind, value, found): (i64, String, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let damaged = |what: &dyn Display| {
                StoreError::Damaged(format!("the configuration behind entry {behind} of the journal: {what}"))
            };
            if Sum::read(&found) != Some(sum(behind, &value)) {
                return Err(damaged(&"it is not as it was written"));
            }
            let config = serde_json::from_str(&value).map_err(|error| damaged(&error))?;
            noted.push((behind, config));
        }
        Ok(Self(noted))
    }

    /// The one under which an entry of the journal was carried out, or is to be; with the hash key of `keyed`.
    pub fn of(&self, entry: i64, keyed: Config) -> Config {
        let noted = self.0.iter().rev().find(|(behind, _)| *behind < entry);
        let noted = noted.map_or_else(Config::new, |(_, config)| *config);
        let config = keyed.with_limits(*noted.limits()).and_then(|config| config.with_guard(noted.guard()));
        config.expect("a configuration is checked when it is read")
    }

    /// Notes that this one holds behind the last entry that there is, if it does not already.
    ///
    /// # Errors
    /// Of SQLite.
    pub fn note(connection: &Connection, last_entry: i64, config: &Config) -> Result<(), StoreError> {
        let config = config.with_hash_key([0; 16]);
        if Self::read(connection)?.of(last_entry + 1, config) == config {
            return Ok(());
        }
        let value = serde_json::to_string(&config)
            .map_err(|error| StoreError::Damaged(format!("the configuration: {error}")))?;
        let note = "INSERT OR REPLACE INTO configuration VALUES (?, ?, ?)";
        connection.execute(note, params![last_entry, value, sum(last_entry, &value).bytes()])?;
        Ok(())
    }
}

fn sum(behind: i64, value: &str) -> Sum {
    Sum::START.then(&[b"configuration", &behind.to_le_bytes(), value.as_bytes()])
}
