//! The experiment and what is looked at, as the part of a link behind its `#`: who opens the link sees the same, and with
//! the same seed on the same device trains to the same numbers.
//!
//! `preset=demo&set=method.name="fm"&set=seed=3&tab=saliency&pair=7&hide=files,meta&device=cpu&train=1`, percent-encoded.

use std::collections::BTreeSet;

use form_urlencoded::{Serializer, parse};
use l2t_core::device::DeviceChoice;
use l2t_core::experiment::Config;
use l2t_core::{Error, Result};

use super::hidden::Part;
use super::tab::Tab;

/// What a link says.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The preset that the experiment begins with.
    pub preset: String,
    /// The experiment.
    pub config: Config,
    /// What is shown below the networks.
    pub tab: Option<Tab>,
    /// The pair that is looked at: index into the pairs.
    pub pair: Option<usize>,
    /// Controls that a teacher took away.
    pub hidden: BTreeSet<Part>,
    /// Where to train.
    pub device: Option<DeviceChoice>,
    /// Whether it trains at once.
    pub train: bool,
}

impl Link {
    /// A link to an experiment and nothing else.
    pub fn to(preset: &str, config: &Config) -> Self {
        Self {
            preset: preset.to_owned(),
            config: config.clone(),
            tab: None,
            pair: None,
            hidden: BTreeSet::new(),
            device: None,
            train: false,
        }
    }

    /// As it stands behind the `#`.
    pub fn hash(&self) -> String {
        let mut link = Serializer::new(String::new());
        link.append_pair("preset", &self.preset);
        let base = Config::preset(&self.preset, &[]).expect("the preset was chosen from those there are");
        for change in self.config.changes_from(&base) {
            link.append_pair("set", &change);
        }
        if let Some(tab) = self.tab {
            link.append_pair("tab", tab.key());
        }
        if let Some(pair) = self.pair {
            link.append_pair("pair", &pair.to_string());
        }
        if !self.hidden.is_empty() {
            let hidden: Vec<&str> = self.hidden.iter().map(|part| part.key()).collect();
            link.append_pair("hide", &hidden.join(","));
        }
        if let Some((name, ..)) = DEVICES.iter().find(|(_, known, _)| Some(*known) == self.device) {
            link.append_pair("device", name);
        }
        if self.train {
            link.append_pair("train", "1");
        }
        link.finish()
    }

    /// Reads a whole address, or the part behind its `#`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn of_address(address: &str) -> Result<Self> {
        Self::read(address.split_once('#').map_or(address, |(_, hash)| hash))
    }

    /// Reads what stands behind a `#`, with or without it; nothing at all is the usual experiment.
    ///
    /// # Errors
    /// Names the part of the link that is not understood.
    pub fn read(hash: &str) -> Result<Self> {
        let pairs: Vec<(String, String)> =
            parse(hash.trim_start_matches('#').as_bytes()).map(|(key, value)| (key.into(), value.into())).collect();
        let all =
            |wanted: &str| pairs.iter().filter(|(key, _)| key == wanted).map(|(_, value)| value.clone()).collect();
        let changes: Vec<String> = all("set");
        let preset = all("preset").pop().unwrap_or_else(|| super::settings::Settings::default().preset);
        let mut link = Self::to(&preset, &Config::preset(&preset, &changes)?);
        for (key, value) in &pairs {
            if key != "set" && pairs.iter().filter(|(other, _)| other == key).count() > 1 {
                return Err(Error::config(format!("the link's {key}"), "stands there more than once"));
            }
            let unknown = || Error::config(format!("the link's {key}"), format!("“{value}” is not known here"));
            match key.as_str() {
                "preset" | "set" => {}
                "tab" => link.tab = Some(Tab::by_key(value).ok_or_else(unknown)?),
                "pair" => link.pair = Some(value.parse().map_err(|_| unknown())?),
                "hide" => {
                    for part in value.split(',').filter(|part| !part.is_empty()) {
                        link.hidden.insert(Part::by_key(part).ok_or_else(unknown)?);
                    }
                }
                "device" => {
                    let found = DEVICES.iter().find(|(name, ..)| name == value);
                    link.device = Some(found.ok_or_else(unknown)?.1);
                }
                "train" => {
                    link.train = match value.as_str() {
                        "1" => true,
                        "0" => false,
                        _ => return Err(unknown()),
                    }
                }
                _ => return Err(Error::config("the link", format!("“{key}” is not known here"))),
            }
        }
        Ok(link)
    }
}

/// Every choice: its name in links and on the command line, and what it takes.
pub const DEVICES: &[(&str, DeviceChoice, &str)] = &[
    ("auto", DeviceChoice::Auto, "A hardware GPU where there is one, otherwise the CPU"),
    ("gpu", DeviceChoice::Gpu, "A hardware GPU"),
    ("cpu", DeviceChoice::Cpu, "The CPU"),
    ("software-gpu", DeviceChoice::SoftwareGpu, "A software Vulkan driver, for tests"),
];
