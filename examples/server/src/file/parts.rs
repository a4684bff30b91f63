//! A snapshot in parts: none of them is large, and no two of them are needed at once.

use std::io;
use std::sync::mpsc;

use postcard::de_flavors::Flavor;
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

/// Reads parts as if they were one, for postcard. It lends out nothing that is longer than what is left of them.
#[derive(Debug)]
pub struct PartReader<'c> {
    connection: &'c Connection,
    tenant: &'c str,
    entry: i64,
    /// The number of the next part.
    next: i64,
    part: Vec<u8>,
    read: usize,
    /// Bytes behind this part.
    left: usize,
    lent: Vec<u8>,
}

impl<'c> PartReader<'c> {
    /// Of a snapshot of so many bytes.
    pub const fn new(connection: &'c Connection, tenant: &'c str, entry: i64, bytes: usize) -> Self {
        Self { connection, tenant, entry, next: 0, part: Vec::new(), read: 0, left: bytes, lent: Vec::new() }
    }

    /// Whether all of it was read.
    pub const fn is_at_end(&self) -> bool {
        self.left == 0 && self.read == self.part.len()
    }

    /// Goes on to the next part where this one was read.
    fn fill(&mut self) -> postcard::Result<()> {
        let missing = postcard::Error::DeserializeUnexpectedEnd;
        while self.read == self.part.len() {
            let sql = "SELECT state FROM snapshot_part WHERE tenant = ? AND entry = ? AND part = ?";
            let mut statement = self.connection.prepare_cached(sql).map_err(|_| missing.clone())?;
            let values = params![self.tenant, self.entry, self.next];
            self.part = statement.query_row(values, |row| row.get(0)).map_err(|_| missing.clone())?;
            self.left = self.left.checked_sub(self.part.len()).ok_or(missing.clone())?;
            (self.next, self.read) = (self.next + 1, 0);
        }
        Ok(())
    }
}

impl<'de, 'c: 'de> Flavor<'de> for PartReader<'c> {
    type Remainder = Self;
    type Source = Self;

    fn pop(&mut self) -> postcard::Result<u8> {
        self.fill()?;
        self.read += 1;
        Ok(self.part[self.read - 1])
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left + self.part.len() - self.read)
    }

    /// Nothing of a snapshot is borrowed from its bytes.
    fn try_take_n(&mut self, _: usize) -> postcard::Result<&'de [u8]> {
        Err(postcard::Error::WontImplement)
    }

    fn try_take_n_temp<'a>(&'a mut self, count: usize) -> postcard::Result<&'a [u8]>
    where
        'de: 'a,
    {
        if count > self.left + self.part.len() - self.read {
            return Err(postcard::Error::DeserializeUnexpectedEnd);
        }
        self.lent.clear();
        while self.lent.len() < count {
            self.fill()?;
            let taken = (count - self.lent.len()).min(self.part.len() - self.read);
            self.lent.extend_from_slice(&self.part[self.read..self.read + taken]);
            self.read += taken;
        }
        Ok(&self.lent)
    }

    fn finalize(self) -> postcard::Result<Self> {
        Ok(self)
    }
}
