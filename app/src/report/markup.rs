//! HTML by construction: text is escaped because there is no other way in.

use std::fmt::Write;

use crate::plots::escaped;

/// A piece of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markup(String);

impl Markup {
    /// An SVG of our own as it is, with a description for those who cannot see it.
    pub fn picture(svg: &str, about: &str) -> Self {
        let body = svg.find("<svg").map_or("", |start| &svg[start..]);
        let named = format!("<svg class=\"picture\" role=\"img\" aria-label=\"{}\"", escaped(about));
        Self(body.replacen("<svg", &named, 1))
    }

    /// The finished text.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Escaped text.
pub fn text(text: impl AsRef<str>) -> Markup {
    Markup(escaped(text.as_ref()))
}

/// `<name attributes>children</name>`, with attributes as (name, value).
pub fn tag(
    name: &'static str,
    attributes: &[(&'static str, &str)],
    children: impl IntoIterator<Item = Markup>,
) -> Markup {
    let mut all = format!("<{name}");
    for (key, value) in attributes {
        let _ = write!(all, " {key}=\"{}\"", escaped(value));
    }
    all.push('>');
    children.into_iter().for_each(|child| all += &child.0);
    let _ = write!(all, "</{name}>");
    // Lines of a readable length, where a line break means nothing.
    if ["section", "tr", "h1", "h2", "h3", "p", "li", "figure", "details", "table"].contains(&name) {
        all.push('\n');
    }
    Markup(all)
}

/// A tag around escaped text.
pub fn of_text(name: &'static str, words: impl AsRef<str>) -> Markup {
    tag(name, &[], [text(words)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_cannot_become_tags() {
        let evil = "</td><script>alert('\"&')</script>";
        let safe = "&lt;/td&gt;&lt;script&gt;alert(&#39;&quot;&amp;&#39;)&lt;/script&gt;";
        assert_eq!(
            tag("td", &[("title", evil)], [text(evil)]).into_string(),
            format!("<td title=\"{safe}\">{safe}</td>")
        );
        let picture = Markup::picture("<?xml?>\n<svg width=\"3\"></svg>", "a < b").into_string();
        assert_eq!(picture, "<svg class=\"picture\" role=\"img\" aria-label=\"a &lt; b\" width=\"3\"></svg>");
    }
}
