//! The keys of an experiment, from the code that reads them: names, values and what they mean from the types and their comments
//! in `core/src`, defaults from the program.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use syn::{Attribute, Expr, Fields, GenericArgument, Item, ItemEnum, Lit, Meta, PathArguments, Type};

use crate::steps::Failure;

/// The type that an experiment is read into.
const ROOT: &str = "Config";

/// The chapter; `defaults` is an experiment with every key, as the program writes it.
pub fn chapter(source: &Path, defaults: &str) -> Result<String, Failure> {
    let types = Types::read(source)?;
    let defaults: toml::Table = defaults.parse().map_err(|error| Failure::Advice(format!("the defaults: {error}")))?;
    let mut text = String::from(
        "# Keys of an experiment\n\nAn experiment is a TOML file; `--set key=value` changes one key of it. Keys without a default may be left \
         out. A run writes the whole of its own as `config.toml`.\n",
    );
    let mut tables = vec![(String::new(), ROOT.to_owned())];
    while !tables.is_empty() {
        let (name, of) = tables.remove(0);
        let (fields, docs) = types.fields(&of)?;
        let _ = write!(text, "\n## {}\n\n{docs}\n\n| key | default | what it says |\n|---|---|---|\n", heading(&name));
        for field in fields {
            let key = if name.is_empty() { field.name.clone() } else { format!("{name}.{}", field.name) };
            if types.is_table(&field.of) {
                tables.push((if field.list { format!("{key}.0") } else { key }, field.of));
                continue;
            }
            let default = value_at(&defaults, &key);
            if default.is_none() && !field.optional && !name.contains(".0") {
                return Err(Failure::Advice(format!("the program knows no key {key}, which {of} has")));
            }
            let values = types.values(&field.of);
            let known = |default: &str| values.iter().any(|(value, _)| format!("\"{value}\"") == default);
            if let Some(default) = default.as_deref().filter(|_| !values.is_empty()).filter(|default| !known(default)) {
                return Err(Failure::Advice(format!(
                    "{key} is {default} in the program, which {} does not have",
                    field.of
                )));
            }
            let default = default.map_or(String::new(), |default| format!("`{default}`"));
            let _ = writeln!(text, "| `{key}` | {default} | {}{} |", field.docs, listed(&values));
        }
    }
    Ok(text)
}

fn heading(table: &str) -> String {
    match table.strip_suffix(".0") {
        Some(list) => format!("`[[{list}]]`"),
        None if table.is_empty() => "The experiment".into(),
        None => format!("`[{table}]`"),
    }
}

fn listed(values: &[(String, String)]) -> String {
    let items: Vec<String> = values.iter().map(|(value, docs)| format!("<br>`{value}`: {docs}")).collect();
    items.concat()
}

/// The value of a dotted key, as TOML.
fn value_at(table: &toml::Table, key: &str) -> Option<String> {
    let mut parts = key.split('.');
    let mut at = table.get(parts.next()?)?;
    for part in parts {
        at = match part.parse::<usize>() {
            Ok(nth) => at.get(nth)?,
            Err(_) => at.get(part)?,
        };
    }
    Some(at.to_string())
}

/// One field of a table.
struct Field {
    name: String,
    docs: String,
    /// The type, without `Option` and `Vec` around it.
    of: String,
    optional: bool,
    list: bool,
}

/// Every type of the crate by its name.
struct Types(HashMap<String, Item>);

impl Types {
    fn read(source: &Path) -> Result<Self, Failure> {
        let mut types = HashMap::new();
        let mut folders = vec![source.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).map_err(|error| Failure::file("read", &folder, &error))?;
            for path in entries.flatten().map(|entry| entry.path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(&path).map_err(|error| Failure::file("read", &path, &error))?;
                    let file = syn::parse_file(&text).map_err(|error| Failure::file("parse", &path, &error))?;
                    types.extend(file.items.into_iter().filter_map(named));
                }
            }
        }
        Ok(Self(types))
    }

    /// A table, whose fields are keys of their own.
    fn is_table(&self, of: &str) -> bool {
        matches!(self.0.get(of), Some(Item::Struct(found)) if matches!(found.fields, Fields::Named(_)))
    }

    fn fields(&self, of: &str) -> Result<(Vec<Field>, String), Failure> {
        let Some(Item::Struct(found)) = self.0.get(of) else {
            return Err(Failure::Advice(format!("there is no struct {of} in core")));
        };
        let fields = found.fields.iter().filter_map(|field| {
            let (of, optional, list) = plain(&field.ty);
            Some(Field { name: field.ident.as_ref()?.to_string(), docs: docs(&field.attrs), of, optional, list })
        });
        Ok((fields.collect(), docs(&found.attrs)))
    }

    /// The values of an enumeration with what they mean; those of an enumeration in it are its own.
    fn values(&self, of: &str) -> Vec<(String, String)> {
        let Some(Item::Enum(found)) = self.0.get(of) else { return Vec::new() };
        let rule = serde(&found.attrs, "rename_all");
        let mut values = Vec::new();
        for variant in &found.variants {
            match &variant.fields {
                Fields::Unit => {
                    let name = serde(&variant.attrs, "rename");
                    let name = name.unwrap_or_else(|| renamed(&variant.ident.to_string(), rule.as_deref()));
                    values.push((name, docs(&variant.attrs)));
                }
                Fields::Unnamed(inner) => {
                    values.extend(inner.unnamed.iter().flat_map(|field| self.values(&plain(&field.ty).0)));
                }
                Fields::Named(_) => {}
            }
        }
        values
    }
}

fn named(item: Item) -> Option<(String, Item)> {
    match &item {
        Item::Struct(found) => Some((found.ident.to_string(), item)),
        Item::Enum(ItemEnum { ident, .. }) => Some((ident.to_string(), item)),
        _ => None,
    }
}

/// The name of a type without `Option` and `Vec`, and whether those were there.
fn plain(of: &Type) -> (String, bool, bool) {
    let Type::Path(path) = of else { return (String::new(), false, false) };
    let Some(last) = path.path.segments.last() else { return (String::new(), false, false) };
    let name = last.ident.to_string();
    if let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(GenericArgument::Type(inner)) = arguments.args.first()
    {
        let (of, optional, list) = plain(inner);
        return (of, optional || name == "Option", list || name == "Vec");
    }
    (name, false, false)
}

/// The comment of an item, on one line of a table; links to other items are names there.
fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if attribute.path().is_ident("doc") => text_of(&pair.value),
        _ => None,
    });
    let text = lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>().join(" ");
    text.replace("[`", "`").replace("`]", "`").replace('|', "\\|")
}

fn text_of(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The value of `#[serde(key = "…")]`.
fn serde(attributes: &[Attribute], key: &str) -> Option<String> {
    let mut found = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let _ = attribute.parse_nested_meta(|meta| {
            let value: Option<Expr> = if meta.input.peek(syn::Token![=]) { Some(meta.value()?.parse()?) } else { None };
            if meta.path.is_ident(key) {
                found = value.as_ref().and_then(text_of);
            }
            Ok(())
        });
    }
    found
}

/// A variant's name by serde's rules, as far as the experiment uses them.
fn renamed(name: &str, rule: Option<&str>) -> String {
    match rule {
        Some("lowercase") => name.to_lowercase(),
        Some("kebab-case") => {
            let mut kebab = String::new();
            for (at, letter) in name.char_indices() {
                if letter.is_uppercase() && at > 0 {
                    kebab.push('-');
                }
                kebab.extend(letter.to_lowercase());
            }
            kebab
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Types {
        Types(syn::parse_file(text).expect("it is Rust").items.into_iter().filter_map(named).collect())
    }

    #[test]
    fn values_are_those_that_serde_reads() {
        let types = read(
            "#[serde(rename_all = \"kebab-case\")] enum Rule { /// One.\n FineTuning, #[serde(rename = \"lwf+at\")] LwfAt }\n\
             #[serde(untagged, expecting = \"no\")] enum Either { Rule(Rule), List(Vec<u8>) }",
        );
        let expected = [("fine-tuning".to_owned(), "One.".to_owned()), ("lwf+at".to_owned(), String::new())];
        assert_eq!(types.values("Rule"), expected);
        assert_eq!(types.values("Either"), expected);
        assert_eq!(renamed("F32", Some("lowercase")), "f32");
        assert_eq!(renamed("L2tWw", Some("kebab-case")), "l2t-ww");
    }

    #[test]
    fn types_are_seen_through_their_containers() {
        let plain_of = |text: &str| plain(&syn::parse_str(text).expect("a type"));
        assert_eq!(plain_of("Option<Vec<usize>>"), ("usize".into(), true, true));
        assert_eq!(plain_of("crate::data::WorldTask"), ("WorldTask".into(), false, false));
        assert!(plain_of("Option<[f64; 3]>").1);
    }

    #[test]
    fn comments_are_one_line_of_a_table() {
        let types = read("/// Of [`T::A`] | two\n/// lines.\nstruct A { b: u8 }");
        let Some(Item::Struct(found)) = types.0.get("A") else { panic!("it is there") };
        assert_eq!(docs(&found.attrs), "Of `T::A` \\| two lines.");
    }
}
