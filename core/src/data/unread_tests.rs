use std::path::Path;

use super::*;

fn files() -> Files {
    Files::from_memory(Path::new("pets"), Vec::new())
}

fn unread(list: &[(usize, &str, &str)]) -> Unread {
    let mut unread = Unread::default();
    list.iter().for_each(|(class, name, reason)| unread.push(*class, *name, *reason));
    unread
}

#[test]
fn more_than_half_of_a_class_is_a_problem_and_half_is_a_note() {
    let names = ["cat".to_string(), "dog".into(), "fox".into()];
    let broken =
        unread(&[(0, "cat/2.jpg", "is empty"), (1, "dog/2.jpg", "is empty"), (1, "dog/1.jpg", "is not an image")]);
    assert_eq!(broken.class_counts(3), [1, 2, 0]);
    assert!(broken.check(&files(), &names, &[2, 4, 0]).is_ok());
    let error = broken.check(&files(), &names, &[2, 3, 0]).unwrap_err().to_string();
    let expected =
        "pets/dog/1.jpg: is not an image; 2 of the 3 files of class `dog` cannot be read, too many to leave out";
    assert_eq!(error, expected);
    assert_eq!(broken.problems(&files(), &names, &[1, 3, 0]).len(), 2);
    let only = broken.check(&files(), &names, &[1, 4, 0]).unwrap_err().to_string();
    assert_eq!(only, "pets/cat/2.jpg: is empty; it is the only file of class `cat`");
}

#[test]
fn every_file_is_named_or_counted() {
    assert!(Unread::default().notes().is_empty());
    let mut many = unread(&[(0, "a/1", "is empty"), (0, "a/2", "is not an image"), (1, "b/1", "is empty")]);
    let notes = ["left out 2 files (a/1, b/1): each is empty", "left out 1 file: a/2 is not an image"];
    assert_eq!(many.notes(), notes);
    (3..6).for_each(|number| many.push(1, format!("b/{number}"), "is empty"));
    assert_eq!(many.notes()[0], "left out 5 files (a/1, b/1, b/3 and 2 more): each is empty");
    (0..9).for_each(|number| many.push(1, format!("c/{number}"), format!("reason {number}")));
    assert_eq!(many.notes().last().unwrap(), "left out 5 more files that cannot be read");
}
