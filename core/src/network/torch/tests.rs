use super::tensors::LONGEST as LONGEST_NAME;
use super::*;

/// A checkpoint of PyTorch 1.6 and later, and one in the format before it; `samples/make.py` wrote both.
const FILES: [&[u8]; 2] = [include_bytes!("samples/plain.pth"), include_bytes!("samples/legacy.pth.tar")];

fn floats(tensor: &StoredTensor) -> Vec<f32> {
    tensor.bytes.as_chunks::<4>().0.iter().map(|chunk| 8.0 * f32::from_le_bytes(*chunk)).collect()
}

#[test]
fn both_containers_hold_the_same_tensors() {
    let [plain, legacy] = FILES.map(|bytes| read(bytes).unwrap().tensors);
    assert_eq!(plain, legacy);
    let names: Vec<&str> = plain.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["conv.weight", "turned", "half", "double", "bn.num_batches_tracked", "mask", "parameter"]
            .map(|name| format!("module.{name}"))
    );
    let tensor = |nth: usize| &plain[nth].1;
    assert_eq!((tensor(0).dtype, &tensor(0).shape[..]), ("F32", &[2, 3, 1, 2][..]));
    assert_eq!(floats(tensor(0)), (1..=12u8).map(f32::from).collect::<Vec<_>>());
    // Rows 1 and 2, columns 2 to 4 of four rows of six, turned.
    assert_eq!((&tensor(1).shape[..], floats(tensor(1))), (&[3, 2][..], vec![9.0, 15.0, 10.0, 16.0, 11.0, 17.0]));
    assert_eq!((tensor(2).dtype, &tensor(2).bytes[..]), ("F16", &[0, 0x30, 0, 0x34, 0, 0x36][..]));
    assert_eq!((tensor(3).dtype, tensor(3).bytes.len()), ("F64", 16));
    assert_eq!((tensor(4).dtype, &tensor(4).bytes[..]), ("I64", &7i64.to_le_bytes()[..]));
    assert_eq!((tensor(5).dtype, &tensor(5).bytes[..]), ("Bool", &[1, 0][..]));
    assert_eq!(floats(tensor(6)), [21.0, 22.0]);
}

#[test]
fn what_is_cut_off_or_no_checkpoint_is_refused_and_nothing_panics() {
    for whole in FILES {
        for len in 0..whole.len() {
            // A zip whose end is cut off and a pickle that stops early are refused; a cut in the zip's comment is not.
            let _ = read(&whole[..len]);
        }
        assert!(read(&whole[..whole.len() / 2]).is_err());
        for at in 0..whole.len() {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 0x55;
            let _ = read(&damaged);
        }
    }
    for nonsense in [&b""[..], b"PK\x03\x04", b"{\"not\": \"a pickle\"}", b"\x80\x02}q\x00."] {
        assert!(read(nonsense).is_err(), "{nonsense:?}");
    }
}

/// A checkpoint of five pickles whose object is `object` and whose one storage, called 0, has `numbers`.
fn rows(object: &[u8], numbers: &[f32]) -> Vec<u8> {
    let mut out = b"\x80\x02\x8a\x0a".to_vec();
    out.extend([0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
    out.extend(b".\x80\x02M\xe9\x03.\x80\x02}q\x00.\x80\x02");
    out.extend(object);
    out.extend(b".\x80\x02]q\x00X\x01\0\0\x000a.");
    out.extend((numbers.len() as u64).to_le_bytes());
    out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    out
}

/// The instructions that make a tensor of `shape` and `stride` (one dimension) in storage 0.
fn tensor(shape: u32, stride: u8) -> Vec<u8> {
    let mut out = b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x02tQ".to_vec();
    out.extend(b"K\x00J");
    out.extend(shape.to_le_bytes());
    out.extend([0x85, b'K', stride, 0x85]);
    out.extend(b"\x89}tR");
    out
}

fn dictionary(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut out = b"}(".to_vec();
    for (key, value) in entries {
        out.push(b'X');
        out.extend((key.len() as u32).to_le_bytes());
        out.extend(key.bytes());
        out.extend(value);
    }
    out.push(b'u');
    out
}

fn names(checkpoint: &Checkpoint) -> Vec<&str> {
    checkpoint.tensors.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn the_network_is_found_under_every_usual_key_and_the_optimiser_is_not() {
    let network = dictionary(&[("conv1.weight", tensor(2, 1)), ("block3.downsample.0.weight", tensor(2, 1))]);
    let optimiser = dictionary(&[("state", dictionary(&[("momentum", tensor(2, 1))]))]);
    for key in ["net", "model", "state_dict", "model_state_dict", "module"] {
        let object =
            dictionary(&[("optimizer", optimiser.clone()), ("epoch", b"K\x07".to_vec()), (key, network.clone())]);
        let read = read(&rows(&object, &[1.0, 2.0])).unwrap();
        assert_eq!(names(&read), ["conv1.weight", "block3.downsample.0.weight"], "{key}");
        assert_eq!(read.notes, [format!("the weights are those under `{key}`")]);
    }
    let deep = dictionary(&[("model", dictionary(&[("state_dict", network.clone())]))]);
    let two = read(&rows(&deep, &[1.0, 2.0])).unwrap();
    assert_eq!((names(&two).len(), &two.notes[0][..]), (2, "the weights are those under `model`, `state_dict`"));
    let both = dictionary(&[("ema", network.clone()), ("net", network)]);
    let chosen = read(&rows(&both, &[1.0, 2.0])).unwrap();
    assert_eq!(chosen.notes, ["the weights are those under `net`", "left out: what is under `ema`"]);
}

#[test]
fn a_whole_module_has_the_names_that_its_dictionary_would_have() {
    let module = |parts: &[(&str, Vec<u8>)], weights: &[(&str, Vec<u8>)]| {
        let mut out = b"cnets\nNet\n)\x81".to_vec();
        out.extend(dictionary(&[
            ("training", b"\x89".to_vec()),
            ("_parameters", dictionary(weights)),
            ("_buffers", dictionary(&[])),
            ("_modules", dictionary(parts)),
        ]));
        out.push(b'b');
        out
    };
    let parameter = [b"ctorch._utils\n_rebuild_parameter\n(".as_slice(), &tensor(2, 1), b"\x88}tR"].concat();
    let object = module(&[("conv1", module(&[], &[("weight", parameter)]))], &[("scale", tensor(1, 1))]);
    let read = read(&rows(&object, &[3.0, 4.0])).unwrap();
    assert_eq!(names(&read), ["scale", "conv1.weight"]);
    assert_eq!(floats(&read.tensors[1].1), [24.0, 32.0]);
}

#[test]
fn eight_bytes_that_claim_to_be_gigabytes_are_refused() {
    let object = dictionary(&[("weight", tensor(1 << 30, 0))]);
    assert!(read(&rows(&object, &[1.0, 2.0])).unwrap_err().contains("far more numbers than the file has"));
    let outside = dictionary(&[("weight", tensor(3, 1))]);
    assert!(read(&rows(&outside, &[1.0, 2.0])).unwrap_err().contains("outside its storage"));
}

#[test]
fn parts_that_hold_each_other_are_looked_at_once() {
    let itself = [b"]q\x00(".as_slice(), &b"h\x00".repeat(5000), &tensor(2, 1), b"e"].concat();
    assert_eq!(names(&read(&rows(&itself, &[1.0, 2.0])).unwrap()), ["5000"]);
    // A dictionary under `model` that is the dictionary itself, with the weights beside.
    let object = [b"}q\x00".as_slice(), b"(X\x05\0\0\0modelh\x00X\x01\0\0\0w", &tensor(2, 1), b"u"].concat();
    assert_eq!(names(&read(&rows(&object, &[1.0, 2.0])).unwrap()), ["w"]);
    let model = [b"}q\x00(X\x05\0\0\0modelh\x00X\x03\0\0\0net".as_slice(), &object[3..], b"u"].concat();
    let _ = read(&rows(&model, &[1.0, 2.0]));
}

#[test]
fn one_dictionary_in_thousands_of_parts_is_refused() {
    let state = [b"}q\x02(".as_slice(), &b"K\x01N".repeat(5000), b"u0cnets\nNet\nq\x010"].concat();
    let parts = b"h\x01)\x81h\x02b".repeat(5000);
    let object = [state.as_slice(), b"](", &tensor(2, 1), &parts, b"e"].concat();
    assert!(read(&rows(&object, &[1.0, 2.0])).unwrap_err().contains("name each other more often"));
}

#[test]
fn a_name_longer_than_any_is_left_out() {
    let long = "x".repeat(LONGEST_NAME + 1);
    let object = dictionary(&[(&long, tensor(2, 1)), ("conv1.weight", tensor(2, 1))]);
    assert_eq!(names(&read(&rows(&object, &[1.0, 2.0])).unwrap()), ["conv1.weight"]);
}
