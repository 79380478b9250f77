//! What can be said on the command line.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use l2t_core::device::DeviceChoice;
use l2t_core::experiment::comparison::Shard;
use l2t_core::experiment::saliency::choice::Part;
use l2t_core::saliency::colour::ColourMap;

use crate::window::paint::saliency::COLOURS;
use crate::window::shell::link::DEVICES;

/// Learn what and where to transfer: train a small network from a frozen source network.
///
/// Without a command a window opens; where there is no display, `l2t demo` runs instead. It needs no download and no GPU.
#[derive(Debug, Parser)]
#[command(name = "l2t", version)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a target network, or go on with a run that was stopped.
    ///
    /// Examples:
    ///   l2t train --preset demo --out runs/first
    ///   l2t train --preset cifar10-50 --set data.path=cifar-10-batches-bin \
    ///     --set sources.0.weights=tinyimagenet-resnet32.pth.tar --out runs/cifar
    ///   l2t train --resume runs/cifar
    #[command(verbatim_doc_comment)]
    Train(TrainArguments),
    /// Open the window: train, watch, step through Algorithm 1, look at what is transferred.
    Window(WindowArguments),
    /// Train on the built-in images from the built-in source, from scratch, with fixed pairs and with L2T, and draw it.
    Demo(DemoArguments),
    /// Run methods × seeds × images per class × tasks from one file, and report how they compare.
    ///
    /// Cells that are done are skipped, one that was interrupted goes on: give the same command again.
    ///
    /// Examples:
    ///   l2t compare --preset smoke --out runs/smoke
    ///   l2t compare grid.toml --out runs/grid --list
    ///   l2t compare grid.toml --out runs/grid --shard 0/4
    ///   l2t report runs/grid
    #[command(verbatim_doc_comment)]
    Compare(CompareArguments),
    /// Write the report of a comparison, from one folder or from the folders of its shards.
    Report {
        /// Folders that `l2t compare` wrote.
        #[arg(required = true, value_name = "FOLDER")]
        folders: Vec<PathBuf>,
        /// The folder for the report [default: report/ in the first FOLDER].
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
        /// Instead of a report, a small file with what a report needs of every cell.
        #[arg(long, value_name = "FILE", conflicts_with = "out")]
        archive: Option<PathBuf>,
    },
    /// Write a page of results from a folder of archived comparisons and a findings.md with the words for it.
    ///
    /// Examples:
    ///   l2t report runs/grid --archive docs/results/grid.json
    ///   l2t results docs/results
    #[command(verbatim_doc_comment)]
    Results {
        /// Archives that `l2t report --archive` wrote, with findings.md.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        /// The page [default: FOLDER.md].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Look at a source network.
    Source {
        #[command(subcommand)]
        command: SourceCommand,
    },
    /// Look at a data set.
    Data {
        #[command(subcommand)]
        command: DataCommand,
    },
    /// Draw which pixels a pair's matching looks at, with uniform and with learned channel weights, and score the maps
    /// where the images say where their object is.
    ///
    /// Examples:
    ///   l2t saliency --run runs/first --out runs/first/saliency
    ///   l2t saliency --run runs/cifar --data tiny-imagenet-200 --pair 2,3 --out saliency
    #[command(verbatim_doc_comment)]
    Saliency(SaliencyArguments),
    /// List the devices that can be trained on, and which one `auto` takes.
    Devices,
    /// Time one iteration, phase by phase, beside the device's own matrix product.
    Bench(BenchArguments),
    /// Print what makes a shell complete the commands and options of l2t.
    ///
    /// Examples:
    ///   l2t completions bash > ~/.local/share/bash-completion/completions/l2t
    ///   l2t completions fish > ~/.config/fish/completions/l2t.fish
    #[command(verbatim_doc_comment)]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// `l2t train`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["preset", "config", "resume"]))]
pub struct TrainArguments {
    /// An experiment that comes with the program: demo, demo-early, source, source-resnet32, source-textures,
    /// cifar10-50, paper-cifar10, cub200, dogs, mit67, stanford40, demo-large, source-resnet10, bench,
    /// bench-photographs.
    #[arg(long)]
    pub preset: Option<String>,
    /// An experiment in a TOML file; every run writes its own as config.toml.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The folder of a run that was stopped, which goes on where it was; or the zip of one that a window or page
    /// exported, which goes on in the folder --out.
    #[arg(long, value_name = "FOLDER", conflicts_with = "set")]
    pub resume: Option<PathBuf>,
    /// Change a key, for example train.epochs=50 or method.name=scratch; may be given again.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The folder for everything that the run writes; must not hold a run already.
    #[arg(long, value_name = "FOLDER", required_unless_present = "resume")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub device: DeviceArgument,
}

/// `l2t window`.
#[derive(Debug, Args)]
pub struct WindowArguments {
    /// Open with the experiment of this link (what “Copy link” gives, or what stands behind its #).
    #[arg(long, value_name = "LINK")]
    pub link: Option<String>,
    /// Draw without a break while training and write the time between frames to this file (CSV, milliseconds).
    #[arg(long, value_name = "FILE")]
    pub frame_times: Option<PathBuf>,
    /// It takes the place of a window whose device was lost.
    #[arg(long, hide = true)]
    pub after_loss: bool,
    /// For tests: lose the device as soon as there is this file.
    #[arg(long, hide = true, value_name = "FILE")]
    pub lose_device_when: Option<PathBuf>,
    #[command(flatten)]
    pub device: DeviceArgument,
}

/// `l2t demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// The folder for everything that the demo writes.
    #[arg(long, value_name = "FOLDER", default_value = "runs/demo")]
    pub out: PathBuf,
    /// Change a key of both runs, for example seed=1; may be given again.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    #[command(flatten)]
    pub device: DeviceArgument,
}

/// `l2t compare`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("grid").required(true).args(["preset", "file"]))]
pub struct CompareArguments {
    /// A grid in a TOML file: an experiment and a [compare] table.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// A grid that comes with the program: smoke, fine-grained, fine-grained-large, table1-cifar10, table1-imagenet, figure5.
    #[arg(long)]
    pub preset: Option<String>,
    /// Change a key of the experiment, for example train.epochs=50; may be given again. What a method or a task of the
    /// grid sets stands above it.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The folder for everything that is written; the same one goes on where it was.
    #[arg(long, value_name = "FOLDER", required_unless_present = "list")]
    pub out: Option<PathBuf>,
    /// Run part I of N (from 0) and write no report; the parts are disjoint and cost about the same.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Show the cells and where they stand, and run nothing.
    #[arg(long)]
    pub list: bool,
    #[command(flatten)]
    pub device: DeviceArgument,
}

/// `l2t bench`.
#[derive(Debug, Args)]
pub struct BenchArguments {
    /// The experiment whose iteration is timed.
    #[arg(long, default_value = "bench")]
    pub preset: String,
    /// Change a key, for example target.width=0.25 or train.batch_size=128; may be given again.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Learn from that many photographs of 500 × 375 pixels, made for it and decoded as they are needed; --preset
    /// bench-photographs has sizes for them.
    #[arg(long, value_name = "COUNT")]
    pub photographs: Option<usize>,
    /// Iterations that are timed, after one that is not.
    #[arg(long, default_value_t = 5)]
    pub repeats: usize,
    /// Time the kernels of a GPU instead, every family of them on the shapes of the networks here, and leave a report to send to us.
    ///
    /// A run takes the family that suits the adapter and the shape; L2T_KERNELS=registers or L2T_KERNELS=tiled insists on one.
    #[arg(long, conflicts_with_all = ["preset", "set", "repeats"])]
    pub kernels: bool,
    /// Where the report of --kernels goes, as JSON; the same as text goes beside it.
    #[arg(long, value_name = "FILE", default_value = "l2t-kernels.json", requires = "kernels")]
    pub out: PathBuf,
    #[command(flatten)]
    pub device: DeviceArgument,
}

/// `l2t saliency`.
#[derive(Debug, Args)]
pub struct SaliencyArguments {
    /// The folder of a run of a method that matches features; its best epoch is looked at.
    #[arg(long, value_name = "FOLDER")]
    pub run: PathBuf,
    /// The pair: source layer m and target layer n as in pair-weights.csv, with several sources s,m,n. Without it the pair
    /// of the last layers.
    #[arg(long, value_name = "M,N")]
    pub pair: Option<String>,
    /// Rows of the picture; all images whose object is known are scored.
    #[arg(long, value_name = "K", default_value_t = 6)]
    pub images: usize,
    /// Which images.
    #[arg(long, value_parser = one_of(SPLITS), default_value = "test")]
    pub split: Part,
    /// Images of another data set than the run's, for example one with boxes (tiny-imagenet-200).
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
    /// Opacity of the map over the grey image, 0 to 1.
    #[arg(long, default_value_t = 0.5)]
    pub alpha: f64,
    /// Maps are clipped at the value where this share of their sum is reached, so that a few pixels do not hide the rest.
    #[arg(long, default_value_t = 0.98)]
    pub clip: f64,
    /// The colours of the maps.
    #[arg(long, value_parser = one_of(COLOURS), default_value = "inferno")]
    pub colour_map: ColourMap,
    /// The folder for saliency.png, saliency.csv and saliency-summary.csv.
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    #[command(flatten)]
    pub device: DeviceArgument,
}

/// `--device`.
#[derive(Debug, Args)]
pub struct DeviceArgument {
    /// Where to compute.
    #[arg(long, value_parser = one_of(DEVICES), default_value = "auto")]
    pub device: DeviceChoice,
}

/// Names that an option takes, each with what it stands for and what that is in words.
pub type Names<T> = &'static [(&'static str, T, &'static str)];

const SPLITS: Names<Part> = &[
    ("test", Part::Test, "The images that the run is reported on"),
    ("validation", Part::Validation, "Those that chose its best epoch"),
    ("train", Part::Train, "Those that it learned from"),
];

/// Takes one of `names` for what it stands for.
fn one_of<T: Copy + Send + Sync>(names: Names<T>) -> impl TypedValueParser<Value = T> {
    let known = names.iter().map(|(name, _, about)| PossibleValue::new(*name).help(*about));
    PossibleValuesParser::new(known).map(|given| {
        let found = names.iter().find(|(name, ..)| *name == given);
        found.expect("clap takes no other").1
    })
}

/// `l2t source`.
#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// Train a network to transfer from, on any images.
    ///
    /// Examples:
    ///   l2t source train --data my-pictures --network resnet20 --out weights.safetensors
    ///   l2t source train --preset source --out things.safetensors
    #[command(verbatim_doc_comment)]
    Train(SourceTrainArguments),
    /// Measure a source's accuracy on its own task.
    Eval(EvalArguments),
    /// Show a checkpoint's architecture, taps and keys.
    Inspect {
        /// A .safetensors or PyTorch file, or `embedded`, `embedded:resnet32`, `embedded:textures-resnet20`.
        #[arg(long, value_name = "FILE")]
        weights: PathBuf,
    },
    /// Write a checkpoint as safetensors, which a browser can read too.
    Convert {
        /// A .safetensors or PyTorch file, or `embedded`, `embedded:resnet32`, `embedded:textures-resnet20`.
        #[arg(long, value_name = "FILE")]
        weights: PathBuf,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// `l2t source eval`.
#[derive(Debug, Args)]
pub struct EvalArguments {
    /// A .safetensors or PyTorch file, or `embedded`, `embedded:resnet32`, `embedded:textures-resnet20`.
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,
    /// The data set whose test part (of TinyImageNet, the validation part) is classified.
    #[arg(long, value_name = "FOLDER")]
    pub data: PathBuf,
    /// Side in pixels that images are resized to.
    #[arg(long, default_value_t = 32)]
    pub size: usize,
    /// Mean of red, green and blue (0-1) of the images that the source was trained on, where its file does not say.
    #[arg(long, value_name = "R,G,B", allow_hyphen_values = true)]
    pub mean: Option<String>,
    /// Their standard deviation, likewise; without the two, ImageNet's.
    #[arg(long, value_name = "R,G,B")]
    pub std: Option<String>,
    #[command(flatten)]
    pub device: DeviceArgument,
}

/// `l2t data`.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Show format, classes, counts, sizes and every problem of a data set.
    Inspect {
        /// A folder, a zip or a .bin file.
        path: PathBuf,
    },
    /// Draw sample images, a class a row.
    ///
    /// Examples:
    ///   l2t data sample --task fine-grained --out beetles.png
    ///   l2t data sample my-pictures --out my-pictures.png
    #[command(verbatim_doc_comment)]
    Sample(SampleArguments),
}

/// `l2t data sample`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["path", "task"]))]
pub struct SampleArguments {
    /// A folder, a zip or a .bin file.
    pub path: Option<PathBuf>,
    /// A task of the built-in world: things, materials, fine-grained, texture, shifted, unrelated.
    #[arg(long)]
    pub task: Option<String>,
    /// The PNG file to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Images of each class.
    #[arg(long, default_value_t = 10)]
    pub per_class: usize,
    /// Side of an image in pixels.
    #[arg(long, default_value_t = 32)]
    pub size: usize,
    /// Which images; 0 are those that runs on the built-in world learn from.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Darken what is beside the object, where there are object masks.
    #[arg(long)]
    pub masks: bool,
}

/// `l2t source train`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("task").required(true).args(["data", "preset"]))]
pub struct SourceTrainArguments {
    /// The images to learn: a folder or zip with a folder a class, or another known data set.
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// An experiment that comes with the program: source, source-resnet32, source-textures.
    #[arg(long)]
    pub preset: Option<String>,
    /// resnet20, resnet32, … (6 n + 2), or vgg9; by default resnet20 or the preset's.
    #[arg(long)]
    pub network: Option<String>,
    /// Change a key, for example train.epochs=50; may be given again.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The file to write; `--set sources.0.weights=FILE` transfers from it.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The folder for checkpoints and curves; by default that of --out with `-run` at the end of its name. The same
    /// command goes on with what is there.
    #[arg(long, value_name = "FOLDER")]
    pub run: Option<PathBuf>,
    #[command(flatten)]
    pub device: DeviceArgument,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
