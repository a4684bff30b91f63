//! SQLite's write-ahead file, looked through before SQLite does.
//!
//! SQLite takes it up to the first frame whose checksum does not fit, and says nothing: behind a crash that is a
//! transaction that nobody was told of, and behind a flipped bit it may be many that were acknowledged. Which of the two
//! it was can be seen. A transaction is on disk, whole, before the next one is begun, so where one that is damaged has
//! another one behind it, it was acknowledged.
//!
//! [The format](https://www.sqlite.org/fileformat2.html#the_write_ahead_log) is SQLite's.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// What a write-ahead file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wal {
    /// Whole transactions, and nothing else of its time.
    Whole,
    /// So many frames behind the last whole transaction: of one that was never acknowledged.
    Torn(u64),
    /// A frame of a transaction is damaged, and another one came behind it.
    Damaged(u64),
    /// Its first bytes are damaged: what follows cannot be read.
    NoHeader,
}

/// Looks through a write-ahead file.
///
/// # Errors
/// Of the file; one that is not there is whole.
pub fn scan(path: &Path) -> io::Result<Wal> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Wal::Whole),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut header = [0; HEADER_BYTES];
    if !read_whole(&mut reader, &mut header)? {
        // Shorter than a header: nothing was ever in it.
        return Ok(Wal::Whole);
    }
    Header::read(&header).map_or(Ok(Wal::NoHeader), |header| header.frames(&mut reader))
}

/// Whether there was enough to fill the bytes.
fn read_whole(reader: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// The checksum of some words behind another one, as SQLite has it.
fn checksum((mut a, mut b): (u32, u32), bytes: &[u8], is_big_endian: bool) -> (u32, u32) {
    let word = |bytes: &[u8]| if is_big_endian { number(bytes, 0) } else { number(bytes, 0).swap_bytes() };
    for pair in bytes.chunks_exact(8) {
        a = a.wrapping_add(word(&pair[..4])).wrapping_add(b);
        b = b.wrapping_add(word(&pair[4..])).wrapping_add(a);
    }
    (a, b)
}

struct Header {
    is_big_endian: bool,
    page_bytes: usize,
    salt: (u32, u32),
    sum: (u32, u32),
}

impl Header {
    fn read(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let magic = number(bytes, 0);
        let is_big_endian = magic & 1 == 1;
        let sum = (number(bytes, 24), number(bytes, 28));
        let page_bytes = number(bytes, 8) as usize;
        let is_good = magic & !1 == 0x377f_0682
            && checksum((0, 0), &bytes[..24], is_big_endian) == sum
            && page_bytes.is_power_of_two()
            && (512..=65_536).contains(&page_bytes);
        is_good.then_some(Self {
            is_big_endian,
            page_bytes,
            salt: (number(bytes, 16), number(bytes, 20)),
            sum,
        })
    }

    fn frames(self, reader: &mut impl Read) -> io::Result<Wal> {
        let mut frame = vec![0; FRAME_HEADER_BYTES + self.page_bytes];
        let mut before = self.sum;
        // Frames so far, and those of this time behind the last whole transaction.
        let (mut frames, mut left) = (0, 0);
        // The first frame that is not as it was written, and whether a transaction ends behind it.
        let (mut damaged, mut has_end_behind) = (None, false);
        while read_whole(reader, &mut frame)? {
            frames += 1;
            let is_of_this_time = (number(&frame, 8), number(&frame, 12)) == self.salt;
            let sum = checksum(before, &frame[..8], self.is_big_endian);
            let sum = checksum(sum, &frame[FRAME_HEADER_BYTES..], self.is_big_endian);
            before = (number(&frame, 16), number(&frame, 20));
            let is_good = is_of_this_time && sum == before;
            let is_end = is_good && number(&frame, 4) != 0;
            left += u64::from(is_of_this_time);
            match damaged {
                None if is_end => left = 0,
                None if is_good => {}
                None => damaged = Some(frames),
                Some(damaged) if has_end_behind && is_of_this_time => return Ok(Wal::Damaged(damaged)),
                Some(_) => has_end_behind |= is_end,
            }
        }
        // What is not of this time was moved into the database before, and is to be written over.
        Ok(if left == 0 { Wal::Whole } else { Wal::Torn(left) })
    }
}
