//! What is written down of the window: links, settings, command lines, words about keeping.

use std::collections::BTreeSet;

use l2t_app::window::seam::keeping::Attempts;
use l2t_app::window::shell::command::command_line;
use l2t_app::window::shell::hidden::Part;
use l2t_app::window::shell::link::Link;
use l2t_app::window::shell::settings::Settings;
use l2t_app::window::shell::tab::Tab;
use l2t_core::Error;
use l2t_core::device::DeviceChoice;
use l2t_core::experiment::Config;

#[test]
fn a_link_survives_its_text() {
    let changes = ["seed=3", "method.name=fm", "data.path=\"my pictures & more.zip\"", "train.lr=0.1"];
    let config = Config::preset("demo", &changes.map(String::from)).unwrap();
    let link = Link {
        tab: Some(Tab::Saliency),
        pair: Some(7),
        hidden: BTreeSet::from([Part::Files, Part::Meta]),
        device: Some(DeviceChoice::SoftwareGpu),
        train: true,
        ..Link::to("demo", &config)
    };
    let hash = link.hash();
    assert!(hash.is_ascii() && !hash.contains([' ', '"', '#']), "{hash}");
    assert_eq!(Link::read(&hash), Ok(link.clone()));
    assert_eq!(Link::read(&format!("#{hash}")), Ok(link.clone()));
    assert_eq!(Link::of_address(&format!("https://example.org/l2t/#{hash}")), Ok(link));
}

#[test]
fn an_empty_link_is_the_usual_experiment_and_a_broken_one_is_refused_in_words() {
    let usual = Link::read("").unwrap();
    assert_eq!((usual.preset.as_str(), usual.train, usual.tab), ("demo", false, None));
    for (broken, part) in [
        ("preset=none", "none"),
        ("set=method.name=none", "none"),
        ("tab=none", "tab"),
        ("pair=x", "pair"),
        ("hide=files,none", "hide"),
        ("device=none", "device"),
        ("train=yes", "train"),
        ("train=", "train"),
        ("train=1&train=0", "train"),
        ("preset=demo&preset=smoke", "preset"),
        ("colour=red", "colour"),
    ] {
        let error = Link::read(broken).unwrap_err().to_string();
        assert!(error.contains(part), "{broken}: {error}");
    }
}

#[test]
fn settings_survive_their_file_and_unknown_ones_are_left_out() {
    let changes = vec!["train.lr=0.1".into(), "method.name=\"fm\"".into()];
    let settings = Settings { dark: Some(true), changes, ..Settings::default() };
    let text = toml::to_string_pretty(&settings).unwrap();
    assert_eq!(toml::from_str::<Settings>(&text).as_ref(), Ok(&settings));
    assert_eq!(toml::from_str::<Settings>("tour_seen = true\nlater = 3").unwrap().size, [1280.0, 860.0]);
    assert_eq!(settings.experiment().1.train.lr, 0.1);
}

#[test]
fn an_experiment_that_is_no_longer_valid_is_forgotten() {
    let settings = Settings { changes: vec!["train.gone=1".into()], ..Settings::default() };
    assert_eq!(settings.experiment().1, Config::preset("demo", &[]).unwrap());
}

#[test]
fn the_command_line_says_what_was_changed_and_nothing_else() {
    let draft = Config::preset("demo", &["seed=3".into(), "data.path=my pictures".into()]).unwrap();
    let line = command_line("demo", &draft.changes_from(&Config::preset("demo", &[]).unwrap()));
    assert_eq!(line, r#"l2t train --preset demo --set 'data.path="my pictures"' --set seed=3 --out run"#);
}

#[test]
fn a_failure_is_said_once_and_so_is_its_end() {
    let mut attempts = Attempts::default();
    let full = || Err(Error::file("last run", "the storage is full"));
    assert_eq!(attempts.after("last run", Ok(())), None);
    let said = attempts.after("last run", full()).expect("it is said");
    assert!(said.starts_with("last run: the storage is full; it is tried again"), "{said}");
    assert_eq!(attempts.after("last run", full()), None);
    assert_eq!(attempts.after("last run", Ok(())).as_deref(), Some("last run is kept in this browser again"));
    assert_eq!(attempts.after("last run", Ok(())), None);
    assert!(attempts.after("last run", full()).is_some(), "and another time");
    assert_eq!(attempts.after("mine", Ok(())), None, "which had not failed");
}
