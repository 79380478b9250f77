//! `l2t completions`.

use clap::CommandFactory;
use clap_complete::Shell;
use l2t_core::Result;

use super::Ending;
use super::args::Arguments;

pub fn run(shell: Shell) -> Result<Ending> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "l2t", &mut script);
    say!("{}", String::from_utf8_lossy(&script).trim_end());
    Ok(Ending::Done)
}
