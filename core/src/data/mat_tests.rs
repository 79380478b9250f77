use super::*;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/mat");

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FIXTURES}/{name}")).unwrap()
}

/// What a script wrote down beside the files that MATLAB and SciPy made.
fn expected() -> BTreeMap<String, Value> {
    let json: serde_json::Value = serde_json::from_slice(&fixture("expected.json")).unwrap();
    let texts = |key: &str| {
        let texts = json[key].as_array().unwrap().iter();
        Value::Cells(texts.map(|text| Value::Text(text.as_str().unwrap().into())).collect())
    };
    let labels = json["labels"].as_array().unwrap().iter().map(|label| label.as_f64().unwrap()).collect();
    BTreeMap::from([
        ("file_list".into(), texts("file_list")),
        ("annotation_list".into(), texts("annotation_list")),
        ("labels".into(), Value::Numbers(labels)),
    ])
}

#[test]
fn the_same_lists_are_read_however_they_were_written() {
    for writer in ["matlab6", "matlab7", "matlab7_utf8", "scipy"] {
        let read = read(&fixture(&format!("train_list_{writer}.mat"))).unwrap();
        let wanted = expected();
        for (name, value) in wanted {
            assert_eq!(read.get(&name), Some(&value), "{name} of {writer}");
        }
    }
}

/// A file of one matrix, with numbers in the machine's other order.
#[test]
fn the_order_of_bytes_is_that_of_the_header() {
    let mut file = vec![b' '; 124];
    file.extend(b"\x01\x00MI");
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let mut matrix = words(&[6, 8, 6, 0, 5, 8, 2, 1]);
    matrix.extend(words(&[1 << 16 | 1]));
    matrix.extend(b"k\0\0\0");
    // Two doubles stored as u16.
    matrix.extend(words(&[4 << 16 | 4]));
    matrix.extend([1, 2, 0, 7]);
    file.extend(words(&[14, matrix.len() as u32]));
    file.extend(&matrix);
    assert_eq!(read(&file), Ok(BTreeMap::from([("k".into(), Value::Numbers(vec![258.0, 7.0]))])));
}

#[test]
fn other_files_and_damaged_ones_are_refused_in_words() {
    let newer = "is a MATLAB file of version 7.3, which is not read: save it by `save -v7`";
    let mut text = fixture("train_list_matlab7.mat");
    text[124..126].copy_from_slice(&[0, 2]);
    for bytes in [&b"\x89HDF\r\n\x1a\n"[..], b"MATLAB 7.3 MAT-file, Platform", &text] {
        assert_eq!(read(bytes), Err(newer.into()));
    }
    for bytes in [&b""[..], b"labels 1 2 3", &[0; 200]] {
        assert_eq!(read(bytes), Err("is not a MATLAB file of version 5 or 7".into()));
    }
    let whole = fixture("train_list_matlab6.mat");
    for length in (HEADER_BYTES + 1..whole.len()).step_by(7) {
        // Whole variables are kept; a piece of one is none.
        if let Ok(variables) = read(&whole[..length]) {
            assert!(variables.len() < 3, "{length} of {} bytes", whole.len());
        }
    }
    let mut packed = fixture("train_list_matlab7.mat");
    packed[150] ^= 0x55;
    assert!(read(&packed).unwrap_err().starts_with("is a damaged MATLAB file: "));
}
