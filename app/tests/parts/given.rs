//! Files that the user gives.

use futures_lite::future::block_on;
use l2t_app::window::run::given::{gathered, take_into};
use l2t_app::window::seam::Given;
use l2t_core::device::{DeviceChoice, open};
use l2t_core::experiment::checkpoint::{Checkpoint, Position};
use l2t_core::experiment::config::PairsConfig;
use l2t_core::experiment::{Config, Method, Plan};
use l2t_core::inputs::Inputs;
use l2t_core::matching::PairRule;
use l2t_core::meta::WherePer;

#[test]
fn files_that_are_no_pictures_or_weights_are_refused_by_name() {
    let mut draft = Config::preset("demo", &[]).unwrap();
    let (before, mut inputs) = (draft.clone(), Inputs::default());
    for name in ["none.zip", "none.safetensors"] {
        let memory = Given::Memory(name.into(), vec![(name.into(), b"nonsense".to_vec())]);
        for given in [Given::Path(name.into()), memory] {
            let error = take_into(&mut draft, &mut inputs, given).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }
    assert_eq!(draft, before);
    assert_eq!(inputs.iter().count(), 0);
}

/// φ alone means nothing: it comes with the settings that it was learned in, and with no others.
#[test]
fn the_checkpoint_of_a_run_gives_its_phi() {
    let changes = ["method.name=l2t-where", "meta.where_per=pair", "method.pairs=one-to-one", "target.width=0.0625"];
    let taught = Config::preset("demo", &changes.map(String::from)).unwrap();
    let plan = Plan::new(taught, open(DeviceChoice::Cpu).unwrap().device, "CPU".into()).unwrap();
    let checkpoint = block_on(Checkpoint::take(&plan, &plan.initial_state(), Position::default())).unwrap();
    let mut draft = Config::preset("demo", &["method.beta=2".into(), "data.synthetic=texture".into()]).unwrap();
    let mut expected = draft.clone();
    let mut inputs = Inputs::default();
    let given = Given::file("latest.safetensors".into(), checkpoint.to_bytes());
    let note = take_into(&mut draft, &mut inputs, given).unwrap();
    assert_eq!(note, "latest.safetensors says what and where to transfer in the next run");
    expected.method.phi = Some("latest.safetensors".into());
    expected.method.name = Method::L2tWhere;
    expected.method.pairs = Some(PairsConfig::Rule(PairRule::OneToOne));
    expected.meta.where_per = WherePer::Pair;
    assert_eq!(draft, expected);
    assert!(inputs.has("latest.safetensors") && !draft.learns_phi());
    let cut = Given::file("cut.safetensors".into(), checkpoint.to_bytes()[..900].to_vec());
    let error = take_into(&mut draft, &mut inputs, cut).unwrap_err().to_string();
    assert!(error.starts_with("cut.safetensors"), "{error}");
}

#[test]
fn the_files_of_one_data_set_are_taken_together() {
    for (given, expected) in [
        (["data_batch_1.bin", "beetles.zip", "test_batch.bin"], "data_batch_1.bin + test_batch.bin"),
        (["batches.meta", "beetles.zip", "test_batch"], "batches.meta + test_batch"),
    ] {
        let given = given.map(|name| Given::file(name.into(), vec![1])).to_vec();
        let names: Vec<String> = gathered(given).iter().map(Given::name).collect();
        assert_eq!(names, ["beetles.zip", expected]);
    }
}
