use std::path::Path;

use super::*;

/// How a batch was pickled.
#[derive(Clone, Copy, PartialEq)]
enum Written {
    /// The official files: by Python 2, with protocol 2 and texts that are bytes.
    Officially,
    /// By Python 3 with protocol 2, where bytes are calls that make them of texts.
    Anew,
    /// By Python 3 with protocol 4.
    Lately,
}

fn int(value: usize) -> Vec<u8> {
    [&b"J"[..], &(value as u32).to_le_bytes()].concat()
}

/// Bytes, the texts of Python 2.
fn bytes(of: &[u8], written: Written) -> Vec<u8> {
    let len = (of.len() as u32).to_le_bytes();
    match written {
        Written::Officially => [&b"T"[..], &len, of].concat(),
        Written::Anew => {
            let text: String = of.iter().map(|byte| char::from(*byte)).collect();
            let len = (text.len() as u32).to_le_bytes();
            [&b"c_codecs\nencode\nX"[..], &len, text.as_bytes(), b"X\x06\0\0\0latin1\x86R"].concat()
        }
        Written::Lately => [&b"B"[..], &len, of].concat(),
    }
}

fn array(dtype: &str, shape: &[usize], data: &[u8], written: Written) -> Vec<u8> {
    let tuple =
        |items: &[usize]| [b"(".to_vec(), items.iter().flat_map(|item| int(*item)).collect(), b"t".to_vec()].concat();
    let name = [b"U".to_vec(), vec![dtype.len() as u8], dtype.as_bytes().to_vec()].concat();
    let dtype = [
        &b"cnumpy\ndtype\n"[..],
        &name,
        &int(0),
        &int(1),
        b"\x87R(",
        &int(3),
        b"U\x01<NNN",
        &int(0),
        &int(0),
        &int(0),
        b"tb",
    ]
    .concat();
    [
        &b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"[..],
        &tuple(&[0]),
        b"U\x01b\x87R(",
        &int(1),
        &tuple(shape),
        &dtype,
        b"\x89",
        &bytes(data, written),
        b"tb",
    ]
    .concat()
}

fn list(items: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    [b"](".to_vec(), items.flatten().collect(), b"e".to_vec()].concat()
}

fn dictionary(entries: &[(&str, Vec<u8>)], written: Written) -> Vec<u8> {
    let protocol = if written == Written::Lately { 4 } else { 2 };
    let entries = entries.iter().flat_map(|(key, value)| [bytes(key.as_bytes(), written), value.clone()].concat());
    [vec![0x80, protocol, b'}', b'('], entries.collect(), b"u.".to_vec()].concat()
}

/// The image whose planes count up from `start`.
fn image(start: usize) -> Vec<u8> {
    (0..PIXEL_BYTES).map(|place| ((start + place) % 251) as u8).collect()
}

fn batch(labels: &[(&str, &[usize])], written: Written) -> Vec<u8> {
    let count = labels[0].1.len();
    let data: Vec<u8> = (0..count).flat_map(image).collect();
    let mut entries = vec![("data", array("u1", &[count, PIXEL_BYTES], &data, written))];
    entries.extend(labels.iter().map(|(key, labels)| (*key, list(labels.iter().map(|label| int(*label))))));
    dictionary(&entries, written)
}

fn meta(key: &str, count: usize) -> Vec<u8> {
    let names = list((0..count).map(|class| bytes(format!("name {class}").as_bytes(), Written::Officially)));
    dictionary(&[(key, names)], Written::Officially)
}

fn folder(files: &[(&str, Vec<u8>)]) -> Files {
    Files::from_memory(
        Path::new("cifar"),
        files.iter().map(|(name, bytes)| (name.to_string(), bytes.clone())).collect(),
    )
}

fn pixels(part: &Part) -> &[u8] {
    match &part.images {
        Images::Raw { height: 32, width: 32, pixels } => pixels,
        other => panic!("{other:?}"),
    }
}

#[test]
fn batches_of_every_python_are_read() {
    for written in [Written::Officially, Written::Anew, Written::Lately] {
        let files = folder(&[
            ("data_batch_1", batch(&[("labels", &[3, 0])], written)),
            ("data_batch_2", batch(&[("labels", &[9])], written)),
            ("data_batch_2 (1)", batch(&[("labels", &[9])], written)),
            ("test_batch", batch(&[("labels", &[7])], written)),
            ("batches.meta", meta("label_names", 10)),
            ("readme.html", Vec::new()),
        ]);
        assert_eq!(detect(&files, ""), Some(Cifar::Ten));
        let train = read(&files, Cifar::Ten, Section::Train).unwrap().unwrap();
        assert_eq!((train.labels.as_slice(), train.class_names[9].as_str()), (&[3, 0, 9][..], "name 9"));
        assert_eq!(pixels(&train), [image(0), image(1), image(0)].concat());
        assert_eq!(train.notes, ["left out `data_batch_2 (1)`: a copy of `data_batch_2`"]);
        assert_eq!(read(&files, Cifar::Ten, Section::Test).unwrap().unwrap().labels, [7]);
        assert!(read(&files, Cifar::Ten, Section::Validation).unwrap().is_none());
    }
}

#[test]
fn of_cifar_100_the_fine_labels_are_used() {
    let labels: [(&str, &[usize]); 2] = [("coarse_labels", &[1, 2]), ("fine_labels", &[77, 99])];
    let files = folder(&[("train", batch(&labels, Written::Officially)), ("meta", meta("fine_label_names", 100))]);
    assert_eq!(detect(&files, ""), Some(Cifar::Hundred));
    let train = read(&files, Cifar::Hundred, Section::Train).unwrap().unwrap();
    assert_eq!((train.labels.as_slice(), train.class_names[77].as_str()), (&[77, 99][..], "name 77"));
    assert!(read(&files, Cifar::Hundred, Section::Test).unwrap().is_none());
    let array = dictionary(
        &[
            ("data", array("u1", &[2, 3, 32, 32], &[image(0), image(1)].concat(), Written::Lately)),
            (
                "fine_labels",
                array("i8", &[2], &[[5, 0, 0, 0, 0, 0, 0, 0], [6, 0, 0, 0, 0, 0, 0, 0]].concat(), Written::Lately),
            ),
        ],
        Written::Lately,
    );
    let test = read(&folder(&[("test", array)]), Cifar::Hundred, Section::Test).unwrap().unwrap();
    assert_eq!((test.labels.as_slice(), test.class_names[6].as_str()), (&[5, 6][..], "class 6"));
}

#[test]
fn files_of_such_names_that_are_no_pickles_are_not_taken_for_it() {
    assert_eq!(detect(&folder(&[("train", b"a list of files".to_vec()), ("test", Vec::new())]), ""), None);
    assert_eq!(detect(&folder(&[("data_batch_1.bin", vec![0x80, 2])]), ""), None);
}

#[test]
fn bad_files_are_named() {
    let written = Written::Officially;
    let data = |count| ("data", array("u1", &[count, PIXEL_BYTES], &image(0).repeat(count), written));
    let labels = |labels: &[usize]| ("labels", list(labels.iter().map(|label| int(*label))));
    let cases = [
        (dictionary(&[data(1), labels(&[10])], written), "label 0 is 10; the labels of CIFAR-10 are 0 to 9"),
        (
            dictionary(&[data(1), labels(&[1, 2])], written),
            "3072 bytes are not the 2 images of 3072 bytes that it has labels for",
        ),
        (dictionary(&[labels(&[1])], written), "holds no `data`, as a batch of CIFAR-10 does"),
        (dictionary(&[data(1)], written), "holds no `labels`, as a batch of CIFAR-10 does"),
        (dictionary(&[data(1), ("labels", int(1))], written), "has `labels` that are no list of numbers"),
        (dictionary(&[("data", int(1)), labels(&[1])], written), "has `data` that is no array of bytes"),
        (vec![0x80, 2, b'}'], "is not a readable pickle: it is truncated"),
    ];
    for (content, reason) in cases {
        let error = read(&folder(&[("data_batch_1", content)]), Cifar::Ten, Section::Train).unwrap_err();
        assert_eq!(error, Error::file(Path::new("cifar/data_batch_1"), reason));
    }
    let files =
        folder(&[("test_batch", batch(&[("labels", &[1])], written)), ("batches.meta", meta("label_names", 9))]);
    let error = read(&files, Cifar::Ten, Section::Test).unwrap_err();
    assert_eq!(error, Error::file("cifar/batches.meta", "holds 9 names; CIFAR-10 has 10 classes"));
}
