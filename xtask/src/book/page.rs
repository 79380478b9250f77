//! A chapter as HTML.

use std::fmt::Write;
use std::path::Path;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use pulldown_latex::config::DisplayMode;
use pulldown_latex::{RenderConfig, Storage};

use super::contents::{Chapter, Contents};
use super::targets::{Lead, relative};
use crate::steps::Failure;

/// What a chapter says.
pub struct Body {
    html: String,
    /// Its sections: name and place.
    sections: Vec<(String, String)>,
    /// Other sites that it links to.
    pub elsewhere: Vec<String>,
}

/// A chapter from its Markdown; `lead` says where links lead.
pub fn body(text: &str, mut lead: impl FnMut(&str) -> Result<Lead, Failure>) -> Result<Body, Failure> {
    let mut body = Body { html: String::new(), sections: Vec::new(), elsewhere: Vec::new() };
    let mut events = Vec::new();
    // Whether the link that is open leads anywhere.
    let mut open = true;
    for event in parser(text) {
        match event {
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let dest_url = found(lead(&dest_url)?, &mut body.elsewhere);
                open = dest_url.is_some();
                events.extend(dest_url.map(|dest_url| Event::Start(Tag::Link { link_type, dest_url, title, id })));
            }
            Event::End(TagEnd::Link) => events.extend(open.then_some(Event::End(TagEnd::Link))),
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                let dest_url = found(lead(&dest_url)?, &mut body.elsewhere).unwrap_or(CowStr::Borrowed(""));
                events.push(Event::Start(Tag::Image { link_type, dest_url, title, id }));
            }
            Event::Start(Tag::Table(columns)) => {
                events.extend([Event::Html("<div class=\"wide\">".into()), Event::Start(Tag::Table(columns))]);
            }
            Event::End(TagEnd::Table) => events.extend([Event::End(TagEnd::Table), Event::Html("</div>\n".into())]),
            Event::InlineMath(formula) => events.push(Event::InlineHtml(math(&formula, DisplayMode::Inline)?)),
            Event::DisplayMath(formula) => {
                let math = math(&formula, DisplayMode::Block)?;
                events.push(Event::InlineHtml(format!("<span class=\"wide formula\">{math}</span>").into()));
            }
            other => events.push(other),
        }
    }
    name_headings(&mut events, &mut body.sections);
    html::push_html(&mut body.html, events.into_iter());
    Ok(body)
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_MATH | Options::ENABLE_STRIKETHROUGH)
}

fn found(lead: Lead, elsewhere: &mut Vec<String>) -> Option<CowStr<'static>> {
    match lead {
        Lead::Within(address) => Some(address.into()),
        Lead::Elsewhere(address) => {
            elsewhere.push(address.clone());
            Some(address.into())
        }
        Lead::Unknown => None,
    }
}

/// A formula of TeX as MathML.
fn math(formula: &str, display_mode: DisplayMode) -> Result<CowStr<'static>, Failure> {
    let storage = Storage::new();
    let wrong =
        |error: &dyn std::fmt::Display| Failure::Advice(format!("the formula {formula} cannot be read: {error}"));
    let parsed: Result<Vec<_>, _> = pulldown_latex::Parser::new(formula, &storage).collect();
    let parsed = parsed.map_err(|error| wrong(&error))?;
    let config = RenderConfig { display_mode, annotation: Some(formula), ..RenderConfig::default() };
    let mut mathml = String::new();
    let events = parsed.into_iter().map(Ok::<_, std::convert::Infallible>);
    pulldown_latex::push_mathml(&mut mathml, events, config).map_err(|error| wrong(&error))?;
    Ok(mathml.into())
}

/// Gives every heading the name that GitHub would give it, and collects those of the second level.
fn name_headings(events: &mut [Event<'_>], sections: &mut Vec<(String, String)>) {
    let mut names: Vec<String> = Vec::new();
    for at in 0..events.len() {
        let Event::Start(Tag::Heading { level, .. }) = &events[at] else { continue };
        let level = *level;
        let inside = events[at..].iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
        let words: String = inside
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        let plain = slug(&words);
        let earlier = names.iter().filter(|name| **name == plain).count();
        let name = if earlier == 0 { plain.clone() } else { format!("{plain}-{earlier}") };
        names.push(plain);
        if level == HeadingLevel::H2 {
            sections.push((words, name.clone()));
        }
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[at] {
            *id = Some(name.into());
        }
    }
}

fn slug(words: &str) -> String {
    let kept = words.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The lines of every block of shell.
pub fn shell_lines(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut lines = Vec::new();
    for event in parser(text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(kind))) => inside = kind.split(' ').next() == Some("sh"),
            Event::End(TagEnd::CodeBlock) => inside = false,
            Event::Text(text) if inside => lines.extend(text.lines().map(str::to_owned)),
            _ => {}
        }
    }
    lines
}

/// What stands around a chapter.
pub struct Frame<'a> {
    /// All of them.
    pub contents: &'a Contents,
    /// Which one.
    pub nth: usize,
    /// Whether the program in a browser and the documentation of the code are beside the book.
    pub in_site: bool,
}

impl Frame<'_> {
    fn chapter(&self) -> &Chapter {
        &self.contents.chapters[self.nth]
    }

    fn address(&self, page: &Path) -> String {
        relative(&self.chapter().page, page)
    }

    /// The whole page.
    pub fn around(&self, body: &Body) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} · L2T</title>\n\
             <link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"{style}\">\n</head>\n<body>\n\
             {beside}<main>\n{text}{turn}</main>\n</body>\n</html>\n",
            title = escaped(&self.chapter().title),
            style = self.address(Path::new("book.css")),
            beside = self.beside(&body.sections),
            text = body.html,
            turn = self.turn(),
        )
    }

    /// The contents; on a narrow screen they are folded away.
    fn beside(&self, sections: &[(String, String)]) -> String {
        let mut html = String::from("<nav aria-label=\"Contents\">\n");
        let _ = writeln!(html, "<p class=\"name\"><a href=\"{}\">L2T</a></p>", self.address(Path::new("index.html")));
        if self.in_site {
            let (program, code) =
                (self.address(Path::new("../index.html")), self.address(Path::new("../api/l2t_core/index.html")));
            let _ = writeln!(html, "<p><a class=\"button\" href=\"{program}\">Open in this browser</a></p>");
            let _ = writeln!(html, "<p><a href=\"{code}\">Documentation of the code</a></p>");
        }
        // Twice: CSS cannot open what is folded.
        for tag in ["<details><summary>Contents</summary>", "<div class=\"contents\">"] {
            html += tag;
            self.list(&mut html, sections);
            html += if tag.starts_with("<details") { "</details>\n" } else { "</div>\n" };
        }
        html + "</nav>\n"
    }

    fn list(&self, html: &mut String, sections: &[(String, String)]) {
        let mut part = "";
        html.push_str("<ul>\n");
        for (nth, chapter) in self.contents.chapters.iter().enumerate() {
            if chapter.part != part {
                part = &chapter.part;
                let _ = writeln!(html, "<li class=\"part\">{}</li>", escaped(part));
            }
            let (address, title) = (self.address(&chapter.page), escaped(&chapter.title));
            if nth != self.nth {
                let _ = writeln!(html, "<li><a href=\"{address}\">{title}</a></li>");
                continue;
            }
            let _ = write!(html, "<li><a href=\"{address}\" aria-current=\"page\">{title}</a>");
            if !sections.is_empty() {
                let inner =
                    sections.iter().map(|(words, name)| format!("<li><a href=\"#{name}\">{}</a></li>", escaped(words)));
                let _ = write!(html, "\n<ul>\n{}\n</ul>", inner.collect::<Vec<_>>().join("\n"));
            }
            html.push_str("</li>\n");
        }
        html.push_str("</ul>");
    }

    /// To the chapters before and behind.
    fn turn(&self) -> String {
        let link = |nth: Option<usize>, words: &str| {
            let chapter = nth.and_then(|nth| self.contents.chapters.get(nth));
            chapter.map_or("<span></span>".to_owned(), |chapter| {
                format!("<a href=\"{}\">{words}: {}</a>", self.address(&chapter.page), escaped(&chapter.title))
            })
        };
        format!(
            "<p class=\"turn\">{} {}</p>\n",
            link(self.nth.checked_sub(1), "Before"),
            link(Some(self.nth + 1), "Next")
        )
    }
}

/// Text as HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        body(text, |link| Ok(if link == "?" { Lead::Unknown } else { Lead::Within(format!("to/{link}")) }))
            .expect("it is read")
            .html
    }

    #[test]
    fn headings_have_the_names_that_github_gives_them() {
        let text = html("## What is *read*, and `how`?\n## Twice\n## Twice\n");
        for name in ["what-is-read-and-how", "twice", "twice-1"] {
            assert!(text.contains(&format!("id=\"{name}\"")), "{name} in {text}");
        }
    }

    #[test]
    fn links_lead_where_they_are_told_to_or_are_words() {
        assert_eq!(html("[a](b) [c](?)"), "<p><a href=\"to/b\">a</a> c</p>\n");
    }

    #[test]
    fn formulas_are_set_and_wrong_ones_are_errors() {
        let text = html("$\\lambda_{m,n}$");
        assert!(text.contains("<math") && text.contains('λ'), "{text}");
        assert!(body("$\\nosuchcommand{x}$", |_| Ok(Lead::Unknown)).is_err());
    }

    #[test]
    fn lines_of_shell_are_found_whatever_stands_behind_the_language() {
        assert_eq!(shell_lines("```sh\na\nb\n```\n```toml\nc\n```\n```sh elsewhere\nd\n```\n"), ["a", "b", "d"]);
    }
}
