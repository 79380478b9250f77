//! The images that a run is measured on in the end.

use std::sync::{Arc, OnceLock};

use web_time::Instant;

use crate::data::{Dataset, Split, WorldConfig, world_until};
use crate::error::Result;
use crate::seed::Seed;
use crate::stop::Stop;

/// A test part. That of the built-in world is drawn when it is first asked for: nothing needs it before the end of a run,
/// and on a single thread drawing it takes longer than all else that a run begins with.
#[derive(Debug, Clone)]
pub struct TestPart {
    images: usize,
    /// What to draw.
    world: Option<(WorldConfig, Seed)>,
    data: OnceLock<Arc<Dataset>>,
}

impl TestPart {
    /// One that was read.
    pub fn read(data: Dataset) -> Self {
        Self { images: data.len(), world: None, data: OnceLock::from(Arc::new(data)) }
    }

    /// One to be drawn.
    pub fn of_world(config: WorldConfig, seed: Seed) -> Self {
        Self { images: config.labels(Split::Test).len(), world: Some((config, seed)), data: OnceLock::new() }
    }

    /// How many.
    pub fn images(&self) -> usize {
        self.images
    }

    /// What is worth knowing of images that were read; there is nothing to say of drawn ones.
    pub fn notes(&self) -> &[String] {
        self.data.get().map_or(&[], |data| &data.notes)
    }

    /// Seconds that drawing those will take that are not there yet, from an image of each class that is drawn and thrown away.
    ///
    /// # Errors
    /// As [`data`](Self::data), though nobody asks these few to stop.
    pub fn drawing_secs(&self) -> Result<f64> {
        let Some((config, seed)) = self.world.as_ref().filter(|_| self.data.get().is_none()) else { return Ok(0.0) };
        let start = Instant::now();
        let drawn = world_until(&WorldConfig { test_per_class: 1, ..*config }, Split::Test, *seed, &Stop::default())?;
        Ok(start.elapsed().as_secs_f64() * self.images as f64 / drawn.len().max(1) as f64)
    }

    /// Their bytes and labels, which are there before `stop` is asked for.
    ///
    /// # Errors
    /// [`Error::Stopped`](crate::Error::Stopped).
    pub fn data(&self, stop: &Stop) -> Result<&Arc<Dataset>> {
        if let Some((config, seed)) = self.world.as_ref().filter(|_| self.data.get().is_none()) {
            let drawn = world_until(config, Split::Test, *seed, stop)?;
            return Ok(self.data.get_or_init(|| Arc::new(drawn)));
        }
        Ok(self.data.get().expect("what is not drawn was read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::world;
    use crate::error::Error;

    #[test]
    fn it_is_as_large_as_it_says_before_it_is_drawn() {
        let config = WorldConfig { size: 16, test_per_class: 2, ..WorldConfig::default() };
        let drawn = TestPart::of_world(config, Seed(3));
        assert_eq!((drawn.images(), drawn.notes().len(), drawn.data.get()), (20, 0, None));
        let whole = world(&config, Split::Test, Seed(3));
        let stop = Stop::default();
        assert_eq!(**drawn.data(&stop).unwrap(), whole);
        assert_eq!((whole.len(), TestPart::read(whole.clone()).images()), (20, 20));
        assert_eq!(**TestPart::read(whole.clone()).data(&stop).unwrap(), whole);
        stop.ask();
        assert_eq!(TestPart::of_world(config, Seed(3)).data(&stop), Err(Error::Stopped));
        assert!(drawn.data(&stop).is_ok(), "what is drawn is there");
        assert_eq!(drawn.drawing_secs(), Ok(0.0));
        assert!(TestPart::of_world(config, Seed(3)).drawing_secs().unwrap() > 0.0);
    }
}
