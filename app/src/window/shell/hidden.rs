//! Parts of the window that a link can take away, so that a class sees what it is to look at.

/// A part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The whole left side.
    Left,
    /// Data and N.
    Data,
    /// Source, target, width.
    Networks,
    /// Method, pairs, β.
    Method,
    /// Batch, epochs, rate, seed.
    Training,
    /// T, meta rate, scheme, virtual steps.
    Meta,
    /// Files.
    Files,
    /// Step and Step iteration.
    Steps,
    /// The charts.
    Charts,
    /// What is transferred.
    Pair,
    /// Saliency.
    Saliency,
    /// Results.
    Results,
}

impl Part {
    /// All, as they are offered: what a link calls them, and what they are.
    pub const ALL: [(Self, &'static str, &'static str); 12] = [
        (Self::Left, "left", "the whole left side"),
        (Self::Data, "data", "pictures, task, images of a class"),
        (Self::Networks, "networks", "source, target, width"),
        (Self::Method, "method", "method, pairs, β"),
        (Self::Training, "training", "epochs, images of a batch, learning rate, seed"),
        (Self::Meta, "meta", "learning φ: virtual steps, learning rate, scheme"),
        (Self::Files, "files", "files"),
        (Self::Steps, "steps", "step by step"),
        (Self::Charts, "charts", "charts"),
        (Self::Pair, "pair", "what is transferred"),
        (Self::Saliency, "saliency", "saliency"),
        (Self::Results, "results", "results"),
    ];

    /// What a link calls it.
    pub fn key(self) -> &'static str {
        Self::ALL.iter().find(|(part, ..)| *part == self).map_or("", |(_, key, _)| key)
    }

    /// The part that a link calls so.
    pub fn by_key(key: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == key).map(|(part, ..)| *part)
    }
}
