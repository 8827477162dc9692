//! Which files are opened, and which are not.

use std::fs;

use super::*;

#[test]
fn a_path_without_a_folder_is_refused() {
    let place = Place::new();
    let why = refused(&place.0.path().join("missing/tasks.db"));
    assert!(why.contains("missing/tasks.db") && why.contains("folder"), "{why}");
}

#[test]
fn a_folder_is_no_file() {
    let place = Place::new();
    let why = refused(place.0.path());
    assert!(why.contains("cannot be opened"), "{why}");
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let place = Place::new();
    let text = "Dear diary, this is not a database.\n".repeat(100);
    fs::write(place.path(), &text).unwrap();
    let why = refused(&place.path());
    assert!(why.contains("not a task file"), "{why}");
    assert_eq!(fs::read_to_string(place.path()).unwrap(), text);
}

#[test]
fn the_database_of_another_program_is_refused_and_left_alone() {
    let place = Place::new();
    let sql = rusqlite::Connection::open(place.path()).unwrap();
    sql.execute_batch("CREATE TABLE song (title TEXT)").unwrap();
    drop(sql);
    let before = fs::read(place.path()).unwrap();
    let why = refused(&place.path());
    assert!(why.contains("other program") && why.contains("tasks.db"), "{why}");
    assert!(fs::read(place.path()).unwrap() == before, "it was written to");
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let place = Place::new();
    drop(place.open());
    let sql = rusqlite::Connection::open(place.path()).unwrap();
    let known: i32 = sql.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    sql.pragma_update(None, "user_version", 9_999).unwrap();
    drop(sql);
    let before = fs::read(place.path()).unwrap();
    let why = refused(&place.path());
    let versions = why.contains("9999") && why.contains(&format!("version {known}"));
    assert!(versions && why.contains("tasks.db"), "{why}");
    assert!(fs::read(place.path()).unwrap() == before, "it was written to");
}

#[test]
fn an_empty_file_becomes_a_task_file() {
    let place = Place::new();
    fs::write(place.path(), "").unwrap();
    drop(place.open());
    drop(place.open());
}

#[test]
fn many_that_open_a_new_file_at_once_make_one() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| drop(place.open()));
        }
    });
    drop(place.open());
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    drop(place.open());
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o444)).unwrap();
    if fs::OpenOptions::new().write(true).open(place.path()).is_ok() {
        // Nothing is forbidden to root.
        return;
    }
    let why = refused(&place.path());
    assert!(why.contains("right to"), "{why}");
}

#[tokio::test]
async fn a_closed_store_leaves_one_file() {
    let place = Place::new();
    let store = place.open();
    create(&store, task("t")).await.unwrap();
    assert_eq!(format!("{store:?}"), format!("SqliteStore {{ path: {:?}, .. }}", place.path()));
    drop(store);
    let files: Vec<_> =
        fs::read_dir(place.0.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["tasks.db"]);
}

#[tokio::test]
async fn counts_are_made_afresh_when_a_file_is_opened() {
    let place = Place::new();
    let store = place.open();
    create(&store, task("t")).await.unwrap();
    drop(store);
    let sql = rusqlite::Connection::open(place.path()).unwrap();
    sql.execute_batch("UPDATE total SET live = 700, kept = 900; DELETE FROM owner").unwrap();
    drop(sql);
    let store = place.open();
    let mut bounds = Admission::UNBOUNDED;
    (bounds.live, bounds.live_per_owner) = (3, 2);
    store.create(task("u"), bounds).await.unwrap();
    store.create(task("v"), bounds).await.unwrap_err();
}
