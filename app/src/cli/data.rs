//! `l2t data`.

use std::path::Path;

use l2t_core::Result;

use super::Ending;

pub fn inspect(path: &Path) -> Result<Ending> {
    say!("{}", l2t_core::data::inspect(path)?);
    Ok(Ending::Done)
}
