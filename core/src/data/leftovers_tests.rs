use super::*;

#[test]
fn what_systems_leave_behind_is_known_by_its_name() {
    for name in [
        "@eaDir",
        "@EADIR",
        "#recycle",
        "@Recycle",
        "System Volume Information",
        "$RECYCLE.BIN",
        "RECYCLER",
        "FOUND.000",
        "lost+found",
        ".ipynb_checkpoints",
        ".Trashes",
        ".Trash-1000",
        ".git",
        "__MACOSX",
        "Thumbs.db",
        "thumbs.db",
        "desktop.ini",
        "Desktop.ini",
        ".DS_Store",
        "._photo.jpg",
        "Icon\r",
    ] {
        assert!(is_left_behind(name), "{name}");
    }
}

#[test]
fn what_people_call_their_folders_is_not() {
    for name in
        ["recycled", "Recycler", "found", "FOUND.it", "lost", "temporary", "icon", "@home", "#1", "_", "$", "a.b"]
    {
        assert!(!is_left_behind(name), "{name}");
    }
}

#[test]
fn folders_are_counted_by_place_and_files_are_not() {
    let mut left = Leftovers::default();
    for (name, is_folder, taken) in [
        ("cat/@eaDir/a.jpg/x.jpg", false, true),
        ("cat/@eaDir/b.jpg/x.jpg", false, true),
        ("dog/@eaDir", true, true),
        ("dog/Thumbs.db", false, true),
        ("dog/.ipynb_checkpoints/a.jpg", false, true),
        ("__MACOSX/dog/._a.jpg", false, true),
        ("lost+found/a.jpg", false, true),
        ("dog/a.jpg", false, false),
        ("dog", true, false),
    ] {
        assert_eq!(left.takes(name, is_folder), taken, "{name}");
    }
    assert_eq!(left.note().unwrap(), "left out what a system left behind: `@eaDir` in 2 places, `lost+found`");
    assert_eq!(Leftovers::default().note(), None);
}
