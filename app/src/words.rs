//! Words for numbers, the same in the window, on the page, on the command line, in the report and on charts.

/// A number as it is written with hyphens, with the sign that numbers have.
pub fn minus(number: String) -> String {
    number.replace('-', "−")
}

/// A difference with its sign: `+8.85`, `−8.85`.
pub fn signed(difference: f64, decimals: usize) -> String {
    minus(format!("{difference:+.decimals$}"))
}

/// A share in percent, as in tables: `44.35`.
pub fn in_percent(share: f64) -> String {
    minus(format!("{:.2}", 100.0 * share))
}

/// A share in a sentence: `44.35 %`.
pub fn percent(share: f64) -> String {
    in_percent(share) + " %"
}

/// An accuracy in a sentence: `44.35 %`, or `none`.
pub fn accuracy(share: impl Into<Option<f64>>) -> String {
    share.into().map_or("none".into(), percent)
}

/// A part of an image, in whole percents: `34 %`.
pub fn part(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// λ of a pair: `2.88`.
pub fn weight(mean: f64) -> String {
    format!("{mean:.2}")
}

/// The ends of a confidence interval, each written by `end`: `[+7.25, +10.45]`. Only a deviation stands behind a ±.
pub fn interval(ends: [f64; 2], end: impl Fn(f64) -> String) -> String {
    let [low, high] = ends.map(end);
    format!("[{low}, {high}]")
}

/// λ with its deviation: `2.88 ± 0.91`, or without one that is none.
pub fn weight_and_std(mean: f64, std: f64) -> String {
    if std.is_finite() { format!("{} ± {}", weight(mean), weight(std)) } else { weight(mean) }
}

/// A time in words: `45 s`, `12 min`, `3.4 h`, `24 days`.
pub fn duration(secs: f64) -> String {
    match secs {
        secs if secs < 90.0 => format!("{secs:.0} s"),
        secs if secs < 5400.0 => format!("{:.0} min", secs / 60.0),
        secs if secs < 259_200.0 => format!("{:.1} h", secs / 3600.0),
        secs => format!("{:.0} days", secs / 86_400.0),
    }
}

/// A size in words: `640 kB`, `12.3 MB`, `1.20 GB`.
pub fn size(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes < 1e6 => format!("{:.0} kB", bytes / 1e3),
        bytes if bytes < 1e9 => format!("{:.1} MB", bytes / 1e6),
        bytes => format!("{:.2} GB", bytes / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_decimals_that_they_deserve() {
        assert_eq!(
            (in_percent(0.44352), accuracy(0.44352), accuracy(None)),
            ("44.35".into(), "44.35 %".into(), "none".into())
        );
        assert_eq!([in_percent(-0.0885), signed(-8.85, 1), signed(0.0, 2)], ["−8.85", "−8.8", "+0.00"]);
        assert_eq!((part(0.344), weight(2.876)), ("34 %".into(), "2.88".into()));
        assert_eq!(weight_and_std(2.876, 0.911), "2.88 ± 0.91");
        assert_eq!(weight_and_std(2.876, f64::NAN), "2.88");
        assert_eq!(interval([-0.0725, 0.1045], |end| signed(100.0 * end, 2)), "[−7.25, +10.45]");
    }

    #[test]
    fn times_and_sizes_have_the_unit_that_fits() {
        assert_eq!(
            [5.0, 89.0, 720.0, 12_240.0, 2_073_600.0].map(duration),
            ["5 s", "89 s", "12 min", "3.4 h", "24 days"]
        );
        assert_eq!([640_000, 12_300_000, 1_200_000_000].map(size), ["640 kB", "12.3 MB", "1.20 GB"]);
    }
}
