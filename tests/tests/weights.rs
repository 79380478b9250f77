//! Weights of one network in all the ways that people have them: every file reads alike, and the network that comes of it has
//! the outputs that PyTorch recorded.

use std::collections::BTreeMap;
use std::path::PathBuf;

use burn_tensor::{DType, Device, Tensor, TensorData};
use l2t_core::experiment::{Config, Plan};
use l2t_core::network::Mode;
use l2t_core::network::architecture::of_weights;
use l2t_core::network::weights::WeightMap;
use l2t_core::source::Source;

/// The files, and whose names they have.
const FILES: [(&str, &str); 8] = [
    ("tiny_torchvision.safetensors", "torchvision's"),
    ("tiny_huggingface.safetensors", "HuggingFace's"),
    ("tiny_zip.pth", "torchvision's"),
    ("tiny_zip_parameters.pth", "torchvision's"),
    ("tiny_legacy.pth", "torchvision's"),
    ("tiny_checkpoint_module.pth.tar", "torchvision's"),
    ("tiny_tar.pth", "torchvision's"),
    ("tiny_tar_python2.pth", "torchvision's"),
];

/// Pixels along the side of the recorded images.
const SIZE: usize = 45;

fn bytes(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo names it"));
    let path = folder.join("fixtures/weights").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn load(name: &str) -> WeightMap {
    WeightMap::from_bytes(name, &bytes(name)).unwrap_or_else(|e| panic!("{e}"))
}

/// All tensors but PyTorch's counters of batches, which are no weights and not in every file.
fn tensors(map: &WeightMap) -> BTreeMap<&str, (&[usize], &[f64])> {
    let names = map.names().filter(|name| !name.ends_with("num_batches_tracked"));
    let tensor = |name| map.get(name).expect("listed");
    names.map(|name| (name, (&tensor(name).shape[..], &tensor(name).values[..]))).collect()
}

#[test]
fn every_file_of_one_network_reads_alike() {
    let reference = load(FILES[0].0);
    // 2, 1, 1, 1 blocks of two convolutions, three shortcuts and the stem with five entries each, and the classifier.
    assert_eq!(tensors(&reference).len(), 5 * (2 * 5 + 3 + 1) + 2);
    for (name, naming) in FILES {
        let map = load(name);
        assert_eq!(tensors(&map), tensors(&reference), "{name}");
        let found = map.naming().unwrap_or_else(|| panic!("{name}: nobody's names"));
        assert!(found.starts_with(naming), "{name}: {found}");
    }
    let checkpoint = load("tiny_checkpoint_module.pth.tar").read_as().join("\n");
    assert!(checkpoint.contains("`state_dict`") && checkpoint.contains("`module.`"), "{checkpoint}");
}

#[test]
fn the_taps_and_logits_are_those_of_pytorch() {
    let recorded = WeightMap::from_bytes("recorded", &bytes("tiny_forward.safetensors")).expect("safetensors");
    let tensor = |name: &str| recorded.get(name).unwrap_or_else(|| panic!("{name} was not recorded"));
    for dtype in [DType::F32, DType::F64] {
        let device = Device::flex();
        let data = TensorData::new(tensor("x").values.clone(), tensor("x").shape.clone());
        let x = Tensor::<4>::from_data(data, (&device, dtype));
        for (name, _) in FILES {
            let source = Source::new(&load(name), None, SIZE, &device, dtype).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!((source.name.as_str(), source.layers().taps.len()), ("ResNet-12", 4), "{name}");
            let network = &source.network;
            let at = network.forward(&source.state.theta, &x, Mode::Eval(&source.state.running), network.output());
            let taps = network.taps().iter().enumerate().map(|(nth, tap)| (format!("tap.{nth}"), tap.node));
            for (what, node) in taps.chain([("logits".to_owned(), network.output())]) {
                let got = at.get(node).to_data().iter::<f64>().collect::<Vec<f64>>();
                let expected = &tensor(&what).values;
                assert_eq!(got.len(), expected.len(), "{name}: {what}");
                let error = got.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                // Recorded in single precision, of numbers of order one.
                assert!(error < 1e-5, "{name}: {what} errs by {error:e}");
            }
        }
    }
}

/// The torchvision file with some entries renamed, left out or added.
fn changed(change: impl Fn(&str) -> Option<String>, added: &[(&str, Vec<usize>)]) -> WeightMap {
    let mut map = WeightMap::new("odd.pth");
    for (name, (shape, values)) in tensors(&load(FILES[0].0)) {
        if let Some(name) = change(name) {
            map.insert(&name, shape.to_vec(), values.to_vec());
        }
    }
    for (name, shape) in added {
        map.insert(name, shape.clone(), vec![0.5; shape.iter().product()]);
    }
    WeightMap::from_bytes("odd.pth", &map.to_safetensors()).expect("safetensors")
}

#[test]
fn what_is_another_network_is_refused_in_a_line_that_names_it() {
    let same = |name: &str| Some(name.to_owned());
    let without = |left_out: &'static str| move |name: &str| (!name.starts_with(left_out)).then(|| name.to_owned());
    let cases = [
        // ResNet-50 and up have a third convolution in every block.
        (changed(same, &[("layer1.0.conv3.weight", vec![16, 4, 1, 1])]), "is ResNet-17, whose blocks are bottlenecks"),
        (changed(same, &[("layer2.2.conv1.weight", vec![6, 6, 3, 3])]), "has layer2.2.conv1.weight, which is no part"),
        (changed(same, &[("layer1.0.se.fc1.weight", vec![2, 4, 1, 1])]), "has layer1.0.se.fc1.weight"),
        (changed(without("layer3.0.bn2"), &[]), "missing (layer3.0.bn2.weight"),
        (changed(without("layer2"), &[]), "has layer3.0.bn1.bias, which is no part"),
        (changed(without("fc.weight"), &[]), "fc.weight is missing beside fc.bias"),
        (
            changed(without("fc"), &[("fc.weight", vec![7, 10, 1, 1])]),
            "fc.weight is no matrix but has shape [7, 10, 1, 1]",
        ),
        (changed(without("conv1"), &[("conv1.weight", vec![4, 1, 7, 7])]), "conv1.weight has shape [4, 1, 7, 7] where"),
        (changed(without("conv1"), &[("conv1.0.weight", vec![4, 3, 3, 3])]), "a stem of three convolutions"),
        (changed(without("layer"), &[]), "is neither a ResNet"),
    ];
    for (weights, words) in cases {
        let error = Source::new(&weights, None, SIZE, &Device::flex(), DType::F32).expect_err(words).to_string();
        assert!(error.starts_with("odd.pth") && error.contains(words) && !error.contains('\n'), "{words}: {error}");
    }
}

/// Backbones are published without their last layer: their layers are those of the whole network.
#[test]
fn a_network_without_its_classifier_is_a_source() {
    let whole = Source::new(&load(FILES[0].0), None, SIZE, &Device::flex(), DType::F64).expect("it is whole");
    let weights = changed(|name| (!name.starts_with("fc.")).then(|| name.to_owned()), &[]);
    let backbone = Source::new(&weights, None, SIZE, &Device::flex(), DType::F64).expect("its layers are there");
    assert!(whole.network.has_classifier() && !backbone.network.has_classifier());
    assert_eq!((backbone.name.as_str(), &backbone.keys.missing[..]), ("ResNet-12", &[][..]));
    let recorded = WeightMap::from_bytes("recorded", &bytes("tiny_forward.safetensors")).expect("safetensors");
    let x = recorded.get("x").expect("recorded");
    let data = TensorData::new(x.values.clone(), x.shape.clone());
    let x = Tensor::<4>::from_data(data, (&Device::flex(), DType::F64));
    let layers = |source: &Source| source.features(&x).iter().map(|map| map.to_data()).collect::<Vec<_>>();
    assert_eq!(layers(&backbone), layers(&whole));
    // Where logits are asked for, it is refused by name before anything begins; where layers are, it is trained with.
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("backbone.safetensors");
    std::fs::write(&path, weights.to_safetensors()).expect("there is room");
    let plan = |method: &str| {
        let set = [
            format!("sources=[{{weights={:?}}}]", path.display().to_string()),
            format!("method.name={method}"),
            "data.size=64".into(),
            "target.network=resnet-2-1-1-1".into(),
            "target.width=0.0625".into(),
            "data.per_class=2".into(),
            "train.batch_size=4".into(),
        ];
        Plan::new(Config::preset("demo", &set).expect("valid"), Device::flex(), "CPU".into())
    };
    for method in ["lwf", "lwf+at"] {
        let error = plan(method).expect_err("it has no logits").to_string();
        let wanted = format!("backbone.safetensors has no classifier, and {method} learns from the logits of one");
        assert!(error.starts_with("sources[0].weights: ") && error.contains(&wanted), "{error}");
    }
    for method in ["at", "fm", "l2t-ww"] {
        plan(method).unwrap_or_else(|error| panic!("{method}: {error}"));
    }
}

/// What is of another shape is neither matched nor missing, and is named with both shapes.
#[test]
fn keys_of_another_shape_are_named() {
    let weights = changed(
        |name| (!name.starts_with("conv1") && name != "layer2.0.bn1.bias").then(|| name.to_owned()),
        &[("conv1.weight", vec![4, 1, 7, 7]), ("layer2.0.bn1.bias", vec![5])],
    );
    let network = of_weights(&weights, None).expect("known").build().expect("it fits");
    let report = network.compare_keys(&weights);
    assert_eq!((report.misshapen.len(), report.missing.len(), report.unexpected.len()), (2, 0, 0));
    let words = report.to_string();
    let both = "2 of another shape (conv1.weight has shape [4, 1, 7, 7] where the network has [4, 3, 7, 7], layer2.0.bn1.bias has shape [5] where the network has [6])";
    assert!(words.starts_with(&format!("{} keys matched, {both}, 0 missing", report.matched.len())), "{words}");
    let error =
        Source::new(&weights, None, SIZE, &Device::flex(), DType::F32).expect_err("it does not fit").to_string();
    assert!(error.ends_with("where the network has [4, 3, 7, 7], and 1 more have another"), "{error}");
}

#[test]
fn a_tar_that_is_cut_off_or_damaged_is_refused_and_nothing_panics() {
    for name in ["tiny_tar.pth", "tiny_tar_python2.pth"] {
        let whole = bytes(name);
        for len in (0..whole.len()).step_by(97) {
            let _ = WeightMap::from_bytes(name, &whole[..len]);
        }
        let half = WeightMap::from_bytes(name, &whole[..whole.len() / 2]).expect_err("it is cut off").to_string();
        assert!(half.contains("is cut off or damaged: download"), "{half}");
        for at in (0..whole.len()).step_by(61) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x55;
            let _ = WeightMap::from_bytes(name, &damaged);
        }
    }
    // Any other tar is named as one.
    let mut other = bytes("tiny_tar.pth");
    for name in ["sys_info", "pickle\0", "tensors", "storages"].map(str::as_bytes) {
        let place = other.windows(name.len()).position(|window| window == name).expect("a member");
        other[place] = b'x';
    }
    let error = WeightMap::from_bytes("other.tar", &other).expect_err("it is none").to_string();
    assert!(error.contains("is a tar archive: unpack it"), "{error}");
}

#[test]
fn a_network_for_large_images_has_the_published_numbers() {
    let weights = |name: &str| l2t_core::source::read_weights(name).expect("it is made");
    for (name, count) in [("untrained-resnet18", 11_689_512), ("untrained-resnet34", 21_797_672)] {
        let architecture = of_weights(&weights(name), None).expect("known");
        let network = architecture.build().expect("it fits");
        assert_eq!(network.layout().count(), count, "{name}");
        let shapes: Vec<[usize; 3]> = network.taps().iter().map(|tap| tap.shape).collect();
        assert_eq!(shapes, [[64, 112, 112], [64, 56, 56], [128, 28, 28], [256, 14, 14], [512, 7, 7]]);
        assert_eq!(architecture.matched(), [1, 2, 3, 4]);
    }
    // 1.814 and 3.664 G multiply-adds, see He et al. (2016), Table 1.
    let multiply_adds = |name: &str| {
        let network = of_weights(&weights(name), None).expect("known").build().expect("it fits");
        network.forward_multiply_adds(network.output()) as f64 / 1e9
    };
    assert!((multiply_adds("untrained-resnet18") - 1.814).abs() < 0.001);
    assert!((multiply_adds("untrained-resnet34") - 3.664).abs() < 0.001);
}
