//! Scores over many images, and both tables as CSV.

use super::{ImageRecord, Survey};
use crate::saliency::score::{Estimate, Score};

/// A score over the images.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRow {
    /// As in the table: `learned_mass`.
    pub name: &'static str,
    /// Mean and interval over the images that have it.
    pub estimate: Estimate,
    /// What a map that knows nothing of the object would have, over the same images.
    pub chance: f64,
}

/// A score by its name and how to read it off a record.
type Reader = (&'static str, fn(&ImageRecord) -> Option<f64>);

fn hit(score: Option<Score>) -> Option<f64> {
    score.map(|score| f64::from(u8::from(score.hit)))
}

/// Every score of the table. A difference has the chance level 0, any other the object's share of the area.
const SCORES: [Reader; 8] = [
    ("uniform_mass", |r| Some(r.uniform?.mass)),
    ("learned_mass", |r| Some(r.learned?.mass)),
    ("learned_minus_uniform_mass", |r| Some(r.learned?.mass - r.uniform?.mass)),
    ("more_activated_mass", |r| r.more),
    ("less_activated_mass", |r| r.less),
    ("uniform_hit", |r| hit(r.uniform)),
    ("learned_hit", |r| hit(r.learned)),
    ("learned_minus_uniform_hit", |r| Some(hit(r.learned)? - hit(r.uniform)?)),
];

impl Survey {
    /// Means over the images with their intervals and chance levels; empty where no image says where its object is.
    pub fn scores(&self) -> Vec<ScoreRow> {
        let row = |(name, value): &Reader| {
            let found: Vec<(f64, f64)> = self.images.iter().filter_map(|r| Some((value(r)?, r.area?))).collect();
            let (values, areas): (Vec<f64>, Vec<f64>) = found.into_iter().unzip();
            let estimate = Estimate::of(&values, name)?;
            let difference = name.contains("_minus_");
            let chance = if difference { 0.0 } else { areas.iter().sum::<f64>() / areas.len() as f64 };
            Some(ScoreRow { name, estimate, chance })
        };
        SCORES.iter().filter_map(row).collect()
    }

    /// Mean over the images of how many evenly weighted channels the learned weights amount to.
    pub fn effective_channels(&self) -> Option<f64> {
        let counts: Vec<f64> = self.images.iter().filter_map(|record| record.effective_channels).collect();
        (!counts.is_empty()).then(|| counts.iter().sum::<f64>() / counts.len() as f64)
    }

    /// How many images have a flat map.
    pub fn flat(&self) -> usize {
        self.images.iter().filter(|r| r.uniform_flat || r.learned_flat == Some(true)).count()
    }

    /// One line an image. A score that an image does not have is empty; shares are 0 to 1, `hit` is 0 or 1.
    pub fn images_csv(&self, class_names: &[String]) -> Vec<u8> {
        let mut header = vec!["image", "class", "object_area"];
        header.extend(SCORES.iter().map(|(name, _)| *name));
        header.extend(["effective_channels", "uniform_flat", "learned_flat"]);
        let rows = self.images.iter().map(|record| {
            let mut row = vec![record.index.to_string(), class_names[record.label].clone(), optional(record.area)];
            row.extend(SCORES.iter().map(|(_, value)| optional(value(record))));
            row.push(optional(record.effective_channels));
            row.extend([Some(record.uniform_flat), record.learned_flat].map(optional));
            row
        });
        csv(header.into_iter().map(String::from).collect(), rows)
    }

    /// One line a score: mean over the images, bounds of its 95 % interval, chance level.
    pub fn summary_csv(&self) -> Vec<u8> {
        let header = ["score", "images", "mean", "ci95_low", "ci95_high", "chance"].map(String::from).to_vec();
        let rows = self.scores().into_iter().map(|ScoreRow { name, estimate, chance }| {
            let [low, high] = estimate.interval.map_or([None; 2], |bounds| bounds.map(Some)).map(optional);
            vec![name.into(), estimate.count.to_string(), estimate.mean.to_string(), low, high, chance.to_string()]
        });
        csv(header, rows)
    }
}

fn optional(value: Option<impl ToString>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn csv(header: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in std::iter::once(header).chain(rows) {
        writer.write_record(row).expect("memory can be written to and rows have one length");
    }
    writer.into_inner().expect("memory can be written to")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_means_over_the_images_that_have_them() {
        let record = |mass: f64, learned: f64, area: f64| ImageRecord {
            index: 0,
            label: 0,
            area: Some(area),
            uniform: Some(Score { mass, hit: true }),
            learned: Some(Score { mass: learned, hit: false }),
            more: None,
            less: Some(0.5),
            effective_channels: Some(3.5),
            uniform_flat: false,
            learned_flat: Some(true),
            maps: None,
        };
        let unknown = ImageRecord { area: None, uniform: None, learned: None, less: None, ..record(0.0, 0.0, 0.0) };
        let survey = Survey { images: vec![record(0.2, 0.6, 0.1), record(0.4, 0.6, 0.3), unknown] };
        let scores = survey.scores();
        let row = |name: &str| scores.iter().find(|row| row.name == name);
        let close = |name: &str, mean: f64, chance: f64| {
            let row = row(name).unwrap();
            assert!((row.estimate.mean - mean).abs() < 1e-12 && (row.chance - chance).abs() < 1e-12, "{row:?}");
            assert_eq!(row.estimate.count, 2);
        };
        close("uniform_mass", 0.3, 0.2);
        close("learned_minus_uniform_mass", 0.3, 0.0);
        close("learned_minus_uniform_hit", -1.0, 0.0);
        close("less_activated_mass", 0.5, 0.2);
        assert_eq!((row("more_activated_mass"), survey.flat()), (None, 3));
        assert!(Survey { images: vec![] }.scores().is_empty());

        let lines = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().lines().map(String::from).collect::<Vec<_>>();
        let images = lines(survey.images_csv(&["a, b".into()]));
        assert_eq!(images[1], "0,\"a, b\",0.1,0.2,0.6,0.39999999999999997,,0.5,1,0,-1,3.5,false,true");
        assert_eq!(images[3], "0,\"a, b\",,,,,,,,,,3.5,false,true");
        let summary = lines(survey.summary_csv());
        assert!(summary.len() == 8 && summary[1].starts_with("uniform_mass,2,0.3"), "{summary:?}");
    }
}
