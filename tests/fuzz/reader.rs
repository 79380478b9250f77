//! What a reader under test is, and how its inputs are made.

use crate::dice::{self, Dice};
use crate::folder;
use crate::mutate::{self, Material};

/// A reader of what a user or a link gives.
pub struct Reader {
    /// What the command line calls it.
    pub name: &'static str,
    /// What is read.
    pub about: &'static str,
    /// Whether an input is several files, see [`folder`].
    pub several: bool,
    /// Valid inputs, which the reader must take as they are.
    pub valid: fn() -> Vec<Vec<u8>>,
    /// Inputs to start from which it need not take.
    pub others: fn() -> Vec<Vec<u8>>,
    /// Pieces that mean something in the format.
    pub words: fn() -> Vec<Vec<u8>>,
    /// Makes an input after the format's grammar, with oddities.
    pub grammar: fn(&mut Dice) -> Vec<u8>,
    /// Reads an input; whether it was taken. A refusal in words is fine, a panic is not.
    pub read: fn(&[u8]) -> bool,
}

/// A reader with its corpus.
pub struct Source {
    reader: &'static Reader,
    /// The valid inputs, then the others.
    corpus: Vec<Vec<u8>>,
    valid: usize,
    words: Vec<Vec<u8>>,
}

impl Source {
    /// Makes the corpus.
    pub fn new(reader: &'static Reader) -> Self {
        let (valid, others) = ((reader.valid)(), (reader.others)());
        Self { reader, valid: valid.len(), corpus: [valid, others].concat(), words: (reader.words)() }
    }

    /// Whether input `number` is valid as it is.
    pub fn is_valid(&self, number: u64) -> bool {
        (number as usize) < self.valid
    }

    /// Input `number`: the valid ones first, then half of them changed ones and half of them from the grammar.
    pub fn input(&self, seed: u64, number: u64) -> Vec<u8> {
        if self.is_valid(number) {
            return self.corpus[number as usize].clone();
        }
        let entropy = dice::entropy(seed, self.reader.name, number);
        let dice = &mut Dice::new(&entropy);
        let from_grammar = self.corpus.is_empty() || dice.once_in(2);
        let input = if from_grammar { (self.reader.grammar)(dice) } else { dice.choose(&self.corpus) };
        match dice.below(8) {
            0..3 if from_grammar => input,
            3 => cut(dice, input, self.reader.several),
            _ => self.changed(dice, input),
        }
    }

    fn changed(&self, dice: &mut Dice, input: Vec<u8>) -> Vec<u8> {
        let material = Material { corpus: &self.corpus, words: &self.words };
        if self.reader.several {
            mutate::several(dice, &input, &material)
        } else if self.corpus.is_empty() {
            mutate::bytes(dice, input.clone(), &Material { corpus: &[input], words: &self.words })
        } else {
            mutate::bytes(dice, input, &material)
        }
    }
}

/// Cut off somewhere; of several files one is.
fn cut(dice: &mut Dice, mut input: Vec<u8>, several: bool) -> Vec<u8> {
    if !several {
        input.truncate(dice.below(input.len() + 1));
        return input;
    }
    let mut files = folder::unpack(&input);
    let nth = dice.below(files.len());
    if let Some((_, contents)) = files.get_mut(nth) {
        contents.truncate(dice.below(contents.len() + 1));
    }
    folder::pack(&files)
}
