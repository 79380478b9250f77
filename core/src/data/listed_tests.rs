use std::path::Path;

use super::*;

/// Lists of as many images as the official ones, and the places of the authors' validation images in them.
#[test]
fn the_authors_validation_images_are_those_that_their_files_name() {
    let cases: [(&str, &[u8], usize, usize); 2] = [
        ("cub200", include_bytes!("splits/cub200.bits"), 5_994, 1_000),
        ("dogs", include_bytes!("splits/dogs.bits"), 12_000, 1_200),
    ];
    for (name, bits, images, chosen) in cases {
        let path = format!("{}/../tests/fixtures/splits/{name}_validation.json", env!("CARGO_MANIFEST_DIR"));
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let places: Vec<usize> =
            json["validation"].as_array().unwrap().iter().map(|place| place.as_u64().unwrap() as usize).collect();
        let file = |nth: usize| format!("{:03}/{nth:05}.jpg", nth / 30);
        let files = (0..images).map(|nth| (file(nth), Vec::new())).collect();
        let files = Files::from_memory(Path::new("official"), files);
        // Listed backwards: the order is that of the sorted names.
        let entry = |nth: usize| Entry { name: file(nth), ..Entry::default() };
        let listed = |entries: Vec<Entry>| Listed {
            files: &files,
            folder: String::new(),
            list: "list",
            class_names: vec!["only".into()],
            entries,
            official: images,
        };
        let part = listed((0..images).rev().map(entry).collect()).into_part(Some(bits));
        let found = part.validation.unwrap();
        let found: Vec<usize> = (0..images).filter(|nth| found[*nth]).collect();
        assert_eq!((found.len(), &found), (chosen, &places), "{name}");
        let shorter = listed((1..images).map(entry).collect()).into_part(Some(bits));
        assert!(shorter.validation.is_none(), "{name}: other places");
    }
}

#[test]
fn names_are_read_whatever_system_wrote_the_list() {
    for text in ["a/b c.jpg", "a\\b c.jpg", "./a/b c.jpg", ".\\a\\b c.jpg"] {
        assert_eq!(listed_name(text), "a/b c.jpg");
        assert!(is_in_a_class(&listed_name(text)));
    }
    for name in ["", "a", "a/", "/a", "/a/b", "a/b/c", "../b", "a/..", "./b", "C:/a/b"] {
        assert!(!is_in_a_class(name), "{name}");
    }
}

#[test]
fn names_that_differ_in_capitals_are_found_where_there_is_one() {
    let files = ["a/One.jpg", "a/two.jpg", "a/TWO.jpg", "b/one.jpg"].map(|name| (name.into(), Vec::new()));
    let files = Files::from_memory(Path::new(""), files.to_vec());
    let finder = Finder::new(&files, "a".into());
    let find = |name: &str| finder.find(name);
    assert_eq!(find("one.JPG").as_deref(), Some("a/One.jpg"));
    assert_eq!(find("two.jpg").as_deref(), Some("a/two.jpg"));
    assert_eq!((find("Two.jpg"), find("three.jpg")), (None, None));
}

#[test]
fn a_set_lies_where_its_parts_come_together() {
    let path = |path: &str| Some(path.to_string());
    assert!(lies_in("", &[&path("lists/train.mat"), &path("images/Images")]));
    assert!(lies_in("top", &[&path("top/train.mat"), &None]));
    assert!(lies_in("top", &[&path("top/Images"), &path("top/lists/train.mat")]));
    assert!(!lies_in("", &[&path("top/train.mat"), &path("top/Images")]));
    assert!(!lies_in("", &[&path("top/train.mat"), &None]));
}
