//! One writer for a file, and what it acknowledged: a file beside the data file, `FILE.lock`.
//!
//! The lock is the operating system's (`flock`), so it goes with the process that holds it, however that ends; the file
//! stays, and means nothing by being there. It lies beside the data file and not in it, since SQLite locks that one
//! itself, and on NFS the two kinds of locks are one.
//!
//! It also says up to which entry the journal was acknowledged. That is written behind each transaction and not waited
//! for: it may be behind what is on disk, and is never ahead of it. So a journal that ends before it has lost entries,
//! which SQLite alone does not notice: it takes a write-ahead file up to the first damaged byte, and forgets the rest.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::chain::Sum;
use crate::store::StoreError;

/// For how long the lock is waited for: a server that is started anew may find the one before in its last moments.
const PATIENCE: Duration = Duration::from_secs(2);

/// The lock on a data file, held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

/// What was acknowledged at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Of which file.
    pub file_id: u128,
    /// The last entry of its journal.
    pub entry: i64,
}

impl Mark {
    fn read(text: &str) -> Option<Self> {
        let (body, sum) = text.split_once(" sum ")?;
        let (sum, _) = sum.split_once(' ')?;
        if sum != check(body) {
            return None;
        }
        let (file_id, entry) = body.strip_prefix("headcount-server file ")?.split_once(" entry ")?;
        Some(Mark { file_id: u128::from_str_radix(file_id, 16).ok()?, entry: entry.parse().ok()? })
    }
}

/// The name of a file beside another one.
pub fn beside(data: &Path, ending: &str) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A data file under its own name, wherever links lead; it need not be there.
///
/// # Errors
/// Where its folder is not.
pub fn real_path(data: &Path) -> io::Result<PathBuf> {
    data.canonicalize().or_else(|_| {
        let name = data.file_name().ok_or_else(|| io::Error::other("it has no name"))?;
        let folder = data.parent().filter(|folder| !folder.as_os_str().is_empty());
        Ok(folder.unwrap_or(Path::new(".")).canonicalize()?.join(name))
    })
}

fn lock_patiently(file: &File) -> Result<(), TryLockError> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(20));
            }
            tried => return tried,
        }
    }
}

impl Lock {
    /// Takes the lock on a data file, of which this is the [real path](real_path).
    ///
    /// # Errors
    /// Where another process has it, or the file beside cannot be written.
    pub fn take(data: &Path) -> Result<Self, StoreError> {
        let path = beside(data, ".lock");
        let no_lock = |error: io::Error| StoreError::Lock(format!("{}: {error}", path.display()));
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = open.map_err(no_lock)?;
        match lock_patiently(&file) {
            Ok(()) => Ok(Self { file, path }),
            Err(TryLockError::WouldBlock) => {
                let who = Self { file, path }
                    .text()
                    .and_then(|text| Some(text.split_once("process ")?.1.trim().to_owned()));
                let who = who.map(|who| format!(" (process {who})")).unwrap_or_default();
                Err(StoreError::InUse(format!(
                    "another server{who} has {} open, and two writers would lose each other's commands: stop that \
                     one first",
                    data.display()
                )))
            }
            Err(TryLockError::Error(error)) => Err(no_lock(error)),
        }
    }

    /// What was acknowledged, if that is known.
    pub fn mark(&self) -> Option<Mark> {
        Mark::read(&self.text()?)
    }

    /// The same of a data file on which another process may have the lock.
    pub fn mark_of(data: &Path) -> Option<Mark> {
        Mark::read(&std::fs::read_to_string(beside(data, ".lock")).ok()?)
    }

    /// Notes what was acknowledged.
    pub fn note(&self, Mark { file_id, entry }: Mark) {
        let body = format!("headcount-server file {file_id:032x} entry {entry:020}");
        let text = format!("{body} sum {} process {:10}\n", check(&body), std::process::id());
        if let Err(error) = self.file.write_all_at(text.as_bytes(), 0) {
            // It stays behind: fewer losses would be noticed, and none is made up.
            tracing::warn!(%error, path = %self.path.display(), "what was acknowledged could not be noted");
        }
    }

    /// Waits until what was noted is on disk.
    pub fn sync(&self) {
        if let Err(error) = self.file.sync_data() {
            tracing::warn!(%error, path = %self.path.display(), "what was acknowledged could not be synced");
        }
    }

    fn text(&self) -> Option<String> {
        let mut bytes = [0; 256];
        let length = self.file.read_at(&mut bytes, 0).ok()?;
        String::from_utf8(bytes[..length].to_vec()).ok()
    }
}

/// A checksum in letters.
fn check(body: &str) -> String {
    let sum = Sum::START.then(&[body.as_bytes()]).bytes();
    format!("{:032x}", u128::from_le_bytes(sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_read_and_what_was_changed_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let mark = Mark { file_id: 7, entry: 41 };
        let lock = Lock::take(&data).expect("a lock");
        assert_eq!(lock.mark(), None);
        lock.note(Mark { file_id: 7, entry: 40 });
        lock.note(mark);
        assert!(matches!(Lock::take(&data), Err(StoreError::InUse(_))));
        drop(lock);
        assert_eq!(Lock::take(&data).expect("a lock").mark(), Some(mark));
        let path = beside(&data, ".lock");
        let text = std::fs::read_to_string(&path).expect("a text");
        std::fs::write(&path, text.replace("41", "43")).expect("another text");
        assert_eq!(Lock::take(&data).expect("a lock").mark(), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_to_the_same_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let (data, link) = (folder.path().join("data"), folder.path().join("link"));
        std::fs::write(&data, "").expect("a file");
        std::os::unix::fs::symlink(&data, &link).expect("a link");
        assert_eq!(real_path(&link).expect("a path"), real_path(&data).expect("a path"));
    }
}
