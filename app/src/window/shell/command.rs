//! The experiment as a command line.

/// The experiment that `changes` make of `preset`, as a command.
pub fn command_line(preset: &str, changes: &[String]) -> String {
    let set: String = changes.iter().map(|change| format!(" --set {}", quoted(change))).collect();
    format!("l2t train --preset {preset}{set} --out run")
}

/// As a shell reads it back.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "=._-/:+,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
