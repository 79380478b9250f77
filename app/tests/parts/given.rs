//! Files that the user gives.

use l2t_app::window::run::given::{gathered, take_into};
use l2t_app::window::seam::Given;
use l2t_core::experiment::Config;
use l2t_core::inputs::Inputs;

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
