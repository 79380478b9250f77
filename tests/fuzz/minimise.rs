//! Makes a failing input smaller: parts are left out, halves first, as long as it still fails in the same way.

use std::time::{Duration, Instant};

/// Every try is a process.
const MOST_TRIES: usize = 400;
const LONGEST: Duration = Duration::from_secs(20);

/// The smallest input found for which `fails` is still true.
pub fn minimise(mut input: Vec<u8>, fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let (start, mut tries) = (Instant::now(), 0);
    if !fails(&input) {
        return input;
    }
    let mut part = input.len() / 2;
    while part > 0 {
        let mut at = 0;
        while at < input.len() {
            if tries == MOST_TRIES || start.elapsed() > LONGEST {
                return input;
            }
            tries += 1;
            let end = (at + part).min(input.len());
            let smaller = [&input[..at], &input[end..]].concat();
            if fails(&smaller) {
                input = smaller;
            } else {
                at = end;
            }
        }
        part /= 2;
    }
    input
}
