//! All files or none: they are written beside their place, which is renamed at the end.

use std::fs;
use std::path::{Path, PathBuf};

use super::NewError;

/// Goes away with this value, unless it was renamed.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes the folder, with these files.
pub fn write(folder: &Path, files: &[(&str, String)]) -> Result<(), NewError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.with_file_name(format!(".{name}.{}", std::process::id()));
    fs::create_dir(&beside).map_err(NewError::file(&beside))?;
    let draft = Draft(beside);
    for (file, text) in files {
        let path = draft.0.join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(NewError::file(parent))?;
        }
        fs::write(&path, text).map_err(NewError::file(&path))?;
    }
    // A folder that has appeared meanwhile is not ours to replace, though an empty one would be.
    if folder.symlink_metadata().is_ok() {
        return Err(NewError::Exists(folder.to_owned()));
    }
    fs::rename(&draft.0, folder).map_err(NewError::file(folder))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::write;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn nothing_remains_of_what_could_not_be_written() -> Outcome {
        let parent = tempfile::tempdir()?;
        let folder = parent.path().join("new");
        // A file where a folder should be.
        let files = [("a", String::new()), ("a/b", String::new())];
        assert!(write(&folder, &files).is_err());
        assert_eq!(fs::read_dir(parent.path())?.count(), 0);

        fs::create_dir(&folder)?;
        assert!(write(&folder, &[("a", String::new())]).is_err());
        assert_eq!(fs::read_dir(parent.path())?.count(), 1);
        assert_eq!(fs::read_dir(&folder)?.count(), 0);
        Ok(())
    }

    #[test]
    fn all_of_it_is_there_at_once() -> Outcome {
        let parent = tempfile::tempdir()?;
        let folder = parent.path().join("new");
        write(&folder, &[("a/b/c", "text".to_owned())])?;
        assert_eq!(fs::read_to_string(folder.join("a/b/c"))?, "text");
        assert_eq!(fs::read_dir(parent.path())?.count(), 1);
        Ok(())
    }
}
