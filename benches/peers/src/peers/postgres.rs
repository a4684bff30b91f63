//! PostgreSQL over a socket: a page is one upsert with ON CONFLICT, its records sent as arrays.

use headcount::{Account, Group, Page, Records};
use postgres::{Client, Row, Statement};

use super::postgres_server::Server;
use super::{Peer, references, status_code, status_name, texts, type_index};
use crate::Result;
use crate::directory::SLUGS;
use crate::state::State;

/// Plans are made once, while the tables are empty: so they are kept from scanning whole tables later.
const SETTINGS: &str = "SET client_min_messages = warning; SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    SET enable_bitmapscan = off";

/// Room is left in the pages, so that a mark, which writes a new version of its row, finds room beside the
/// old one and touches no index.
const CREATE: &str = "
    DROP TABLE IF EXISTS accounts, groups, memberships;
    CREATE UNLOGGED TABLE accounts (
        id text COLLATE \"C\" PRIMARY KEY, email text, username text, first_name text, last_name text,
        display_name text, status smallint NOT NULL, refs text NOT NULL, seen int NOT NULL,
        active boolean NOT NULL) WITH (fillfactor = 50);
    CREATE UNLOGGED TABLE groups (
        type smallint, id text COLLATE \"C\", name text, description text, placeholder boolean NOT NULL,
        seen int NOT NULL, active boolean NOT NULL, PRIMARY KEY (type, id)) WITH (fillfactor = 50);
    CREATE INDEX placeholders ON groups (type, id) WHERE placeholder;
    CREATE UNLOGGED TABLE memberships (
        account text COLLATE \"C\", type smallint, id text COLLATE \"C\", PRIMARY KEY (account, type, id));
    CREATE INDEX members ON memberships (type, id)";

/// Upserts a page, and gives the places of the accounts whose memberships are to be written anew. The look
/// at what was there sees the table as it was before.
const UPSERT_ACCOUNTS: &str = "
    WITH page AS (
        SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::smallint[], $9::text[]) WITH ORDINALITY
            AS page (id, email, username, first_name, last_name, display_name, status, refs, place)
    ), upserted AS (
        INSERT INTO accounts (id, email, username, first_name, last_name, display_name, status, refs, seen, active)
        SELECT id, email, username, first_name, last_name, display_name, status, refs, $1, true FROM page
        ON CONFLICT (id) DO UPDATE SET email = excluded.email, username = excluded.username,
            first_name = excluded.first_name, last_name = excluded.last_name,
            display_name = excluded.display_name, status = excluded.status, refs = excluded.refs,
            seen = excluded.seen, active = true
    )
    SELECT page.place FROM page LEFT JOIN accounts USING (id)
    WHERE (accounts.active AND accounts.refs = page.refs) IS NOT TRUE";

const UPSERT_GROUPS: &str = "
    INSERT INTO groups (type, id, name, description, seen, placeholder, active)
    SELECT $2, id, name, description, $1, false, true
    FROM unnest($3::text[], $4::text[], $5::text[]) AS page (id, name, description)
    ON CONFLICT (type, id) DO UPDATE SET name = excluded.name, description = excluded.description,
        seen = excluded.seen, placeholder = false, active = true";

const MAKE_PLACEHOLDERS: &str = "
    INSERT INTO groups (type, id, name, seen, placeholder, active)
    SELECT type, id, max(name), 0, true, true FROM unnest($1::smallint[], $2::text[], $3::text[])
        AS page (type, id, name) GROUP BY type, id
    ON CONFLICT (type, id) DO UPDATE SET active = true, name = coalesce(groups.name, excluded.name)
    WHERE groups.placeholder AND (NOT groups.active OR groups.name IS NULL)";

const DELETE_MEMBERSHIPS: &str = "DELETE FROM memberships WHERE account = ANY ($1::text[])";
const INSERT_MEMBERSHIPS: &str = "
    INSERT INTO memberships SELECT * FROM unnest($1::text[], $2::smallint[], $3::text[]) ON CONFLICT DO NOTHING";

const COMPLETE: [&str; 3] = [
    "UPDATE accounts SET active = false WHERE active AND seen <> $1 RETURNING id",
    "UPDATE groups SET active = false WHERE active AND NOT placeholder AND seen <> $1 RETURNING id",
    "UPDATE groups SET active = false WHERE placeholder AND active AND $1::int > 0 AND NOT EXISTS (
        SELECT 1 FROM memberships JOIN accounts ON accounts.id = account
        WHERE memberships.type = groups.type AND memberships.id = groups.id AND accounts.active) RETURNING id",
];

/// A connection and its prepared statements.
pub(super) struct Postgres {
    client: Client,
    upsert_accounts: Statement,
    upsert_groups: Statement,
    make_placeholders: Statement,
    delete_memberships: Statement,
    insert_memberships: Statement,
    roll: i32,
}

impl Postgres {
    pub(super) fn new(server: &Server) -> Result<Self> {
        let mut client = server.connect()?;
        client.batch_execute(SETTINGS)?;
        client.batch_execute(CREATE)?;
        Ok(Self {
            upsert_accounts: client.prepare(UPSERT_ACCOUNTS)?,
            upsert_groups: client.prepare(UPSERT_GROUPS)?,
            make_placeholders: client.prepare(MAKE_PLACEHOLDERS)?,
            delete_memberships: client.prepare(DELETE_MEMBERSHIPS)?,
            insert_memberships: client.prepare(INSERT_MEMBERSHIPS)?,
            client,
            roll: 0,
        })
    }

    fn push_accounts(&mut self, accounts: &[Account<'_>]) -> Result<()> {
        let ids: Vec<&str> = accounts.iter().map(|account| &*account.id).collect();
        let statuses: Vec<i16> = accounts.iter().map(|account| i16::from(status_code(account))).collect();
        let column =
            |at: usize| -> Vec<Option<&str>> { accounts.iter().map(|account| texts(account)[at]).collect() };
        let columns: [Vec<Option<&str>>; 5] = std::array::from_fn(column);
        let refs: Vec<String> = accounts.iter().map(joined_references).collect();
        let [email, username, first_name, last_name, display_name] = &columns;
        let mut transaction = self.client.transaction()?;
        let rewritten = transaction.query(
            &self.upsert_accounts,
            &[&self.roll, &ids, email, username, first_name, last_name, display_name, &statuses, &refs],
        )?;
        if !rewritten.is_empty() {
            let mut memberships = Memberships::default();
            for row in &rewritten {
                memberships.add(&accounts[row.get::<_, i64>(0) as usize - 1]);
            }
            let Memberships { accounts, members, types, ids, names } = &memberships;
            transaction.execute(&self.delete_memberships, &[accounts])?;
            transaction.execute(&self.make_placeholders, &[types, ids, names])?;
            transaction.execute(&self.insert_memberships, &[members, types, ids])?;
        }
        Ok(transaction.commit()?)
    }

    fn push_groups(&mut self, type_index: usize, groups: &[Group<'_>]) -> Result<()> {
        let ids: Vec<&str> = groups.iter().map(|group| &*group.id).collect();
        let names: Vec<&str> = groups.iter().map(|group| &*group.name).collect();
        let descriptions: Vec<Option<&str>> =
            groups.iter().map(|group| group.description.as_deref()).collect();
        let type_index = type_index as i16;
        self.client.execute(&self.upsert_groups, &[&self.roll, &type_index, &ids, &names, &descriptions])?;
        Ok(())
    }
}

fn joined_references(account: &Account<'_>) -> String {
    references(account).map(|(type_index, reference)| format!("{type_index}{}\n", reference.id)).collect()
}

/// Memberships as columns.
#[derive(Default)]
struct Memberships<'a> {
    accounts: Vec<&'a str>,
    members: Vec<&'a str>,
    types: Vec<i16>,
    ids: Vec<&'a str>,
    names: Vec<Option<&'a str>>,
}

impl<'a> Memberships<'a> {
    fn add(&mut self, account: &'a Account<'a>) {
        self.accounts.push(&account.id);
        for (type_index, reference) in references(account) {
            self.members.push(&account.id);
            self.types.push(type_index as i16);
            self.ids.push(&reference.id);
            self.names.push(reference.name.as_deref());
        }
    }
}

impl Peer for Postgres {
    fn start(&mut self, number: u32) -> Result<()> {
        self.roll = i32::try_from(number)?;
        Ok(())
    }

    fn push(&mut self, slug: &str, page: &Page<'_>) -> Result<()> {
        match page.records() {
            Records::Accounts(accounts) => self.push_accounts(accounts),
            Records::Groups(groups) | Records::Licenses(groups) => self.push_groups(type_index(slug), groups),
        }
    }

    fn complete(&mut self) -> Result<u64> {
        let mut gone: Vec<String> = Vec::new();
        let mut transaction = self.client.transaction()?;
        for sql in COMPLETE {
            gone.extend(transaction.query(sql, &[&self.roll])?.iter().map(|row| row.get::<_, String>(0)));
        }
        transaction.commit()?;
        Ok(gone.len() as u64)
    }

    fn state(&mut self) -> Result<State> {
        let mut state = State::with_groups();
        self.client.batch_execute("SET enable_seqscan = on; SET enable_hashjoin = on")?;
        let texts = |row: &Row, columns: std::ops::Range<usize>| -> Vec<String> {
            columns.map(|column| row.get::<_, Option<String>>(column).unwrap_or_default()).collect()
        };
        let accounts = "SELECT status, id, email, username, first_name, last_name, display_name
            FROM accounts WHERE active";
        for row in self.client.query(accounts, &[])? {
            let owned = texts(&row, 1..7);
            let mut fields: Vec<&str> = owned.iter().map(|text| &**text).collect();
            fields.push(status_name(row.get::<_, i16>(0) as u8));
            state.add_account(&fields);
        }
        let memberships = "SELECT memberships.type, account, memberships.id
            FROM memberships JOIN accounts ON accounts.id = account WHERE active";
        for row in self.client.query(memberships, &[])? {
            state.add_membership(row.get(1), SLUGS[row.get::<_, i16>(0) as usize], row.get(2));
        }
        for row in self.client.query("SELECT type, id, name FROM groups WHERE active", &[])? {
            let name: Option<&str> = row.get(2);
            state.add_group(SLUGS[row.get::<_, i16>(0) as usize], row.get(1), name.unwrap_or(""));
        }
        self.client.batch_execute(SETTINGS)?;
        Ok(state)
    }
}
