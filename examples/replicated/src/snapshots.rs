//! The files of snapshots. One is kept: the newest. It is written or received under another name, made durable, and
//! named in the SQLite file in one transaction; before that it does not count, and after that no other one does.

use std::fs::{self, File};
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use openraft::SnapshotMeta;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use uuid::Uuid;

use crate::data::{self, Data, DataError};
use crate::{Member, NodeId};

/// What a snapshot is of.
pub type Meta = SnapshotMeta<NodeId, Member>;

/// How the name of a snapshot begins, and how that of one which is not whole yet.
const WHOLE: &str = "snapshot-";
const IN_WORK: &str = "part-of-";

/// The newest snapshot, as it is named in the SQLite file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    meta: Meta,
    file: String,
}

/// The snapshots of one node.
#[derive(Clone, Debug)]
pub struct Snapshots {
    data: Arc<Data>,
}

impl Snapshots {
    /// Those in a node's folder. Removes what a stop in the middle left.
    ///
    /// # Errors
    /// Of the disk; where the file that is named is not there.
    pub fn open(data: Arc<Data>) -> Result<Self, DataError> {
        let snapshots = Self { data };
        let newest = snapshots.newest()?;
        if let Some((_, path)) = &newest
            && !path.exists()
        {
            return Err(DataError::Damaged(format!("the snapshot {} is not there", path.display())));
        }
        let newest = newest.map(|(_, path)| path);
        snapshots.remove(|name, path| {
            name.starts_with(IN_WORK) || (name.starts_with(WHOLE) && Some(path) != newest.as_deref())
        })?;
        Ok(snapshots)
    }

    fn remove(&self, is_useless: impl Fn(&str, &Path) -> bool) -> Result<(), DataError> {
        let folder = self.data.folder();
        let wrong = |error| DataError::Io(folder.to_owned(), error);
        for entry in fs::read_dir(folder).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            if is_useless(&entry.file_name().to_string_lossy(), &entry.path()) {
                fs::remove_file(entry.path()).map_err(wrong)?;
            }
        }
        Ok(())
    }

    /// An empty file for one that is to be written or received. It is removed when it is dropped, unless it was kept.
    ///
    /// # Errors
    /// Of the disk.
    pub fn create(&self) -> Result<SnapshotFile, DataError> {
        let path = self.data.folder().join(format!("{IN_WORK}{}", Uuid::new_v4().simple()));
        match File::options().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => Ok(SnapshotFile { file: file.into(), path, is_in_work: true }),
            Err(error) => Err(DataError::Io(path, error)),
        }
    }

    /// Makes a file the newest snapshot, if it is of as many entries as that which is, and removes the other one.
    ///
    /// # Errors
    /// Of the disk.
    pub fn keep(&self, meta: &Meta, file: &SnapshotFile) -> Result<(), DataError> {
        let name = format!("{WHOLE}{}", Uuid::new_v4().simple());
        let path = self.data.folder().join(&name);
        let wrong = |error| DataError::Io(path.clone(), error);
        // One that was kept stays where it is.
        let moved = if file.is_in_work {
            fs::rename(&file.path, &path)
        } else {
            fs::copy(&file.path, &path).map(drop)
        };
        moved.and_then(|()| File::open(&path)?.sync_all()).map_err(wrong)?;
        data::sync_folder(self.data.folder()).map_err(wrong)?;
        let newest = self.data.with_blocking(|connection| {
            let transaction = connection.transaction()?;
            let before: Option<Kept> = data::get(&transaction, "snapshot")?;
            let newest = match before {
                Some(before) if before.meta.last_log_id > meta.last_log_id => before,
                _ => Kept { meta: meta.clone(), file: name },
            };
            data::put(&transaction, "snapshot", &newest)?;
            transaction.commit()?;
            Ok(newest)
        })?;
        self.remove(|name, _| name.starts_with(WHOLE) && name != newest.file)
    }

    /// The newest snapshot and its file, if there is one.
    ///
    /// # Errors
    /// Of the disk.
    pub fn newest(&self) -> Result<Option<(Meta, PathBuf)>, DataError> {
        let kept: Option<Kept> = self.data.with_blocking(|connection| data::get(connection, "snapshot"))?;
        Ok(kept.map(|kept| (kept.meta, self.data.folder().join(&kept.file))))
    }
}

/// The file of a snapshot, as openraft sends and receives it. An open one can be read to its end after a newer one
/// took its place.
#[derive(Debug)]
pub struct SnapshotFile {
    file: tokio::fs::File,
    path: PathBuf,
    is_in_work: bool,
}

impl SnapshotFile {
    /// A kept one, to be read.
    ///
    /// # Errors
    /// Of the disk.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| DataError::Io(path.to_owned(), error))?;
        Ok(Self { file: file.into(), path: path.to_owned(), is_in_work: false })
    }

    /// What went wrong with it.
    pub fn wrong(&self, error: io::Error) -> DataError {
        DataError::Io(self.path.clone(), error)
    }

    /// The file from its beginning, with a position of its own.
    ///
    /// # Errors
    /// Of the disk.
    pub fn reopened(&self) -> Result<File, DataError> {
        let file = File::options().read(true).write(self.is_in_work).open(&self.path);
        file.map_err(|error| self.wrong(error))
    }
}

impl Drop for SnapshotFile {
    fn drop(&mut self) {
        if self.is_in_work {
            // One that was kept has another name by now.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl AsyncRead for SnapshotFile {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_read(context, buffer)
    }
}

impl AsyncWrite for SnapshotFile {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.file).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_shutdown(context)
    }
}

impl AsyncSeek for SnapshotFile {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.file).start_seek(position)
    }

    fn poll_complete(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Pin::new(&mut self.file).poll_complete(context)
    }
}
