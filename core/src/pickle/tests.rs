use super::*;

fn read(bytes: &[u8]) -> Outcome<Pickle<'_>> {
    Machine::new(bytes).object()
}

#[test]
fn nested_pairs_take_no_more_than_their_instructions() {
    // None, then sixty times a pair of the value with itself: 2⁶⁰ values where each is a copy.
    let bomb = [b"N".as_slice(), &b"2\x86".repeat(60), b"."].concat();
    assert_eq!(bomb.len(), 122);
    let pickle = read(&bomb).unwrap();
    assert_eq!(pickle.nodes.len(), 61);
}

#[test]
fn deep_nesting_is_dropped_without_recursion() {
    let deep = [b"N".as_slice(), &[0x85; 2_000_000], b"."].concat();
    drop(read(&deep).unwrap());
    let lists = [b"]".as_slice(), &b"]a".repeat(3)].concat();
    assert!(read(&lists).is_err(), "it has no end");
}

#[test]
fn a_list_may_hold_itself() {
    let own = read(b"]q\x00h\x00a.").unwrap();
    assert_eq!(own.items(own.root()), Some(&[own.root()][..]));
}

#[test]
fn endless_programs_end() {
    let long = vec![b'N'; STEPS + 1];
    assert!(read(&long).unwrap_err().contains("instructions"));
}

#[test]
fn every_way_to_write_a_text_gives_the_text() {
    for (bytes, text) in [
        (&b"X\x02\0\0\0ab."[..], "ab"),
        (b"\x8c\x02ab.", "ab"),
        (b"U\x02ab.", "ab"),
        (b"T\x02\0\0\0ab.", "ab"),
        (b"S'a\\x62'\n.", "ab"),
        (b"Va\\u0062\n.", "ab"),
        (b"C\x02ab.", "ab"),
    ] {
        let pickle = read(bytes).unwrap();
        assert_eq!(pickle.text(pickle.root()).unwrap(), text, "{bytes:?}");
    }
}

#[test]
fn every_way_to_write_a_number_gives_the_number() {
    for (bytes, number) in [
        (&b"K\xff."[..], 255),
        (b"M\xff\xff.", 65_535),
        (b"J\xff\xff\xff\xff.", -1),
        (b"I-12\n.", -12),
        (b"I01\n.", 1),
        (b"L77L\n.", 77),
        (b"\x8a\x01\xff.", -1),
        (b"\x8a\x00.", 0),
        (b"\x88.", 1),
    ] {
        let pickle = read(bytes).unwrap();
        assert!(matches!(pickle.node(pickle.root()), Node::Int(found) if *found == number), "{bytes:?}");
    }
}

#[test]
fn python_twos_ordered_dictionary_has_its_entries() {
    // OrderedDict([["a", 1], ["b", 2]]), its lists filled in different ways.
    let pickle = read(b"ccollections\nOrderedDict\n((l(lS'a'\naI1\naa(lS'b'\naI2\naatR.").unwrap();
    assert_eq!(pickle.get(pickle.root(), "b").and_then(|id| pickle.index(id)), Some(2));
}

#[test]
fn bytes_of_protocol_two_are_keys_as_well() {
    // {_codecs.encode("data", "latin1"): 5}
    let pickle = read(b"\x80\x02}c_codecs\nencode\nX\x04\0\0\0dataX\x06\0\0\0latin1\x86RK\x05s.").unwrap();
    assert_eq!(pickle.get(pickle.root(), "data").and_then(|id| pickle.index(id)), Some(5));
}

/// `numpy.array([[1, 2, 3], [4, 5, 6]], dtype)` with columns or rows first, as numpy's `__reduce__` writes it.
fn numpy_pickle(dtype: &str, order: char, fortran: bool, data: &[u8]) -> Vec<u8> {
    let mut out =
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I2\nI3\ntcnumpy\ndtype\n"
            .to_vec();
    out.extend(format!("(S'{dtype}'\nI0\nI1\ntR(I3\nS'{order}'\nNNNI-1\nI-1\nI0\ntb").bytes());
    out.extend(if fortran { b"I01\n" } else { b"I00\n" });
    out.push(b'T');
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out.extend(b"tb.");
    out
}

#[test]
fn arrays_of_numpy_come_out_in_reading_order() {
    let rows = [1u8, 2, 3, 4, 5, 6];
    let columns = [1u8, 4, 2, 5, 3, 6];
    for (bytes, order) in
        [(numpy_pickle("u1", '|', false, &rows), "rows"), (numpy_pickle("u1", '|', true, &columns), "columns")]
    {
        let pickle = read(&bytes).unwrap();
        let array = array(&pickle, pickle.root()).expect(order);
        assert_eq!((array.dtype, &array.shape[..], &array.bytes[..]), ("U8", &[2, 3][..], &rows[..]), "{order}");
    }
    let big: Vec<u8> = (1..=6u16).flat_map(u16::to_be_bytes).collect();
    let bytes = numpy_pickle("u2", '>', false, &big);
    let pickle = read(&bytes).unwrap();
    let little: Vec<u8> = (1..=6u16).flat_map(u16::to_le_bytes).collect();
    assert_eq!(&array(&pickle, pickle.root()).unwrap().bytes[..], &little[..]);
    let short = numpy_pickle("u1", '|', false, &rows[..5]);
    let pickle = read(&short).unwrap();
    assert!(array(&pickle, pickle.root()).is_none(), "five numbers are not two rows of three");
}
