//! What can go wrong with the file, and what to do about it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Error, ErrorCode};

use crate::task::StoreError;

/// Why an operation has written nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It may not. Nothing is wrong with the file.
    Refused(StoreError),
    /// The file.
    Sql(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

/// The file as messages name it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub path: PathBuf,
    /// How long others are waited for.
    pub patience: Duration,
}

impl Named {
    pub fn new(path: &Path, patience: Duration) -> Self {
        Self { path: path.to_owned(), patience }
    }

    /// Says what to do.
    pub fn explain(&self, error: &Error) -> StoreError {
        let path = self.path.display();
        let Some(code) = error.sqlite_error_code() else {
            // A value that is not what we wrote there.
            return StoreError::unavailable(format_args!(
                "the task file {path} holds something unexpected ({error}): was it edited, or is it damaged? Restore it from \
                 a backup, or move it away to begin with an empty one"
            ));
        };
        StoreError::unavailable(match code {
            ErrorCode::DiskFull => format!(
                "the task file {path} cannot grow: its disk, or the size that it was given, is full. Free some space, or \
                 delete tasks that have ended; what was acknowledged is safe"
            ),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => format!(
                "the task file {path} has been locked by another process for more than {:?}: find it (`fuser {path}`) and \
                 let it finish, then try again",
                self.patience
            ),
            ErrorCode::DatabaseCorrupt => format!(
                "the task file {path} is damaged ({error}): stop the server, keep a copy of the file, and restore it from a \
                 backup or move it away, with its -wal and -shm, to begin with an empty one"
            ),
            ErrorCode::NotADatabase => format!(
                "{path} is not a task file: it is no SQLite database. Choose another path, or move the file away"
            ),
            ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::AuthorizationForStatementDenied => {
                format!(
                    "the task file {path} cannot be written: give this process the right to write to it, its -wal and -shm, \
                     and the folder"
                )
            }
            ErrorCode::CannotOpen => format!(
                "the task file {path} cannot be opened: does its folder exist, and may this process read and write there?"
            ),
            ErrorCode::SystemIoFailure => format!(
                "the disk of the task file {path} does not work as it should ({error}): look into the system's log"
            ),
            _ => format!("the task file {path} does not do what it was asked to: {error}"),
        })
    }
}

/// Whether a value is not what we wrote there. The file works: other rows can be read.
pub(super) fn is_unreadable(error: &Error) -> bool {
    error.sqlite_error_code().is_none()
}

/// Whether another process has it.
pub(super) fn is_locked(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
