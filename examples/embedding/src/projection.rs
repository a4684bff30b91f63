//! SQL tables kept in step with an engine by its changes alone.
//!
//! After each command, [`Projection::follow`] writes what changed, in one transaction with the sequence
//! number of the last change: a reader of the tables never sees half a command, a gap is an error and not a
//! quiet difference, and a restart knows where it is. A record is read from the engine once per change that
//! names it; a command that changed nothing touches nothing.
//!
//! What it costs: where every record is new, 27 times what the engine does, and 70 times where the file is synced, nearly
//! all of it SQLite's: a row and its index for each record and each reference, and a transaction for each page. An unchanged
//! page has no change, and no row of it is touched.

use std::fmt;

use headcount::{AppId, AppView, Engine, Fact, Kind, RecordKey, RecordView, SessionStatus};
use rusqlite::{Connection, Transaction, params};
use serde_json::{Value, json};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS position (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL) STRICT;
    INSERT OR IGNORE INTO position VALUES (1, 0);
    CREATE TABLE IF NOT EXISTS app (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, configuration_status TEXT NOT NULL, last_synced_at INTEGER
    ) STRICT;
    CREATE TABLE IF NOT EXISTS resource_type (
        app TEXT NOT NULL, id TEXT NOT NULL, slug TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
        PRIMARY KEY (app, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS account (
        app TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, active INTEGER NOT NULL, status TEXT NOT NULL,
        email TEXT, username TEXT, first_name TEXT, last_name TEXT, display_name TEXT,
        attributes TEXT NOT NULL, -- a JSON object
        PRIMARY KEY (app, type, id)
    ) STRICT, WITHOUT ROWID;
    -- Groups and licenses.
    CREATE TABLE IF NOT EXISTS resource (
        app TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, active INTEGER NOT NULL,
        placeholder INTEGER NOT NULL, name TEXT, description TEXT,
        attributes TEXT NOT NULL, -- a JSON object
        PRIMARY KEY (app, type, id)
    ) STRICT, WITHOUT ROWID;
    -- Memberships and assignments. Those of an inactive account stay, and count for nothing.
    CREATE TABLE IF NOT EXISTS reference (
        app TEXT NOT NULL, account_type TEXT NOT NULL, account TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
        PRIMARY KEY (app, account_type, account, type, id)
    ) STRICT, WITHOUT ROWID;";

/// Why the tables could not follow.
#[derive(Debug)]
pub enum ProjectionError {
    /// Of the database. Nothing of the command was written.
    Sqlite(rusqlite::Error),
    /// The engine is further on, or further back, than the tables: they must be built anew.
    Gap {
        /// The last change that the tables have.
        position: u64,
        /// The first that came now.
        found: u64,
    },
    /// A change that this version of the projection does not know, or that names what is not there.
    Unknown(String),
}

impl fmt::Display for ProjectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(error) => error.fmt(f),
            Self::Gap { position, found } => {
                write!(f, "the tables are at change {position}, found change {found}")
            }
            Self::Unknown(change) => write!(f, "an unknown change: {change}"),
        }
    }
}

impl std::error::Error for ProjectionError {}

impl From<rusqlite::Error> for ProjectionError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// The tables, in a database of the host's.
///
/// ```
/// use headcount::{AppId, Config, Engine, Timestamp, Uuid};
/// use headcount_embedding::Projection;
/// use rusqlite::Connection;
///
/// let mut tables = Projection::open(Connection::open_in_memory()?)?;
/// let mut engine = Engine::new(Config::new());
/// engine.create_app(Timestamp(0), AppId(Uuid::from_u128(1)), "Acme HR", None)?;
/// tables.follow(&engine)?; // after each command
/// assert_eq!(tables.position()?, engine.seq());
/// let apps: u32 = tables.connection().query_row("SELECT count(*) FROM app", [], |row| row.get(0))?;
/// assert_eq!(apps, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Projection {
    connection: Connection,
}

impl Projection {
    /// In this database; the tables are made if they are not there.
    ///
    /// # Errors
    /// Of SQLite.
    pub fn open(connection: Connection) -> Result<Self, ProjectionError> {
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection })
    }

    /// The database, to be read.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The sequence number of the last change that the tables have.
    ///
    /// # Errors
    /// Of SQLite.
    pub fn position(&self) -> Result<u64, ProjectionError> {
        // SQLite's integers have a sign; no engine counts that far.
        Ok(self
            .connection
            .query_row("SELECT seq FROM position", [], |row| row.get::<_, i64>(0))?
            .unsigned_abs())
    }

    /// After each command of a journal that is replayed: what the tables have already is passed over.
    ///
    /// When the replay is done, [`follow`](Self::follow) the engine once more, before any new command: it tells
    /// if the tables are further on than the journal, which here cannot be known.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Timestamp, Uuid};
    /// # use headcount_embedding::{Projection, ProjectionError};
    /// # let mut tables = Projection::open(rusqlite::Connection::open_in_memory()?)?;
    /// # let create = |engine: &mut Engine, id| engine.create_app(Timestamp(0), AppId(Uuid::from_u128(id)), "App", None);
    /// # let mut engine = Engine::new(Config::new());
    /// # create(&mut engine, 1)?;
    /// # tables.follow(&engine)?;
    /// let mut engine = Engine::new(Config::new()); // after a crash, with one change in the tables
    /// for id in 1..=2 {
    ///     create(&mut engine, id)?; // from the journal
    ///     tables.replay(&engine)?;
    /// }
    /// tables.follow(&engine)?;
    /// assert_eq!(tables.position()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As those of [`follow`](Self::follow).
    pub fn replay(&mut self, engine: &Engine) -> Result<(), ProjectionError> {
        if engine.seq() <= self.position()? { Ok(()) } else { self.follow(engine) }
    }

    /// Writes what the last command changed. To be called after each: a command that the tables were not
    /// told of is a gap.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Timestamp, Uuid};
    /// # use headcount_embedding::{Projection, ProjectionError};
    /// # let mut tables = Projection::open(rusqlite::Connection::open_in_memory()?)?;
    /// # let create = |engine: &mut Engine, id| engine.create_app(Timestamp(0), AppId(Uuid::from_u128(id)), "App", None);
    /// # let mut engine = Engine::new(Config::new());
    /// create(&mut engine, 1)?;
    /// tables.follow(&engine)?;
    /// create(&mut engine, 2)?;
    /// create(&mut engine, 3)?;
    /// assert!(matches!(tables.follow(&engine), Err(ProjectionError::Gap { position: 1, found: 3 })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`ProjectionError`]; the tables are then as they were.
    pub fn follow(&mut self, engine: &Engine) -> Result<(), ProjectionError> {
        let mut position = self.position()?;
        let transaction = self.connection.transaction()?;
        for change in engine.changes() {
            if change.seq <= position {
                // Written before: the host was stopped between the commit and its own note of it.
                continue;
            }
            if change.seq != position + 1 {
                return Err(ProjectionError::Gap { position, found: change.seq });
            }
            write(&transaction, engine, change.app_id, &change.fact)?;
            position = change.seq;
        }
        if position != engine.seq() {
            return Err(ProjectionError::Gap { position, found: engine.seq() });
        }
        transaction.execute("UPDATE position SET seq = ?", [position.cast_signed()])?;
        Ok(transaction.commit()?)
    }
}

fn write(sql: &Transaction<'_>, engine: &Engine, app: AppId, fact: &Fact<'_>) -> Result<(), ProjectionError> {
    let unknown = || ProjectionError::Unknown(format!("{fact:?}"));
    match fact {
        Fact::AppDeleted => forget(sql, app),
        Fact::AppCreated { .. } => {
            let app = engine.app(app).ok_or_else(unknown)?;
            write_app(sql, app)?;
            // A clone has its group's types at once.
            write_types(sql, app)
        }
        // A completed session makes the app configured and synced: no other change tells it.
        Fact::AppUpdated | Fact::SessionEnded { status: SessionStatus::Completed, .. } => {
            write_app(sql, engine.app(app).ok_or_else(unknown)?)
        }
        Fact::ResourceTypeRegistered { .. } | Fact::ResourceTypeUpdated { .. } => {
            // All apps of the clone group see it.
            let group = engine.app(app).ok_or_else(unknown)?.clone_group();
            group.filter_map(|app| engine.app(app)).try_for_each(|app| write_types(sql, app))
        }
        Fact::RecordCreated { record }
        | Fact::RecordUpdated { record, .. }
        | Fact::RecordDeactivated { record }
        | Fact::RecordReactivated { record }
        | Fact::PlaceholderMade { record }
        | Fact::PlaceholderNamed { record }
        | Fact::PlaceholderWoken { record }
        | Fact::PlaceholderFilled { record } => {
            write_record(sql, app, find(engine, app, record).ok_or_else(unknown)?)
        }
        Fact::RecordPurged { record } => purge(sql, app, record),
        Fact::ReferenceAdded { account, target } => {
            sql.prepare_cached("INSERT INTO reference VALUES (?, ?, ?, ?, ?)")?
                .execute(reference(app, account, target))?;
            Ok(())
        }
        Fact::ReferenceRemoved { account, target } => {
            sql.prepare_cached(
                "DELETE FROM reference WHERE app = ? AND account_type = ? AND account = ? AND type = ? AND id = ?",
            )?
            .execute(reference(app, account, target))?;
            Ok(())
        }
        // These tables keep neither sessions nor tasks.
        Fact::SessionOpened { .. }
        | Fact::SessionChanged { .. }
        | Fact::SessionCompleting { .. }
        | Fact::SessionEnded { .. }
        | Fact::TaskCreated { .. }
        | Fact::TaskResolved { .. } => Ok(()),
        // A newer engine may tell more: better to stop than to differ.
        _ => Err(unknown()),
    }
}

fn find<'e>(engine: &'e Engine, app: AppId, record: &RecordKey<'_>) -> Option<RecordView<'e>> {
    let app = engine.app(app)?;
    app.record(app.resource_type_by_id(record.resource_type_id)?.slug(), &record.id)
}

fn reference(app: AppId, account: &RecordKey<'_>, target: &RecordKey<'_>) -> [String; 5] {
    [
        app.to_string(),
        account.resource_type_id.to_string(),
        account.id.to_string(),
        target.resource_type_id.to_string(),
        target.id.to_string(),
    ]
}

fn write_app(sql: &Transaction<'_>, app: AppView<'_>) -> Result<(), ProjectionError> {
    let synced = app.last_synced_at().map(|at| at.as_millis());
    sql.execute(
        "INSERT OR REPLACE INTO app VALUES (?, ?, ?, ?)",
        params![app.id().to_string(), app.name(), app.configuration_status().as_str(), synced],
    )?;
    Ok(())
}

fn write_types(sql: &Transaction<'_>, app: AppView<'_>) -> Result<(), ProjectionError> {
    let mut insert = sql.prepare_cached("INSERT OR REPLACE INTO resource_type VALUES (?, ?, ?, ?, ?)")?;
    for of in app.resource_types() {
        insert.execute(params![
            app.id().to_string(),
            of.id().to_string(),
            of.slug(),
            of.name(),
            of.kind().as_str()
        ])?;
    }
    Ok(())
}

fn write_record(sql: &Transaction<'_>, app: AppId, record: RecordView<'_>) -> Result<(), ProjectionError> {
    let (app, of) = (app.to_string(), record.resource_type());
    let attributes = attributes(record);
    if of.kind() == Kind::Account {
        let status = record.status().unwrap_or_default().as_str();
        sql.prepare_cached("INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                app,
                of.id().to_string(),
                record.id(),
                record.is_active(),
                status,
                record.email(),
                record.username(),
                record.first_name(),
                record.last_name(),
                record.display_name(),
                attributes
            ])?;
    } else {
        sql.prepare_cached("INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?.execute(
            params![
                app,
                of.id().to_string(),
                record.id(),
                record.is_active(),
                record.is_placeholder(),
                record.name(),
                record.description(),
                attributes
            ],
        )?;
    }
    Ok(())
}

/// The attributes of a record as a JSON object.
fn attributes(record: RecordView<'_>) -> String {
    let attributes = record.attributes().map(|(name, value)| (name.to_owned(), json!(value)));
    Value::Object(attributes.collect()).to_string()
}

/// The record goes, and with it the references that it held itself; those to it were removed before.
fn purge(sql: &Transaction<'_>, app: AppId, record: &RecordKey<'_>) -> Result<(), ProjectionError> {
    let key = [app.to_string(), record.resource_type_id.to_string(), record.id.to_string()];
    sql.execute(
        "DELETE FROM reference WHERE app = ? AND account_type = ? AND account = ?",
        params![key[0], key[1], key[2]],
    )?;
    sql.execute(
        "DELETE FROM account WHERE app = ? AND type = ? AND id = ?",
        params![key[0], key[1], key[2]],
    )?;
    sql.execute(
        "DELETE FROM resource WHERE app = ? AND type = ? AND id = ?",
        params![key[0], key[1], key[2]],
    )?;
    Ok(())
}

fn forget(sql: &Transaction<'_>, app: AppId) -> Result<(), ProjectionError> {
    for (table, column) in [
        ("app", "id"),
        ("resource_type", "app"),
        ("account", "app"),
        ("resource", "app"),
        ("reference", "app"),
    ] {
        sql.execute(&format!("DELETE FROM {table} WHERE {column} = ?"), [app.to_string()])?;
    }
    Ok(())
}
