//! The process that reads the inputs. It ends at the first fault, and leaves in its journal which input that was.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::allocator;
use crate::journal::Journal;
use crate::reader::{Reader, Source};

/// Bytes that reading one input may take at once.
pub const MEMORY: usize = 1 << 30;
/// How long reading one input may take.
pub const TIME: Duration = Duration::from_secs(1);
/// Of the thread that reads: what a page has.
const STACK: usize = 1 << 20;

/// What is written in front of a fault that the process could still word.
pub const FAULT: &str = "fault: ";
/// Begins the words for an input that took too long.
pub const SLOW: &str = "took more than";

/// Which inputs to read.
#[derive(Clone, Copy)]
pub struct Range {
    pub seed: u64,
    pub from: u64,
    /// Up to this number.
    pub to: u64,
    /// Or for so long.
    pub time: Duration,
}

/// Reads the inputs of `range`; the exit code of the process.
pub fn run(reader: &'static Reader, range: Range, journal: &Path) -> u8 {
    let mut journal_file = File::create(journal).expect("the journal can be written");
    in_small_thread(move || {
        let source = Source::new(reader);
        let start = Instant::now();
        let mut journal = Journal::default();
        for number in range.from..range.to {
            let input = source.input(range.seed, number);
            journal.number = number;
            journal_file.seek(SeekFrom::Start(0)).expect("the journal can be written");
            journal_file.write_all(&journal.to_bytes()).expect("the journal can be written");
            let reading = read_watched(reader, &input);
            let refused = source.is_valid(number) && !reading.taken;
            let fault = reading.fault.or_else(|| refused.then(|| "refused a valid input".into()));
            if let Some(fault) = fault {
                return tell(&fault);
            }
            journal.add(reading.taken, reading.peak, reading.took);
            if start.elapsed() > range.time {
                break;
            }
        }
        journal_file.seek(SeekFrom::Start(0)).expect("the journal can be written");
        journal_file.write_all(&journal.to_bytes()).expect("the journal can be written");
        0
    })
}

/// Reads one input; the exit code of the process.
pub fn run_one(reader: &'static Reader, input: Vec<u8>) -> u8 {
    in_small_thread(move || {
        let reading = read_watched(reader, &input);
        if let Some(fault) = reading.fault {
            return tell(&fault);
        }
        let words = if reading.taken { "taken" } else { "refused" };
        println!("{words} in {:.1?}, {} bytes at most", reading.took, reading.peak);
        0
    })
}

fn tell(fault: &str) -> u8 {
    println!("{FAULT}{}", fault.escape_debug());
    1
}

/// In a thread whose stack is as small as a page's, with panics kept and time watched.
fn in_small_thread(work: impl FnOnce() -> u8 + Send) -> u8 {
    std::panic::set_hook(Box::new(|info| {
        *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(info.to_string());
    }));
    std::thread::spawn(watch);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("reader".into()).stack_size(STACK);
        let ended = thread.spawn_scoped(scope, work).expect("a thread can be started").join();
        ended.unwrap_or_else(|_| tell(&format!("the harness itself: {}", panic_words())))
    })
}

/// What became of one input.
struct Reading {
    taken: bool,
    peak: usize,
    took: Duration,
    fault: Option<String>,
}

fn read_watched(reader: &Reader, input: &[u8]) -> Reading {
    let before = allocator::set_budget(MEMORY);
    let start = Instant::now();
    STARTED.store(now().max(1), Ordering::Relaxed);
    let read = std::panic::catch_unwind(AssertUnwindSafe(|| (reader.read)(input)));
    STARTED.store(0, Ordering::Relaxed);
    let took = start.elapsed();
    let (peak, refused) = allocator::lift_budget();
    let fault = match (&read, refused) {
        (Err(_), _) => Some(panic_words()),
        (_, Some(size)) => Some(format!("asked for {size} bytes beyond {MEMORY}")),
        _ if took > TIME => Some(slow()),
        _ => None,
    };
    Reading { taken: read.unwrap_or(false), peak: peak.saturating_sub(before), took, fault }
}

static PANIC: Mutex<Option<String>> = Mutex::new(None);

fn panic_words() -> String {
    PANIC.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_else(|| "panicked".into())
}

static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
/// When reading began, in milliseconds; 0 between two inputs.
static STARTED: AtomicU64 = AtomicU64::new(0);

fn now() -> u64 {
    BEGINNING.elapsed().as_millis() as u64
}

fn slow() -> String {
    format!("{SLOW} {} s", TIME.as_secs())
}

/// Ends the process where one input takes too long.
#[expect(clippy::disallowed_methods, reason = "the thread that reads the input cannot be asked")]
fn watch() {
    loop {
        std::thread::sleep(TIME / 20);
        let started = STARTED.load(Ordering::Relaxed);
        if started > 0 && now().saturating_sub(started) > TIME.as_millis() as u64 {
            tell(&slow());
            std::process::exit(1);
        }
    }
}
