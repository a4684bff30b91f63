//! A journal in a plain file, in which whatever is not as it was written is found.
//!
//! ```text
//! header:  "headcount journal", form (1), acknowledged length (8), checksum of both (8)
//! frame:   length of the entry (4), the entry, checksum (16) of the checksum before, the length and the entry
//! ```
//!
//! Numbers are little-endian, checksums XXH3. Each is chained to the one before, so that an entry that was changed, lost,
//! written twice or moved does not fit. An entry is acknowledged once its frame is synced; how far that is stands in the
//! header, which is written behind the sync and not waited for: it may be behind, and is never ahead.
//!
//! What a crash may leave is a frame at the end that is not whole, and was never acknowledged. It is dropped, and how much
//! of it there was is told. Everything else is an error that says what and where; `Keep::Entries` goes on from what is
//! good, for a person who decides.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use twox_hash::XxHash3_128;

const NAME: &[u8; 18] = b"headcount journal\x01";
/// Bytes of the header, behind which the first frame begins.
pub const HEADER_BYTES: usize = 18 + 8 + 8;
const LENGTH_BYTES: usize = 4;

/// Bytes that are hashed at most to find a frame behind what does not fit. In some bytes every place looks like the length
/// of a long entry: all of a large file would take hours.
const SEARCHED_BYTES_MAX: usize = 1 << 28;
const SUM_BYTES: usize = 16;

/// The checksum at the end of a frame, to which the next one is chained. Before the first it is zeros.
pub type Sum = [u8; SUM_BYTES];

/// A journal that is good, and that nobody else writes to.
#[derive(Debug)]
pub struct Journal {
    file: File,
    /// Where the next frame begins, and the checksum before it.
    end: u64,
    sum: Sum,
    /// Set when it is not known what the file holds: only a new start can tell.
    is_broken: bool,
}

/// What a journal held when it was opened.
#[derive(Debug)]
pub struct Opened {
    /// To go on with.
    pub journal: Journal,
    /// Its entries.
    pub entries: Vec<Vec<u8>>,
    /// Bytes of an entry at the end that was never acknowledged, and is gone.
    pub dropped: usize,
}

/// What the bytes of a journal hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Its entries.
    pub entries: Vec<Vec<u8>>,
    /// Where they end.
    pub end: usize,
    /// The checksum there.
    pub sum: Sum,
}

/// Which entries of a journal are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All: what is damaged is an error.
    All,
    /// So many, whatever comes behind them.
    Entries(usize),
}

/// Why a journal cannot be used.
#[derive(Debug)]
pub enum JournalError {
    /// Of the file.
    Io(io::Error),
    /// Another process writes to it.
    InUse,
    /// It is something else.
    NoJournal,
    /// An entry is not as it was written, and not the last thing that was.
    Damaged {
        /// How many entries before it are good.
        good: usize,
        /// Where it begins.
        at: usize,
    },
    /// It ends before what was acknowledged.
    Lost {
        /// How many entries are good.
        good: usize,
        /// Where they end.
        at: usize,
        /// Where they are to end at least.
        acknowledged: usize,
    },
    /// Fewer entries are good than are to be kept.
    Fewer {
        /// How many are.
        good: usize,
    },
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the journal: {error}"),
            Self::InUse => f.write_str("another process writes to the journal"),
            Self::NoJournal => f.write_str("the file is no journal of this form"),
            Self::Damaged { good, at } => {
                write!(f, "the journal is damaged at byte {at}, behind {good} good entries")
            }
            Self::Lost { good, at, acknowledged } => write!(
                f,
                "the journal ends at byte {at}, behind {good} entries, and was acknowledged up to byte {acknowledged}"
            ),
            Self::Fewer { good } => write!(f, "only {good} entries are good"),
        }
    }
}

impl std::error::Error for JournalError {}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Journal {
    /// Opens a journal, or makes it.
    ///
    /// # Errors
    /// Where it cannot be used. The file is then as it was.
    pub fn open(path: &Path, keep: Keep) -> Result<Opened, JournalError> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        // The operating system's: it goes with the process, however that ends.
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            bytes = header(HEADER_BYTES as u64).to_vec();
            file.write_all(&bytes)?;
            file.sync_all()?;
            if let Some(folder) = path.canonicalize()?.parent() {
                File::open(folder)?.sync_all()?; // so that the file's name is there, too
            }
        }
        let Contents { entries, end, sum } = read(&bytes, keep)?;
        let mut journal = Self { file, end: end as u64, sum, is_broken: false };
        journal.file.set_len(journal.end)?;
        journal.acknowledge()?;
        journal.file.sync_all()?;
        Ok(Opened { journal, entries, dropped: bytes.len() - end })
    }

    /// Writes an entry, and comes back when it is on disk.
    ///
    /// # Errors
    /// Of the file. It is then not known whether the entry is there, and none is taken any more.
    pub fn append(&mut self, entry: &[u8]) -> io::Result<()> {
        if self.is_broken {
            return Err(io::Error::other("the journal could not be written before"));
        }
        let frame = self.frame(entry);
        self.is_broken = true;
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&frame)?;
        self.file.sync_data()?;
        self.end += frame.len() as u64;
        self.sum.copy_from_slice(&frame[frame.len() - SUM_BYTES..]);
        self.acknowledge()?;
        self.is_broken = false;
        Ok(())
    }

    /// The bytes that an entry adds to the file.
    pub fn frame(&self, entry: &[u8]) -> Vec<u8> {
        frame(&self.sum, entry)
    }

    /// Notes in the header that all was acknowledged.
    fn acknowledge(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(self.end))
    }
}

/// Reads a journal out of its bytes. Nothing is written: an entry at the end that is not whole is behind [`Contents::end`].
///
/// # Errors
/// As [`Journal::open`], but for those of files.
pub fn read(bytes: &[u8], keep: Keep) -> Result<Contents, JournalError> {
    if bytes.len() < HEADER_BYTES || !bytes.starts_with(NAME) {
        return Err(JournalError::NoJournal);
    }
    let found = Found::in_file(bytes);
    let end = match keep {
        Keep::All => found.check(bytes)?,
        Keep::Entries(count) => {
            *found.ends.get(count).ok_or(JournalError::Fewer { good: found.ends.len() - 1 })?
        }
    };
    Ok(Contents { entries: found.entries(bytes, end), end, sum: found.sum_at(bytes, end) })
}

/// The header of a file that was acknowledged so far. A journal without entries is one that is acknowledged up to its end.
pub fn header(acknowledged: u64) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..18].copy_from_slice(NAME);
    header[18..26].copy_from_slice(&acknowledged.to_le_bytes());
    let sum = XxHash3_128::oneshot(&header[..26]).to_le_bytes();
    header[26..].copy_from_slice(&sum[..8]);
    header
}

/// The frame of an entry behind one with this checksum.
pub fn frame(before: &Sum, entry: &[u8]) -> Vec<u8> {
    let length = u32::try_from(entry.len()).expect("an entry has fewer than 4 GiB");
    let mut frame = [&length.to_le_bytes(), entry].concat();
    let sum = sum(before, &frame);
    frame.extend_from_slice(&sum);
    frame
}

/// The checksum of a frame but for its checksum.
fn sum(before: &[u8], frame: &[u8]) -> Sum {
    XxHash3_128::oneshot(&[before, frame].concat()).to_le_bytes()
}

/// Where a frame ends that begins at a place, good or not, if there are so many bytes.
fn end_of_any(bytes: &[u8], at: usize) -> Option<usize> {
    let length = bytes.get(at..at + LENGTH_BYTES)?.try_into().map(u32::from_le_bytes).ok()?;
    let end = at.checked_add(LENGTH_BYTES + SUM_BYTES)?.checked_add(length as usize)?;
    (end <= bytes.len()).then_some(end)
}

/// Whether the frame at a place is good, given the checksum before it.
fn is_good(frame: &[u8], before: &[u8]) -> bool {
    let (entry, found) = frame.split_at(frame.len() - SUM_BYTES);
    sum(before, entry) == *found
}

/// Whether a frame that fits the checksum in front of it was written behind a place; or there is too much to look at.
fn is_followed(bytes: &[u8], behind: usize) -> bool {
    let mut left = SEARCHED_BYTES_MAX;
    (behind + 1..bytes.len()).any(|at| {
        let Some(end) = end_of_any(bytes, at) else { return false };
        let Some(rest) = left.checked_sub(end - at) else { return true };
        left = rest;
        is_good(&bytes[at..end], &bytes[at - SUM_BYTES..at])
    })
}

/// The good frames at the beginning of a file.
struct Found {
    /// Where they end: the first is the header's end.
    ends: Vec<usize>,
}

impl Found {
    fn in_file(bytes: &[u8]) -> Self {
        let mut found = Self { ends: vec![HEADER_BYTES] };
        while let Some(end) = end_of_any(bytes, found.end()) {
            if !is_good(&bytes[found.end()..end], &found.sum_at(bytes, found.end())) {
                break;
            }
            found.ends.push(end);
        }
        found
    }

    fn end(&self) -> usize {
        *self.ends.last().expect("there is the header")
    }

    /// The checksum before a frame.
    fn sum_at(&self, bytes: &[u8], at: usize) -> Sum {
        let before = bytes.get(at - SUM_BYTES..at).filter(|_| at > HEADER_BYTES);
        before.and_then(|before| before.try_into().ok()).unwrap_or([0; SUM_BYTES])
    }

    fn entries(&self, bytes: &[u8], end: usize) -> Vec<Vec<u8>> {
        let frames = self.ends.windows(2).take_while(|frame| frame[1] <= end);
        frames.map(|frame| bytes[frame[0] + LENGTH_BYTES..frame[1] - SUM_BYTES].to_vec()).collect()
    }

    /// Where the file ends, if nothing is behind it but what was never acknowledged.
    fn check(&self, bytes: &[u8]) -> Result<usize, JournalError> {
        let (good, at) = (self.ends.len() - 1, self.end());
        if is_followed(bytes, at) {
            return Err(JournalError::Damaged { good, at });
        }
        let acknowledged = u64::from_le_bytes(bytes[18..26].try_into().expect("eight bytes")) as usize;
        // A header that is damaged says nothing.
        let is_known = bytes[..HEADER_BYTES] == header(acknowledged as u64);
        if is_known && at < acknowledged {
            return Err(JournalError::Lost { good, at, acknowledged });
        }
        Ok(at)
    }
}
