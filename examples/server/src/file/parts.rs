//! A snapshot in parts: none of them is large, and no two of them are needed at once.

use std::io;
use std::sync::mpsc;

use rusqlite::{Connection, params};

use super::chain::Sum;
use super::verify::part_sum;

/// Bytes of a part, and of a transaction that writes one: about what the pages of as many connectors are.
pub const PART_BYTES: usize = 256 * 1024;
/// Parts that wait to be written: what is encoded faster than it is written waits.
const PARTS_WAITING_MAX: usize = 4;

/// What comes from the thread that encodes a snapshot.
#[derive(Debug)]
pub enum Piece {
    /// Its next bytes, with their checksum behind those before.
    Part(Vec<u8>, Sum),
    /// There are no more.
    End,
    /// It cannot be encoded.
    Failed(String),
}

/// A channel for the pieces of one snapshot.
pub fn channel() -> (PartWriter, mpsc::Receiver<Piece>) {
    let (sender, pieces) = mpsc::sync_channel(PARTS_WAITING_MAX);
    (PartWriter { sender, part: Vec::new(), sum: Sum::START }, pieces)
}

/// Cuts what is written to it into parts.
#[derive(Debug)]
pub struct PartWriter {
    sender: mpsc::SyncSender<Piece>,
    part: Vec<u8>,
    sum: Sum,
}

impl PartWriter {
    fn send(&self, piece: Piece) -> io::Result<()> {
        self.sender.send(piece).map_err(|_| io::Error::other("nobody writes the snapshot any more"))
    }

    fn send_part(&mut self) -> io::Result<()> {
        self.sum = part_sum(self.sum, &self.part);
        let part = std::mem::take(&mut self.part);
        self.send(Piece::Part(part, self.sum))
    }

    /// Sends what is left, and how it ended.
    pub fn finish(mut self, encoded: Result<(), String>) {
        let sent = match encoded {
            Ok(()) if self.part.is_empty() => Ok(()),
            Ok(()) => self.send_part(),
            // Nobody waits for it where the snapshot was given up.
            Err(why) => return drop(self.send(Piece::Failed(why))),
        };
        let _ = sent.and_then(|()| self.send(Piece::End));
    }
}

impl io::Write for PartWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.part.capacity() == 0 {
            self.part.reserve_exact(PART_BYTES);
        }
        let taken = bytes.len().min(PART_BYTES - self.part.len());
        self.part.extend_from_slice(&bytes[..taken]);
        if self.part.len() == PART_BYTES {
            self.send_part()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes of a snapshot, given how many they are.
///
/// # Errors
/// Of SQLite.
pub fn read(connection: &Connection, tenant: &str, entry: i64, bytes: usize) -> rusqlite::Result<Vec<u8>> {
    let sql = "SELECT state FROM snapshot_part WHERE tenant = ? AND entry = ? ORDER BY part";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![tenant, entry])?;
    let mut state = Vec::with_capacity(bytes);
    while let Some(row) = rows.next()? {
        state.extend_from_slice(row.get_ref(0)?.as_blob()?);
    }
    Ok(state)
}
