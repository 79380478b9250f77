//! The licences of what is compiled into the program: nearly all ask that their text comes along.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::machine::Machine;
use crate::steps::Failure;

/// What files with licences begin with.
const NAMES: [&str; 6] = ["license", "licence", "copying", "notice", "unlicense", "copyright"];

/// Writes those of our package `of` as it is compiled for `target`.
pub fn write(machine: &Machine, target: &str, of: &str, to: &Path) -> Result<(), Failure> {
    let metadata = super::metadata(machine, &["--filter-platform", target])?;
    let packages = compiled_in(&metadata, of);
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut document = String::from("What L2T is made of besides its own code, and under which licences.\n\n");
    for package in &packages {
        let name = format!("{} {}", text(package, "name"), text(package, "version"));
        let _ = writeln!(document, "{name}: {}; {}", text(package, "license"), text(package, "repository"));
        let folder = Path::new(text(package, "manifest_path")).parent();
        for licence in folder.map(licences).unwrap_or_default() {
            texts.entry(licence).or_default().insert(name.clone());
        }
    }
    for (licence, of) in &texts {
        let of: Vec<&str> = of.iter().map(String::as_str).collect();
        let _ = write!(document, "\n{}\n{}\n\n{}\n", "=".repeat(80), of.join(", "), licence.trim());
    }
    println!("    {} crates, {} texts of licences", packages.len(), texts.len());
    fs::write(to, document).map_err(|error| Failure::file("write", to, &error))
}

/// The crates that `root` is linked from, but its own workspace's and macros.
fn compiled_in<'a>(metadata: &'a Value, root: &str) -> Vec<&'a Value> {
    let list = |value: &'a Value| value.as_array().map(Vec::as_slice).unwrap_or_default();
    let packages: HashMap<&str, &Value> =
        list(&metadata["packages"]).iter().map(|package| (text(package, "id"), package)).collect();
    let nodes: HashMap<&str, &Value> =
        list(&metadata["resolve"]["nodes"]).iter().map(|node| (text(node, "id"), node)).collect();
    let mut to_do: Vec<&str> =
        packages.values().filter(|package| package["name"] == root).map(|p| text(p, "id")).collect();
    let mut seen: HashSet<&str> = to_do.iter().copied().collect();
    while let Some(id) = to_do.pop() {
        for dependency in nodes.get(id).map(|node| list(&node["deps"])).unwrap_or_default() {
            let linked = list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
            let id = text(dependency, "pkg");
            let is_macro = packages.get(id).is_some_and(|package| makes_macros(package));
            if linked && !is_macro && seen.insert(id) {
                to_do.push(id);
            }
        }
    }
    // Ours have no source.
    let mut found: Vec<&Value> =
        seen.iter().filter_map(|id| packages.get(id).copied()).filter(|p| !p["source"].is_null()).collect();
    found.sort_by_key(|package| (text(package, "name"), text(package, "version")));
    found
}

fn makes_macros(package: &Value) -> bool {
    let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    targets.iter().any(|target| target["kind"][0] == "proc-macro")
}

/// The texts of a crate's files with licences.
fn licences(folder: &Path) -> Vec<String> {
    let is_one = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        path.is_file() && NAMES.iter().any(|start| name.starts_with(start))
    };
    let paths = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    paths.filter(|path| is_one(path)).filter_map(|path| fs::read_to_string(path).ok()).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_found_and_what_only_builds_is_not() {
        let package = |id: &str, kind: &str, source: Value| serde_json::json!({ "id": id, "name": id, "version": "1", "source": source, "targets": [{ "kind": [kind] }] });
        let dependency = |id: &str, kind: Value| serde_json::json!({ "pkg": id, "dep_kinds": [{ "kind": kind }] });
        let outside = || Value::from("registry");
        let metadata = serde_json::json!({
            "packages": [
                package("app", "bin", Value::Null), package("ours", "lib", Value::Null), package("far", "lib", outside()),
                package("derive", "proc-macro", outside()), package("cc", "lib", outside()), package("mock", "lib", outside()),
            ],
            "resolve": { "nodes": [
                { "id": "app", "deps": [dependency("ours", Value::Null), dependency("cc", "build".into()), dependency("mock", "dev".into())] },
                { "id": "ours", "deps": [dependency("far", Value::Null), dependency("derive", Value::Null)] },
            ] },
        });
        let found: Vec<_> = compiled_in(&metadata, "app").into_iter().map(|package| text(package, "name")).collect();
        assert_eq!(found, ["far"]);
    }
}
