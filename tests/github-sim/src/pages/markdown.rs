//! As much Markdown as Berth writes, as HTML: headings, tables, lists, code,
//! emphasis and links. Everything is escaped first, so that no HTML passes.

use super::html::escape;

/// Markdown as HTML.
pub(super) fn render(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let line = line.trim_end();
        let start = line.trim_start();
        if start.starts_with("<!--") {
            // A comment is hidden, and may go over several lines.
            let mut open = !start.contains("-->");
            while open && let Some(next) = lines.next() {
                open = !next.contains("-->");
            }
        } else if let Some(language) = start.strip_prefix("```") {
            let _ = language;
            let mut code = String::new();
            for next in lines.by_ref() {
                if next.trim_start().starts_with("```") {
                    break;
                }
                code += next;
                code.push('\n');
            }
            out += &format!("<pre>{}</pre>", escape(&code));
        } else if start.starts_with('|') {
            let mut rows = vec![start];
            while let Some(next) = lines.next_if(|next| next.trim_start().starts_with('|')) {
                rows.push(next.trim());
            }
            out += &table(&rows);
        } else if start.starts_with('#') {
            let level = start.chars().take_while(|c| *c == '#').count().clamp(1, 4) + 2;
            let words = start.trim_start_matches('#').trim();
            out += &format!("<h{level}>{}</h{level}>", inline(words));
        } else if let Some(item) = start.strip_prefix("- ").or_else(|| start.strip_prefix("* ")) {
            out += &format!("<ul class=list><li>{}</li>", inline(item));
            while let Some(next) = lines.next_if(|next| is_item(next)) {
                out += &format!("<li>{}</li>", inline(next.trim_start().get(2..).unwrap_or("")));
            }
            out += "</ul>";
        } else if matches!(start, "<details>" | "</details>") {
            out += start;
        } else if let Some(words) =
            start.strip_prefix("<summary>").and_then(|it| it.strip_suffix("</summary>"))
        {
            out += &format!("<summary>{}</summary>", inline(words));
        } else if !start.is_empty() {
            out += &format!("<p>{}</p>", inline(start));
        }
    }
    out
}

fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("- ") || line.starts_with("* ")
}

fn table(rows: &[&str]) -> String {
    let mut out = String::from("<table>");
    for (index, row) in rows.iter().enumerate() {
        let inner = row.trim_start_matches('|').trim_end_matches('|');
        if !inner.is_empty() && inner.chars().all(|c| " -:|".contains(c)) {
            continue;
        }
        let cell = if index == 0 { "th" } else { "td" };
        out += "<tr>";
        for text in cells(inner) {
            out += &format!("<{cell}>{}</{cell}>", inline(text.trim()));
        }
    }
    out + "</table>"
}

/// The cells of a row; an escaped bar is no border.
fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in row.chars() {
        if c == '|' && !escaped {
            cells.push(String::new());
        } else if let Some(last) = cells.last_mut() {
            last.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    cells
}

/// Code, emphasis and links within a line.
fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((inner, after)) = between(rest, "`", "`") {
            out += &format!("<code>{}</code>", escape(inner));
            rest = after;
        } else if let Some((inner, after)) = between(rest, "**", "**") {
            out += &format!("<strong>{}</strong>", inline(inner));
            rest = after;
        } else if let Some((words, after)) = between(rest, "[", "](")
            && let Some((address, after)) = after.split_once(')')
        {
            out += &super::html::link(address, &words.replace('\\', ""));
            rest = after;
        } else if c == '\\' {
            // An escaped character stands for itself.
            let mut chars = rest.chars();
            chars.next();
            if let Some(next) = chars.next() {
                out += &escape(&next.to_string());
            }
            rest = chars.as_str();
        } else if let Some(entity) = entity(rest) {
            out += entity;
            rest = rest.get(entity.len()..).unwrap_or_default();
        } else if let Some(after) = rest.strip_prefix("<br>") {
            out += "<br>";
            rest = after;
        } else {
            out += &escape(&c.to_string());
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// A character reference that Markdown lets through: `&lt;`, `&#64;`.
fn entity(text: &str) -> Option<&str> {
    let end = text.find(';').filter(|end| *end <= 8)?;
    let inner = text.get(1..end).filter(|_| text.starts_with('&'))?;
    let name = inner.strip_prefix('#').unwrap_or(inner);
    let good = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    if good { text.get(..=end) } else { None }
}

/// What is between two marks at the start, and what follows.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<(&'a str, &'a str)> {
    let (inner, after) = text.strip_prefix(open)?.split_once(close)?;
    let nested = open == "[" && inner.contains('[');
    (!inner.is_empty() && !nested).then_some((inner, after))
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn a_comment_of_berths_is_a_table_with_links() {
        let text = "<!-- berth:sticky -->\n### Berth\n| Stack | Link |\n|---|---|\n\
                    | **shop** | [open](http://pr-1.shop.localhost) |\n";
        assert_eq!(
            render(text),
            "<h5>Berth</h5><table><tr><th>Stack</th><th>Link</th><tr><td><strong>shop</strong></td>\
             <td><a href=\"http://pr-1.shop.localhost\" rel=noreferrer>open</a></td></table>"
        );
    }

    #[test]
    fn no_html_and_no_script_address_passes() {
        let shown = render("<img src=x onerror=alert(1)> [x](javascript:alert(1)) `<b>`");
        assert!(!shown.contains("<img") && !shown.contains("href"), "{shown}");
        assert!(shown.contains("<code>&lt;b&gt;</code>"), "{shown}");
    }
}
