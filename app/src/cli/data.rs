//! `l2t data`.

use std::path::Path;

use l2t_core::Result;
use l2t_core::data::DataSource;

use super::Ending;
use super::progress::loading;

pub fn inspect(path: &Path) -> Result<Ending> {
    say!("{}", DataSource::open(path)?.watched(loading()).inspect());
    Ok(Ending::Done)
}
