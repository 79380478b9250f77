//! What people write: configurations, grids, changes, links, settings.

use std::sync::LazyLock;

use form_urlencoded::Serializer;
use l2t_app::window::shell::link::Link;
use l2t_app::window::shell::settings::Settings;
use l2t_core::experiment::Config;
use l2t_core::experiment::comparison::grid::{GRIDS, Grid};
use l2t_core::experiment::config::PRESETS;

use crate::dice::Dice;
use crate::reader::Reader;

/// An experiment as TOML.
pub const CONFIG: Reader = Reader {
    name: "config",
    about: "an experiment as TOML",
    several: false,
    valid: || {
        PRESETS
            .iter()
            .map(|(_, text)| text.as_bytes().to_vec())
            .chain([Config::default().to_toml().into_bytes()])
            .collect()
    },
    others: Vec::new,
    words: toml_words,
    grammar: |dice| toml(dice).into_bytes(),
    read: |input| {
        let Ok(text) = std::str::from_utf8(input) else { return false };
        let Some(config) = super::taken(Config::from_toml(text, &[])) else { return false };
        let written = config.to_toml();
        assert_eq!(Config::from_toml(&written, &[]).as_ref(), Ok(&config), "written as {written}");
        true
    },
};

/// A comparison as TOML.
pub const GRID: Reader = Reader {
    name: "grid",
    about: "a comparison as TOML",
    several: false,
    valid: || GRIDS.iter().map(|(_, text)| text.as_bytes().to_vec()).collect(),
    others: Vec::new,
    words: toml_words,
    grammar: |dice| format!("{}\n{}", compare(dice), toml(dice)).into_bytes(),
    read: |input| {
        let Ok(text) = std::str::from_utf8(input) else { return false };
        super::taken(Grid::from_toml(text, &[])).is_some()
    },
};

/// Changes as `--set` has them, one a line.
pub const CHANGES: Reader = Reader {
    name: "set",
    about: "changes of an experiment, as --set has them",
    several: false,
    valid: || {
        ["train.lr=0.1\nseed=3", "method.name=fm\nmethod.pairs=single", "data.path=a b"]
            .map(|text| text.as_bytes().to_vec())
            .to_vec()
    },
    others: Vec::new,
    words: toml_words,
    grammar: |dice| (0..1 + dice.below(4)).map(|_| change(dice) + "\n").collect::<String>().into_bytes(),
    read: |input| {
        let Ok(text) = std::str::from_utf8(input) else { return false };
        let changes: Vec<String> = text.lines().map(String::from).collect();
        let Some(config) = super::taken(Config::preset("demo", &changes)) else { return false };
        let base = Config::preset("demo", &[]).expect("it is there");
        let again = config.changes_from(&base);
        assert_eq!(Config::preset("demo", &again).as_ref(), Ok(&config), "changed by {again:?}");
        true
    },
};

/// The part of a link behind its `#`.
pub const LINK: Reader = Reader {
    name: "link",
    about: "the part of a link behind its #",
    several: false,
    valid: || {
        vec![
            b"preset=demo&set=method.name%3D%22fm%22&tab=saliency&pair=7&hide=files,meta&device=cpu&train=1".to_vec(),
            vec![],
        ]
    },
    others: Vec::new,
    words: || {
        super::words(&[
            "preset=", "&set=", "&tab=", "&pair=", "&hide=", "&device=", "&train=", "%3D", "%22", "%00", "%ff", "+",
            "#", "demo", "cpu",
        ])
    },
    grammar: |dice| link(dice).into_bytes(),
    read: |input| {
        let Ok(text) = std::str::from_utf8(input) else { return false };
        let Some(link) = super::taken(Link::of_address(text)) else { return false };
        let hash = link.hash();
        assert_eq!(Link::read(&hash).as_ref(), Ok(&link), "written as {hash}");
        true
    },
};

/// What the window remembers.
pub const SETTINGS: Reader = Reader {
    name: "settings",
    about: "what the window remembers, as TOML",
    several: false,
    valid: || vec![toml::to_string_pretty(&Settings::default()).expect("settings are plain data").into_bytes()],
    others: Vec::new,
    words: || {
        super::words(&[
            "tour_seen",
            "dark",
            "size",
            "position",
            "page",
            "preset",
            "changes",
            "[",
            "]",
            "nan",
            "inf",
            "1e400",
            "= ",
            "\"",
        ])
    },
    grammar: |dice| {
        let keys = ["tour_seen", "dark", "size", "position", "page", "preset", "changes", "later"];
        (0..dice.below(6))
            .map(|_| format!("{} = {}\n", dice.choose(&keys), scalar(dice)))
            .collect::<String>()
            .into_bytes()
    },
    read: |input| {
        let Ok(text) = std::str::from_utf8(input) else { return false };
        let Ok(settings) = toml::from_str::<Settings>(text) else { return false };
        let _ = settings.theme();
        let (preset, config) = settings.experiment();
        config.check().expect("what is offered is valid");
        let _ = Link::to(&preset, &config).hash();
        true
    },
};

/// Dotted keys of an experiment.
static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut keys: Vec<String> =
        ["data.path", "method.pairs", "sources", "train", "data.split_seed", "source.mean"].map(String::from).to_vec();
    let table: toml::Table = Config::default().to_toml().parse().expect("it was written");
    for (name, value) in table {
        match value {
            toml::Value::Table(inner) => keys.extend(inner.keys().map(|key| format!("{name}.{key}"))),
            _ => keys.push(name),
        }
    }
    keys
});

/// Names that a key may have as its value.
const NAMES: [&str; 26] = [
    "l2t-ww",
    "l2t-w",
    "l2t-where",
    "fm",
    "at",
    "lwf",
    "lwf+at",
    "scratch",
    "fine-tuning",
    "vgg9",
    "resnet8",
    "resnet20",
    "resnet18",
    "resnet-2-1-1-1",
    "single",
    "one-to-one",
    "all-to-all",
    "paper",
    "authors",
    "three-stage",
    "standard",
    "exact",
    "f32",
    "f64",
    "things",
    "embedded",
];

fn toml_words() -> Vec<Vec<u8>> {
    let mut words = super::words(&NAMES);
    words.extend(KEYS.iter().map(|key| key.clone().into_bytes()));
    words.extend(super::words(&[
        "[compare]",
        "[[sources]]",
        "= ",
        "[",
        "]",
        "{",
        "}",
        "\"\"\"",
        "'''",
        "nan",
        "-inf",
        "1e400",
        "\\u0000",
        "\u{feff}",
        "#",
        ".",
        "=",
        "[[[[[[[[[[[[[[[[",
    ]));
    words
}

/// A value that a key does not expect, or does.
fn scalar(dice: &mut Dice) -> String {
    match dice.below(14) {
        0 => dice.edge().to_string(),
        1 => dice.edge().cast_signed().to_string(),
        2 => (dice.choose(&["nan", "inf", "-inf", "1e308", "1e-308", "-0.0", "1e400", "0.1", "0.5", "2", "1", "0"]))
            .into(),
        3 => (dice.choose(&["true", "false", "[]", "{}", "1979-05-27", "''", "\"\"", "0x10", "1_000", "\"\\u0007\""]))
            .into(),
        4 => format!("[{}, {}]", dice.below(9), dice.edge()),
        5 => format!("[{{ source = 0, source_layer = {}, target_layer = {} }}]", dice.below(4), dice.edge()),
        6 => format!("[{{ weights = \"embedded\", layers = [{}] }}]", dice.below(20)),
        7 => "[".repeat(dice.few(3000)) + &"]".repeat(dice.few(3000)),
        8 => format!("{:?}", String::from_utf8_lossy(&dice.bytes(20))),
        9 | 10 => dice.below(64).to_string(),
        _ => format!("\"{}\"", dice.choose(&NAMES)),
    }
}

fn key(dice: &mut Dice) -> String {
    match dice.below(12) {
        0 => (dice.choose(&["a", "train.", ".", "train.lr.x", "\"\"", "sources[0]", "data..path", "é", "seed.seed"]))
            .into(),
        1 => vec!["a"; 1 + dice.few(3000)].join("."),
        _ => dice.choose(&KEYS),
    }
}

fn change(dice: &mut Dice) -> String {
    format!("{}={}", key(dice), scalar(dice))
}

fn toml(dice: &mut Dice) -> String {
    let mut text = String::new();
    for _ in 0..1 + dice.below(6) {
        let line = match dice.below(10) {
            0 => format!("[{}]", key(dice)),
            1 => format!("[[{}]]", key(dice)),
            2 => format!("# {}", dice.choose(&NAMES)),
            _ => format!("{} = {}", key(dice), scalar(dice)),
        };
        text += &line;
        text += dice.choose(&["\n", "\r\n", "\n\n"]);
    }
    text
}

fn compare(dice: &mut Dice) -> String {
    let methods = [
        "\"fm\"",
        "\"l2t-ww\"",
        "{ label = \"x\", name = \"at\", set = { train.lr = 0.2 } }",
        "{ name = \"lwf\" }",
        "\"scratch\"",
        "3",
    ];
    let list =
        |dice: &mut Dice, of: &[&str]| (0..dice.below(4)).map(|_| dice.choose(of)).collect::<Vec<_>>().join(", ");
    let mut text = format!("[compare]\nmethods = [{}]\n", list(dice, &methods));
    for _ in 0..dice.below(4) {
        text += &match dice.below(6) {
            0 => format!("seeds = [{}]\n", list(dice, &["0", "1", "2", "-1", "18446744073709551615"])),
            1 => format!("per_class = [{}]\n", list(dice, &["0", "5", "20", "1"])),
            2 => "preset = \"demo\"\n".to_owned(),
            3 => format!(
                "tasks = [{}]\n",
                list(
                    dice,
                    &[
                        "{ label = \"a\", set = { data.synthetic = \"things\" } }",
                        "{ label = \"b\" }",
                        "{ label = \"../c\" }"
                    ]
                )
            ),
            4 => format!("set = [{:?}]\n", change(dice)),
            _ => format!("{} = {}\n", dice.choose(&["title", "preset", "set", "seeds"]), scalar(dice)),
        };
    }
    text
}

fn link(dice: &mut Dice) -> String {
    let mut link = Serializer::new(String::new());
    for _ in 0..dice.below(6) {
        let key = dice.choose(&["preset", "set", "set", "set", "tab", "pair", "hide", "device", "train", "x", ""]);
        let value = match key {
            "set" => change(dice),
            "preset" => (dice.choose(&["demo", "demo", "bench", "paper-cifar10", "none", ""])).to_owned(),
            "tab" => (dice.choose(&["accuracy", "losses", "pair", "saliency", "steps", "lambda", "x"])).to_owned(),
            "hide" => (dice.choose(&["left", "files,meta", ",,", "x", ""])).to_owned(),
            "device" => (dice.choose(&["auto", "gpu", "cpu", "software-gpu", "x"])).to_owned(),
            "train" => (dice.choose(&["1", "0", "yes", ""])).to_owned(),
            _ => dice.edge().to_string(),
        };
        link.append_pair(key, &value);
    }
    let text = link.finish();
    if dice.once_in(4) { format!("https://example.org/#{text}") } else { text }
}
