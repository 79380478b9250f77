use std::path::Path;

use super::*;

#[test]
fn copies_are_known_by_what_systems_call_them() {
    for name in [
        "data_batch_1 (1).bin",
        "data_batch_1(2).bin",
        "data_batch_1 - Copy.bin",
        "data_batch_1 - Copy (3).bin",
        "data_batch_1 - Kopie.bin",
        "data_batch_1 - Kopie (2).bin",
        "data_batch_1 copy.bin",
        "data_batch_1 copy 2.bin",
        "data_batch_1 Kopie 2.bin",
        "data_batch_1 - コピー.bin",
        "data_batch_1 (1) - Copy.bin",
        "data_batch_1_copy.bin",
        "Copy of data_batch_1.bin",
        "Kopie von data_batch_1.bin",
        "Copy of data_batch_1 (1).bin",
    ] {
        assert_eq!(original(name).as_deref(), Some("data_batch_1.bin"), "{name}");
    }
    assert_eq!(original("train (1)").as_deref(), Some("train"));
    for name in
        ["data_batch_1.bin", "data_batch_11.bin", "train", "copy.bin", "a (b).bin", "photo (x1).jpg", "İ copy", ""]
    {
        assert_eq!(original(name).filter(|original| original != "İ"), None, "{name}");
    }
}

#[test]
fn a_file_and_its_copies_are_one() {
    let names = ["a_1 (1).bin", "a_1.bin", "a_2 (1).bin", "a_2 (2).bin", "a_3.bin", "b.bin"];
    let files = Files::from_memory(Path::new(""), names.map(|name| (format!("in/{name}"), Vec::new())).to_vec());
    let chosen = choose(&files, "in", |name| name.starts_with("a_") && !name.contains('('));
    let expected = [("a_1.bin", "in/a_1.bin"), ("a_2.bin", "in/a_2 (1).bin"), ("a_3.bin", "in/a_3.bin")];
    assert_eq!(chosen.files, expected.map(|(official, name)| (official.to_string(), name.to_string())));
    assert_eq!(
        chosen.notes,
        [
            "left out `a_1 (1).bin`: a copy of `a_1.bin`",
            "`a_2 (1).bin` is taken for `a_2.bin`, which is not there",
            "left out `a_2 (2).bin`: a copy of `a_2.bin`",
        ]
    );
}
