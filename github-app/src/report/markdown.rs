//! Text from strangers in Markdown: shown, never obeyed.

/// Nothing to see, but it parts what GitHub would take for one word.
const BREAK: &str = "&#8203;";

/// `text` as it reads, on one line, whatever is in it.
///
/// A name that does not follow its `@`, or a number its `#`, mentions nothing;
/// everything else that Markdown or HTML could obey becomes an entity.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '@' | '#' => {
                safe.push(c);
                safe.push_str(BREAK);
            }
            '|' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '!' | '\\' | '~' | '$' => {
                safe.push_str(&format!("&#{};", u32::from(c)));
            }
            _ if c.is_control() => safe.push(' '),
            _ => safe.push(c),
        }
    }
    // A bare address becomes a link by itself, unless its scheme is broken up.
    safe.replace("://", &format!(":{BREAK}//")).replace("www.", &format!("www{BREAK}."))
}

/// `text` as code on one line. A code span knows no escapes, so what would end
/// it, or the table cell that it is in, is replaced.
pub(super) fn code(text: &str) -> String {
    let inner: String = text
        .chars()
        .map(|c| match c {
            '`' => '\'',
            '|' => '\u{a6}',
            _ if c.is_control() => ' ',
            _ => c,
        })
        .collect();
    if inner.trim().is_empty() { "` `".to_owned() } else { format!("`{inner}`") }
}

/// `text` as code where Markdown is not read, between tags of HTML.
pub(super) fn html_code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// `text` as a block of code, with at most `max` characters of its end: what
/// went wrong is said last.
pub(super) fn fenced(text: &str, max: usize) -> String {
    let length = text.chars().count();
    let tail: String = text.chars().skip(length.saturating_sub(max)).collect();
    let tail = if length > max { format!("…{tail}") } else { tail };
    let longest = tail.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}", tail.trim_end())
}

/// A link to `url`, which is shown as plain text if it is not for the web.
pub(super) fn link(text: &str, url: &str) -> String {
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        return escape(text);
    }
    let target: String = url
        .chars()
        .flat_map(|c| match c {
            '(' => "%28".chars().collect::<Vec<_>>(),
            ')' => "%29".chars().collect(),
            '<' => "%3C".chars().collect(),
            '>' => "%3E".chars().collect(),
            '|' => "%7C".chars().collect(),
            '`' => "%60".chars().collect(),
            '\\' => "%5C".chars().collect(),
            _ if c.is_whitespace() || c.is_control() => "%20".chars().collect(),
            _ => vec![c],
        })
        .collect();
    format!("[{}]({target})", escape(text))
}

/// `text`, cut to `max` characters with an ellipsis where it is longer.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.push('…');
    short
}
