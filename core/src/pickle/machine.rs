//! The stack machine: instructions of the protocols 0 to 5.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Global, Id, Node, Object, Outcome, Pickle, STEPS};

/// Reads the objects of a file one after another.
pub(crate) struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node<'a>>,
    stack: Vec<Id>,
    /// Stack heights at which groups begin.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

pub(super) fn truncated() -> String {
    "it is truncated".into()
}

impl<'a> Machine<'a> {
    /// At the beginning of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, nodes: vec![], stack: vec![], marks: vec![], memo: HashMap::new() }
    }

    /// Reads one object.
    ///
    /// # Errors
    /// When the file ends inside it, has an instruction that is none, or more of them than any honest file.
    pub(crate) fn object(&mut self) -> Outcome<Pickle<'a>> {
        self.stack.clear();
        self.marks.clear();
        self.memo.clear();
        self.nodes.clear();
        for _ in 0..STEPS {
            let instruction = self.take(1)?[0];
            if instruction == b'.' {
                let root = self.pop()?;
                return Ok(Pickle { nodes: std::mem::take(&mut self.nodes), root });
            }
            self.step(instruction)?;
        }
        Err(format!("an object in it takes more than {STEPS} instructions"))
    }

    /// The next `len` bytes of the file.
    ///
    /// # Errors
    /// When there are fewer.
    pub(crate) fn take(&mut self, len: usize) -> Outcome<&'a [u8]> {
        let end = self.at.checked_add(len).ok_or_else(truncated)?;
        let taken = self.bytes.get(self.at..end).ok_or_else(truncated)?;
        self.at = end;
        Ok(taken)
    }

    fn step(&mut self, instruction: u8) -> Outcome<()> {
        match instruction {
            0x80 => drop(self.take(1)?), // protocol
            0x95 => drop(self.take(8)?), // length of a frame
            b'(' => self.marks.push(self.stack.len()),
            b'0' => self.discard()?,
            b'1' => drop(self.group()?),
            b'2' => self.stack.push(self.top()?),
            b'N' => self.push(Node::Nothing),
            0x88 | 0x89 => self.push(Node::Int(i64::from(instruction == 0x88))),
            b'G' | b'F' => self.float(instruction)?,
            b'J' | b'K' | b'M' | b'I' | b'L' | 0x8a | 0x8b => self.number(instruction)?,
            b'X' | b'V' | 0x8c | 0x8d => self.text(instruction)?,
            b'U' | b'T' | b'S' | b'B' | b'C' | 0x8e | 0x96 => self.raw(instruction)?,
            b')' | b't' | 0x85..=0x87 => self.tuple(instruction)?,
            b']' | b'}' | 0x8f | 0x91 | b'l' | b'd' => self.collection(instruction)?,
            b'a' | b'e' | 0x90 | b's' | b'u' => self.extend(instruction)?,
            b'c' | 0x93 | b'R' | 0x81 | 0x92 | b'b' | b'P' | b'Q' | b'i' | b'o' => self.call(instruction)?,
            b'p' | b'q' | b'r' | 0x94 | b'g' | b'h' | b'j' => self.memory(instruction)?,
            other => return Err(format!("it has an instruction that is not read, {other:#04x}")),
        }
        Ok(())
    }

    /// A mark counts as a value here: Python lets POP take it off.
    fn discard(&mut self) -> Outcome<()> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    fn float(&mut self, instruction: u8) -> Outcome<()> {
        let value = if instruction == b'G' {
            f64::from_be_bytes(self.take(8)?.try_into().map_err(|_| truncated())?)
        } else {
            self.line()?.trim().parse().map_err(|_| "it has a number that is none")?
        };
        self.push(Node::Float(value));
        Ok(())
    }

    fn number(&mut self, instruction: u8) -> Outcome<()> {
        let len = match instruction {
            b'J' => 4,
            b'K' => 1,
            b'M' => 2,
            0x8a => usize::from(self.take(1)?[0]),
            0x8b => self.length(4)?,
            _ => {
                // 00 and 01 are truth values, L is behind a long number.
                let value = self.line()?.trim().trim_end_matches('L').parse();
                self.push(Node::Int(value.map_err(|_| "it has a number that is none")?));
                return Ok(());
            }
        };
        let bytes = self.take(len)?;
        if len > 8 {
            self.push(Node::Long(Cow::Borrowed(bytes)));
            return Ok(());
        }
        let signed = !matches!(instruction, b'K' | b'M');
        let fill = if signed && bytes.last().is_some_and(|high| *high >= 0x80) { 0xff } else { 0 };
        let mut wide = [fill; 8];
        wide[..len].copy_from_slice(bytes);
        self.push(Node::Int(i64::from_le_bytes(wide)));
        Ok(())
    }

    fn text(&mut self, instruction: u8) -> Outcome<()> {
        if instruction == b'V' {
            let line = unescaped(&self.line()?, true);
            self.push(Node::Text(Cow::Owned(line.iter().collect())));
            return Ok(());
        }
        let len = match instruction {
            0x8c => usize::from(self.take(1)?[0]),
            0x8d => self.length(8)?,
            _ => self.length(4)?,
        };
        let text = String::from_utf8_lossy(self.take(len)?);
        self.push(Node::Text(text));
        Ok(())
    }

    fn raw(&mut self, instruction: u8) -> Outcome<()> {
        if instruction == b'S' {
            let line = self.line()?;
            let quoted = line.trim();
            let inside = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
            let bytes = unescaped(inside, false).into_iter().map(|character| character as u32 as u8).collect();
            self.push(Node::Bytes(Cow::Owned(bytes)));
            return Ok(());
        }
        let len = match instruction {
            b'U' | b'C' => usize::from(self.take(1)?[0]),
            0x8e | 0x96 => self.length(8)?,
            _ => self.length(4)?,
        };
        let bytes = self.take(len)?;
        self.push(Node::Bytes(Cow::Borrowed(bytes)));
        Ok(())
    }

    fn tuple(&mut self, instruction: u8) -> Outcome<()> {
        let values = match instruction {
            b')' => vec![],
            b't' => self.group()?,
            counted => {
                let from = self.stack.len().checked_sub(usize::from(counted - 0x84)).ok_or_else(truncated)?;
                self.stack.split_off(from)
            }
        };
        self.push(Node::Tuple(values.into()));
        Ok(())
    }

    fn collection(&mut self, instruction: u8) -> Outcome<()> {
        let made = match instruction {
            b']' | 0x8f => Node::List(vec![]),
            b'}' => Node::Dict(vec![]),
            b'd' => Node::Dict(pairs(&self.group()?)),
            // A list, or a set that does not change.
            _ => Node::List(self.group()?),
        };
        self.push(made);
        Ok(())
    }

    /// Adds to a collection, or to an object that is one by its class.
    fn extend(&mut self, instruction: u8) -> Outcome<()> {
        let values = match instruction {
            b'a' => vec![self.pop()?],
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.group()?,
        };
        let top = self.top()?;
        match (&mut self.nodes[top.0 as usize], instruction) {
            (Node::List(items), b'a' | b'e' | 0x90) => items.extend(values),
            (Node::Dict(entries), b's' | b'u') => entries.extend(pairs(&values)),
            (Node::Object(object), b'a' | b'e' | 0x90) => object.items.extend(values),
            (Node::Object(object), _) => object.entries.extend(pairs(&values)),
            _ => {}
        }
        Ok(())
    }

    fn call(&mut self, instruction: u8) -> Outcome<()> {
        let made = match instruction {
            b'c' => global(self.line()?, self.line()?),
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                match (&self.nodes[name.0 as usize], &self.nodes[module.0 as usize]) {
                    (Node::Text(name), Node::Text(module)) => global(module.to_string(), name.to_string()),
                    _ => Node::Nothing,
                }
            }
            b'b' => {
                let (state, top) = (self.pop()?, self.top()?);
                if let Node::Object(object) = &mut self.nodes[top.0 as usize] {
                    object.state = Some(state);
                }
                return Ok(());
            }
            b'P' => {
                let name = self.line()?;
                self.push(Node::Text(Cow::Owned(name)));
                Node::Persistent(self.pop()?)
            }
            b'Q' => Node::Persistent(self.pop()?),
            b'i' => {
                let of = global(self.line()?, self.line()?);
                self.push(of);
                let of = self.pop()?;
                let arguments = self.group()?;
                self.made_by(of, arguments)
            }
            b'o' => {
                let mut arguments = self.group()?;
                if arguments.is_empty() {
                    return Err(truncated());
                }
                let of = arguments.remove(0);
                self.made_by(of, arguments)
            }
            _ => {
                if instruction == 0x92 {
                    self.pop()?; // arguments by name
                }
                let (arguments, of) = (self.pop()?, self.pop()?);
                object(of, arguments)
            }
        };
        self.push(made);
        Ok(())
    }

    fn made_by(&mut self, of: Id, arguments: Vec<Id>) -> Node<'a> {
        self.push(Node::Tuple(arguments.into()));
        let arguments = self.stack.pop().unwrap_or(of);
        object(of, arguments)
    }

    fn memory(&mut self, instruction: u8) -> Outcome<()> {
        let slot = match instruction {
            b'p' | b'g' => self.line()?.trim().parse().map_err(|_| "it refers to what it does not hold")?,
            b'q' | b'h' => u32::from(self.take(1)?[0]),
            0x94 => self.memo.len() as u32,
            _ => self.length(4)? as u32,
        };
        if matches!(instruction, b'g' | b'h' | b'j') {
            self.stack.push(*self.memo.get(&slot).ok_or("it refers to what it does not hold")?);
        } else {
            let top = self.top()?;
            self.memo.insert(slot, top);
        }
        Ok(())
    }

    fn length(&mut self, width: usize) -> Outcome<usize> {
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(self.take(width)?);
        usize::try_from(u64::from_le_bytes(wide)).map_err(|_| truncated())
    }

    /// What is left of a line, without its end.
    fn line(&mut self) -> Outcome<String> {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|byte| *byte == b'\n').ok_or_else(truncated)?;
        let line = String::from_utf8_lossy(self.take(len)?).into_owned();
        self.take(1)?;
        Ok(line)
    }

    fn push(&mut self, node: Node<'a>) {
        // There are no more values than steps, and those fit.
        let id = Id(self.nodes.len() as u32);
        self.nodes.push(node);
        self.stack.push(id);
    }

    fn pop(&mut self) -> Outcome<Id> {
        self.stack.pop().ok_or_else(truncated)
    }

    fn top(&self) -> Outcome<Id> {
        self.stack.last().copied().ok_or_else(truncated)
    }

    /// What was pushed since the last mark.
    fn group(&mut self) -> Outcome<Vec<Id>> {
        let from = self.marks.pop().filter(|from| *from <= self.stack.len()).ok_or_else(truncated)?;
        Ok(self.stack.split_off(from))
    }
}

fn pairs(values: &[Id]) -> Vec<(Id, Id)> {
    values.as_chunks::<2>().0.iter().map(|[key, value]| (*key, *value)).collect()
}

fn global<'a>(module: String, name: String) -> Node<'a> {
    Node::Global(Box::new(Global { module, name }))
}

fn object<'a>(of: Id, arguments: Id) -> Node<'a> {
    Node::Object(Box::new(Object { of, arguments, state: None, entries: vec![], items: vec![] }))
}

/// The characters of a text as Python writes it in a line: `\x41`, `\n` and the like in the quotes of Python 2's bytes, and
/// only `A` in a text (`unicode`).
fn unescaped(text: &str, unicode: bool) -> Vec<char> {
    let characters: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (Vec::with_capacity(characters.len()), 0);
    while at < characters.len() {
        let rest = &characters[at..];
        let code = |len: usize| -> Option<(char, usize)> {
            let digits: String = rest.get(2..2 + len)?.iter().collect();
            Some((char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?, 2 + len))
        };
        let escaped = match rest {
            ['\\', 'u', ..] if unicode => code(4),
            ['\\', 'U', ..] if unicode => code(8),
            ['\\', 'x', ..] if !unicode => code(2),
            ['\\', 'n', ..] if !unicode => Some(('\n', 2)),
            ['\\', 'r', ..] if !unicode => Some(('\r', 2)),
            ['\\', 't', ..] if !unicode => Some(('\t', 2)),
            ['\\', plain @ ('\\' | '\'' | '"'), ..] if !unicode => Some((*plain, 2)),
            _ => None,
        };
        let (character, len) = escaped.unwrap_or((rest[0], 1));
        out.push(character);
        at += len;
    }
    out
}
