//! The text of an error page, as most frameworks answer one.

/// Elements whose content is not for reading.
const HIDDEN: [&str; 3] = ["script", "style", "svg"];

/// Elements that stay within a line.
const INLINE: [&str; 9] = [
    "a", "abbr", "b", "code", "em", "i", "small", "span", "strong",
];

/// Entities that error messages are full of.
const ENTITIES: [(&str, &str); 7] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&nbsp;", " "),
    // Last, so that what it makes is not read again.
    ("&amp;", "&"),
];

/// The text of a page without its tags, scripts and styles; not escaped for a terminal.
pub(super) fn text(page: &str) -> String {
    let mut text = String::with_capacity(page.len() / 2);
    let mut rest = page;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        if !tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            text.push('<');
            rest = tag;
            continue;
        }
        let name = name(tag);
        let after = tag.split_once('>').map_or("", |(_, after)| after);
        let is_hidden = HIDDEN.contains(&name.as_str());
        rest = if is_hidden {
            past_end(after, &name)
        } else {
            after
        };
        if !INLINE.contains(&name.trim_start_matches('/')) {
            text.push('\n');
        }
    }
    text.push_str(rest);
    ENTITIES
        .iter()
        .fold(text, |text, (entity, c)| text.replace(entity, c))
}

/// The name of the tag that `tag` begins with, `/` included, in lower case.
fn name(tag: &str) -> String {
    let is_name = |c: char| c == '/' || c.is_ascii_alphanumeric();
    let end = tag.find(|c| !is_name(c)).unwrap_or(tag.len());
    tag.get(..end).unwrap_or_default().to_ascii_lowercase()
}

/// What follows the end tag of an element.
fn past_end<'a>(content: &'a str, element: &str) -> &'a str {
    let mut rest = content;
    while let Some((_, tag)) = rest.split_once("</") {
        rest = tag;
        if name(tag) == element {
            return tag.split_once('>').map_or("", |(_, after)| after);
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_scripts_and_styles_are_left_out() {
        let page = "<STYLE>a</b></Style>one<br/>t<b>w</b>o &amp;lt; <script>var a = '</p>';</script>three < four";
        let lines: Vec<String> = text(page)
            .lines()
            .map(|line| line.trim().to_owned())
            .collect();
        assert_eq!(lines.join("|"), "|one|two &lt;|three < four");
    }

    proptest! {
        #[test]
        fn any_page_has_a_text(page in "(<|>|/|style|script|a|&lt;|é| )*") {
            prop_assert!(text(&page).len() <= page.len() + page.matches('<').count());
        }
    }
}
