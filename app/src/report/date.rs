//! Dates for people.

use jiff::Timestamp;

/// Seconds since 1970 as `2026-11-23 20:51 UTC`.
pub fn utc(unix_secs: u64) -> String {
    let time = i64::try_from(unix_secs).ok().and_then(|secs| Timestamp::from_second(secs).ok());
    time.map_or_else(|| format!("{unix_secs} s after 1970"), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // Python: datetime.datetime.fromtimestamp(n, datetime.UTC)
        for (secs, date) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59 UTC"),
            (1_795_467_112, "2026-11-23 20:51 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(utc(secs), date);
        }
    }
}
