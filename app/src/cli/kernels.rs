//! `l2t bench --kernels`: the families of a GPU's kernels beside each other.

use std::path::Path;

use futures_lite::future::block_on;
use l2t_core::device::OpenDevice;
use l2t_core::experiment::kernels::kernels;
use l2t_core::whole_file::write_whole;
use l2t_core::{Error, Result};
use l2t_shaders::conv::{Family, choose};

use super::Ending;

/// What a user asks for instead of what suits the adapter and the shape.
const VARIABLE: &str = "L2T_KERNELS";

/// Makes the choice that the environment asks for, if any.
///
/// # Errors
/// Where it names no family.
pub fn choose_as_asked() -> Result<()> {
    let Some(name) = std::env::var_os(VARIABLE).filter(|name| !name.is_empty()) else { return Ok(()) };
    let family = name.to_str().and_then(Family::parse).ok_or_else(|| {
        let names = Family::ALL.map(Family::name).join(", ");
        Error::config(VARIABLE, format!("{} is none of {names}", name.display()))
    })?;
    choose(family);
    Ok(())
}

/// Times them on `device`, shows them, and leaves them in `out` and as text beside it.
pub fn run(device: &OpenDevice, out: &Path) -> Result<Ending> {
    let bar = super::progress::counter("timing kernels", 0);
    let report = block_on(kernels(device, |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
        true
    }))?;
    bar.finish_and_clear();
    let text = report.text();
    say!("{}", text.trim_end());
    let beside = out.with_extension("txt");
    write_whole(out, report.json().as_bytes())?;
    write_whole(&beside, text.as_bytes())?;
    say!("");
    say!("{} and {} are small enough to send with a report of an issue", out.display(), beside.display());
    Ok(Ending::Done)
}
