//! Python's pickles, read as data: PyTorch checkpoints and CIFAR's python version are made of them.
//!
//! A pickle is a program for a small stack machine (<https://github.com/python/cpython/blob/main/Lib/pickletools.py> lists
//! its instructions). Nothing of it is executed: classes and functions are names here, and what they would make is an
//! [`Node::Object`] with the arguments and the state that it would be made of.
//!
//! Values lie one after another in one table and name each other by place ([`Id`]), so that sharing costs nothing, a value
//! may hold itself, and nesting of any depth is dropped without recursion. What a file can ask for is bounded by
//! [`STEPS`]; texts and bytes are borrowed from the file.

mod machine;
mod numpy;

use std::borrow::Cow;

pub(crate) use machine::Machine;
pub(crate) use numpy::{Array, array};

/// Instructions of one object beyond which a file is refused: checkpoints have thousands, a batch of CIFAR 100,000.
const STEPS: usize = 1 << 24;

/// What went wrong, in words.
pub(crate) type Outcome<T> = Result<T, String>;

/// Place of a value in its [`Pickle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Id(u32);

/// One value.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    /// None.
    Nothing,
    /// A whole number of up to eight bytes, or a truth value.
    Int(i64),
    /// A longer one, little-endian.
    Long(Cow<'a, [u8]>),
    /// A floating-point number.
    Float(f64),
    /// A text; Python 2 writes bytes as texts.
    Text(Cow<'a, str>),
    /// Bytes, and the texts of Python 2, whose encoding is not told.
    Bytes(Cow<'a, [u8]>),
    /// A tuple.
    Tuple(Box<[Id]>),
    /// A list or a set.
    List(Vec<Id>),
    /// A dictionary, in the file's order.
    Dict(Vec<(Id, Id)>),
    /// A class or function.
    Global(Box<Global>),
    /// What a class or function would make.
    Object(Box<Object>),
    /// What lies outside of the pickle, by its name.
    Persistent(Id),
}

/// A class or function by its name.
#[derive(Debug)]
pub(crate) struct Global {
    /// Where it is defined.
    pub module: String,
    /// What it is called there.
    pub name: String,
}

/// The call that would make a value.
#[derive(Debug)]
pub(crate) struct Object {
    /// Class or function.
    pub of: Id,
    /// What it is given: a tuple.
    pub arguments: Id,
    /// What is set afterwards.
    pub state: Option<Id>,
    /// Entries that are set afterwards, as of a dictionary.
    pub entries: Vec<(Id, Id)>,
    /// Items that are added afterwards, as of a list.
    pub items: Vec<Id>,
}

/// One object with everything that it holds.
#[derive(Debug)]
pub(crate) struct Pickle<'a> {
    nodes: Vec<Node<'a>>,
    root: Id,
}

impl<'a> Pickle<'a> {
    /// The object.
    pub(crate) fn root(&self) -> Id {
        self.root
    }

    /// All values.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Id> {
        (0..self.nodes.len() as u32).map(Id)
    }

    /// The same with its own copies of texts and bytes.
    pub(crate) fn into_owned(self) -> Pickle<'static> {
        let owned = |node| match node {
            Node::Nothing => Node::Nothing,
            Node::Int(value) => Node::Int(value),
            Node::Long(bytes) => Node::Long(Cow::Owned(bytes.into_owned())),
            Node::Float(value) => Node::Float(value),
            Node::Text(text) => Node::Text(Cow::Owned(text.into_owned())),
            Node::Bytes(bytes) => Node::Bytes(Cow::Owned(bytes.into_owned())),
            Node::Tuple(items) => Node::Tuple(items),
            Node::List(items) => Node::List(items),
            Node::Dict(entries) => Node::Dict(entries),
            Node::Global(global) => Node::Global(global),
            Node::Object(object) => Node::Object(object),
            Node::Persistent(name) => Node::Persistent(name),
        };
        Pickle { nodes: self.nodes.into_iter().map(owned).collect(), root: self.root }
    }

    /// The value at `id`.
    pub(crate) fn node(&self, id: Id) -> &Node<'a> {
        &self.nodes[id.0 as usize]
    }

    /// A text, or the bytes that Python 2 has for one.
    pub(crate) fn text(&self, id: Id) -> Option<Cow<'_, str>> {
        match self.node(id) {
            Node::Text(text) => Some(Cow::Borrowed(text)),
            Node::Bytes(bytes) => Some(String::from_utf8_lossy(bytes)),
            // Bytes that Python 3 wrote under a protocol that has none.
            Node::Object(_) => self.bytes(id).map(|bytes| String::from_utf8_lossy(&bytes).into_owned().into()),
            _ => None,
        }
    }

    /// Bytes, whichever way they were written: Python 2 and protocol 2 have texts of the characters 0 to 255 for them.
    pub(crate) fn bytes(&self, id: Id) -> Option<Cow<'_, [u8]>> {
        match self.node(id) {
            Node::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
            Node::Text(text) => latin1(text).map(Cow::Owned),
            // `_codecs.encode(text, "latin1")`, and `bytes()` for none.
            Node::Object(object) => match (self.global(object.of)?, self.items(object.arguments)?) {
                (Global { name, .. }, [text, _]) if name == "encode" => match self.node(*text) {
                    Node::Text(text) => latin1(text).map(Cow::Owned),
                    _ => None,
                },
                (Global { name, .. }, []) if name == "bytes" => Some(Cow::Borrowed(&[])),
                _ => None,
            },
            _ => None,
        }
    }

    /// A whole number that is no less than zero.
    pub(crate) fn index(&self, id: Id) -> Option<usize> {
        match self.node(id) {
            Node::Int(value) => usize::try_from(*value).ok(),
            _ => None,
        }
    }

    /// A tuple or list of them.
    pub(crate) fn indices(&self, id: Id) -> Option<Vec<usize>> {
        self.items(id)?.iter().map(|item| self.index(*item)).collect()
    }

    /// The items of a tuple or list, or of an object that is a list by its class (`torch.Size` is a tuple of one argument).
    pub(crate) fn items(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Tuple(items) => Some(items),
            Node::List(items) => Some(items),
            Node::Object(object) if !object.items.is_empty() => Some(&object.items),
            Node::Object(object) => match self.node(object.arguments) {
                Node::Tuple(arguments) if arguments.len() == 1 => match self.node(arguments[0]) {
                    Node::Tuple(items) => Some(items),
                    Node::List(items) => Some(items),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// The entries of a dictionary, or of an object that is one by its class, such as `OrderedDict`.
    pub(crate) fn entries(&self, id: Id) -> Option<Vec<(Id, Id)>> {
        match self.node(id) {
            Node::Dict(entries) => Some(entries.clone()),
            Node::Object(object) if !object.entries.is_empty() => Some(object.entries.clone()),
            Node::Object(object) if self.global(object.of).is_some_and(|of| of.name.ends_with("Dict")) => {
                // Python 2 gives an `OrderedDict` its entries as a list of lists of two.
                let given = self.items(object.arguments).and_then(|arguments| self.items(*arguments.first()?));
                let pair = |item: &Id| match self.items(*item)? {
                    [key, value] => Some((*key, *value)),
                    _ => None,
                };
                Some(given.unwrap_or_default().iter().filter_map(pair).collect())
            }
            _ => None,
        }
    }

    /// What a dictionary has under a text or its bytes.
    pub(crate) fn get(&self, dictionary: Id, key: &str) -> Option<Id> {
        let is = |entry: &&(Id, Id)| self.text(entry.0).is_some_and(|found| found == key);
        self.entries(dictionary)?.iter().find(is).map(|entry| entry.1)
    }

    /// The class or function that `id` names.
    pub(crate) fn global(&self, id: Id) -> Option<&Global> {
        match self.node(id) {
            Node::Global(global) => Some(global),
            _ => None,
        }
    }

    /// The call that would make the value at `id`.
    pub(crate) fn object(&self, id: Id) -> Option<&Object> {
        match self.node(id) {
            Node::Object(object) => Some(object),
            _ => None,
        }
    }
}

/// The bytes whose numbers are a text's characters.
fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}

#[cfg(test)]
mod tests;
