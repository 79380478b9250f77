//! A file of the repository as a page, with a place for every line.

use std::fmt::Write;
use std::path::Path;

use super::page::escaped;
use super::targets::relative;

/// What stands in front of a name that is defined: in Rust, WGSL and JavaScript.
const DEFINES: [&str; 10] = ["fn", "struct", "enum", "trait", "mod", "const", "static", "type", "function", "class"];

/// The line, from 1, that defines `name`.
pub fn line_of(text: &str, name: &str) -> Option<usize> {
    let defines = |line: &str| {
        let words: Vec<&str> =
            line.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).collect();
        words.windows(2).any(|pair| DEFINES.contains(&pair[0]) && pair[1] == name)
    };
    let code = |line: &&str| !line.trim_start().starts_with("//");
    text.lines().position(|line| code(&line) && defines(line)).map(|at| at + 1)
}

/// The page.
pub fn page(path: &Path, text: &str, page: &Path) -> String {
    let name = escaped(&path.display().to_string());
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{name}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"{style}\">\n</head>\n<body class=\"code\">\n\
         <header><a href=\"{home}\">L2T</a> <code>{name}</code></header>\n<main><pre>",
        style = relative(page, Path::new("book.css")),
        home = relative(page, Path::new("index.html")),
    );
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        let class = if ["//", "#"].iter().any(|start| line.trim_start().starts_with(start)) {
            " class=\"comment\""
        } else {
            ""
        };
        let _ =
            writeln!(html, "<span id=\"L{number}\"{class}><a href=\"#L{number}\">{number}</a>{}</span>", escaped(line));
    }
    html + "</pre></main>\n</body>\n</html>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_where_it_is_defined() {
        let text = "use a::advance;\n// fn advance\nimpl A {\n    pub(crate) fn advance_all() {}\n    pub fn advance(&mut self) {}\n}\nstruct B<M>;\n";
        assert_eq!(line_of(text, "advance"), Some(5));
        assert_eq!(line_of(text, "B"), Some(7));
        assert_eq!(line_of(text, "C"), None);
    }
}
