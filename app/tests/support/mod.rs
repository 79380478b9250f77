//! What the tests of the program share: a working directory of its own, and what the program said there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tempfile::TempDir;

/// The smallest run worth looking at: four iterations an epoch, all fifteen pairs, under two seconds.
pub const TINY: &str = "--device cpu --set train.epochs=2 --set target.width=0.0625 --set data.per_class=4 \
                        --set train.batch_size=10";

/// `line` as the arguments that a shell would make of it; no argument here has a space.
pub fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l2t"));
    // Without XDG_RUNTIME_DIR, as on a server, some graphics drivers complain on standard error; l2t must not let them.
    command.args(arguments).current_dir(folder).env_remove("XDG_RUNTIME_DIR").env("RUST_BACKTRACE", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A working directory that nobody else sees.
pub struct Sandbox {
    folder: PathBuf,
    /// Removes it in the end.
    _owner: Option<TempDir>,
}

impl Sandbox {
    pub fn new() -> Self {
        let owner = TempDir::new().expect("a temporary folder");
        Self { folder: owner.path().to_owned(), _owner: Some(owner) }
    }

    /// One for a static, which is never dropped: emptied now, and left in Cargo's folder for tests.
    pub fn shared(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("an earlier sandbox can be removed");
        }
        fs::create_dir_all(&folder).expect("a folder can be made");
        Self { folder, _owner: None }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs `l2t` with the words of `line`.
    pub fn run(&self, line: &str) -> Said {
        Said::by(program(&self.folder, &words(line)).output().expect("l2t starts"))
    }

    /// Starts `l2t` and does not wait for it.
    pub fn start(&self, line: &str) -> Child {
        program(&self.folder, &words(line)).spawn().expect("l2t starts")
    }

    /// Writes a file, and the folders that it is in.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it is in the sandbox")).expect("folders can be made");
        fs::write(path, bytes).expect("files can be written");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Every file and folder, relative to the sandbox.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        fn walk(folder: &Path, root: &Path, found: &mut BTreeSet<PathBuf>) {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                found.insert(path.strip_prefix(root).expect("it is below").to_owned());
                if path.is_dir() {
                    walk(&path, root, found);
                }
            }
        }
        let mut found = BTreeSet::new();
        walk(&self.folder, &self.folder, &mut found);
        found
    }

    /// Runs `l2t`, which must fail with a message that contains `message`, and must leave no file behind.
    pub fn refuses(&self, line: &str, message: &str) {
        let before = self.files();
        let said = self.run(line);
        said.fails_with(line, message);
        let left: Vec<_> = self.files().difference(&before).cloned().collect();
        assert!(left.is_empty(), "{line}\nleaves {left:?}");
    }

    /// Two classes of `each` plain pictures, for training and for testing.
    pub fn write_pictures(&self, folder: &str, each: u8) {
        for (part, class) in [("train", "cat"), ("train", "dog"), ("test", "cat"), ("test", "dog")] {
            for nth in 0..each {
                let colour = [9 * nth, if class == "cat" { 50 } else { 200 }, 3];
                let mut png = std::io::Cursor::new(Vec::new());
                image::RgbImage::from_pixel(32, 32, image::Rgb(colour))
                    .write_to(&mut png, image::ImageFormat::Png)
                    .expect("a picture can be encoded");
                self.write(&format!("{folder}/{part}/{class}/{nth}.png"), png.into_inner());
            }
        }
    }

    /// The embedded weights as a file, changed.
    pub fn write_weights(&self, name: &str, change: impl FnOnce(&mut Tensors)) {
        let mut tensors = EMBEDDED.clone();
        change(&mut tensors);
        let views = tensors.iter().map(|t| {
            let view = TensorView::new(t.dtype, t.shape.clone(), &t.bytes).expect("shape and bytes agree");
            (t.name.as_str(), view)
        });
        self.write(name, safetensors::serialize(views, None).expect("valid tensors"));
    }
}

/// A tensor of a safetensors file.
#[derive(Clone)]
pub struct Stored {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

pub type Tensors = Vec<Stored>;

/// The tensor called `name`.
pub fn tensor<'a>(tensors: &'a mut Tensors, name: &str) -> &'a mut Stored {
    tensors.iter_mut().find(|t| t.name == name).expect(name)
}

static EMBEDDED: LazyLock<Tensors> = LazyLock::new(|| {
    let sandbox = Sandbox::new();
    sandbox.run("source convert --weights embedded --out x.safetensors").succeeds("source convert");
    let bytes = sandbox.read("x.safetensors");
    let file = SafeTensors::deserialize(&bytes).expect("l2t writes safetensors");
    let tensors = file.tensors().into_iter().map(|(name, view)| Stored {
        name,
        dtype: view.dtype(),
        shape: view.shape().to_vec(),
        bytes: view.data().to_vec(),
    });
    tensors.collect()
});

/// What the program said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn by(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("l2t says UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn no_panic(&self, line: &str) {
        for word in ["panicked", "backtrace"] {
            assert!(!self.err.contains(word), "{line}\n{}", self.err);
        }
    }

    /// Exit code 0 and no error.
    pub fn succeeds(&self, line: &str) -> &Self {
        self.no_panic(line);
        assert_eq!(self.code, Some(0), "{line}\n{}", self.err);
        assert!(!self.err.contains("error: "), "{line}\n{}", self.err);
        self
    }

    /// Exit code 1 and a single line on standard error, which contains `message`.
    pub fn fails_with(&self, line: &str, message: &str) {
        self.no_panic(line);
        assert_eq!(self.code, Some(1), "{line}\n{}", self.err);
        let error = self.err.strip_suffix('\n').and_then(|err| err.strip_prefix("error: "));
        let error = error.unwrap_or_else(|| panic!("{line}\nno error line, but: {}", self.err));
        assert!(!error.contains('\n'), "{line}\nmore than one line: {error}");
        assert!(error.contains(message), "{line}\nsays {error}\nnot  {message}");
    }

    /// The standard output contains every one of `parts`.
    pub fn mentions(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.out.contains(part), "{part:?} is not in\n{}", self.out);
        }
    }
}
