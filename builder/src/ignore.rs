//! `.dockerignore`: which files of a context stay behind.
//!
//! Docker's rules: a pattern is about a whole path from the context's root; `*`
//! and `?` stop at a `/`, `**` does not; a folder that matches takes what is in
//! it along; `!` takes back; the last pattern that matches decides.

/// The patterns of a `.dockerignore`, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ignore(Vec<(bool, Vec<Piece>)>);

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// This character.
    Exactly(char),
    /// `?`: any one but `/`.
    One,
    /// `[…]`: one of these ranges, or none of them.
    Class(bool, Vec<(char, char)>),
    /// `*`: any number, but no `/`.
    Some,
    /// `**/`: nothing, or any number of folders.
    Folders,
    /// `**` at the end: the rest, whatever it is.
    Rest,
}

impl Ignore {
    /// Reads the file. What can't be read as a pattern matches nothing, as a
    /// file that Docker took so far must not fail here.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines();
        let rules = lines.filter(|line| !line.starts_with('#')).filter_map(|line| {
            let line = line.trim();
            let (ignored, pattern) = match line.strip_prefix('!') {
                Some(rest) => (false, rest.trim()),
                None => (true, line),
            };
            let pattern = clean(pattern);
            let pieces = pieces(&pattern).filter(|_| !pattern.is_empty())?;
            Some((ignored, pieces))
        });
        Self(rules.collect())
    }

    /// Whether `path`, given from the context's root with `/` between its
    /// parts, stays behind.
    pub(crate) fn ignores(&self, path: &str) -> bool {
        let text: Vec<char> = path.chars().collect();
        let ends = text.iter().enumerate().filter(|(_, c)| **c == '/').map(|(at, _)| at);
        let ends: Vec<usize> = ends.chain([text.len()]).collect();
        // The last pattern decides, so the first from the back is enough.
        self.0
            .iter()
            .rev()
            .find(|(_, pieces)| {
                ends.iter().any(|end| matches(pieces, text.get(..*end).unwrap_or_default()))
            })
            .is_some_and(|(ignored, _)| *ignored)
    }

    /// Whether nothing below the ignored folder `path` can come back, so that
    /// it need not be looked at.
    pub(crate) fn cuts_off(&self, path: &str) -> bool {
        self.0.iter().all(|(ignored, _)| *ignored) && self.ignores(path)
    }
}

/// A path without `.`, `..`, doubled, leading and trailing `/`.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn pieces(pattern: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        pieces.push(match c {
            '*' if rest.next_if_eq(&'*').is_some() => {
                while rest.next_if_eq(&'*').is_some() {}
                let slash = rest.next_if_eq(&'/').is_some();
                if rest.peek().is_none() && !slash { Piece::Rest } else { Piece::Folders }
            }
            '*' => Piece::Some,
            '?' => Piece::One,
            '[' => class(&mut rest)?,
            '\\' => Piece::Exactly(rest.next()?),
            c => Piece::Exactly(c),
        });
    }
    Some(pieces)
}

fn class(rest: &mut impl Iterator<Item = char>) -> Option<Piece> {
    let mut next = rest.next()?;
    let inverted = next == '^';
    if inverted {
        next = rest.next()?;
    }
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut open = false;
    loop {
        match next {
            ']' if !ranges.is_empty() => {
                if open {
                    ranges.push(('-', '-'));
                }
                return Some(Piece::Class(!inverted, ranges));
            }
            '-' if !ranges.is_empty() && !open => open = true,
            c => {
                let c = if c == '\\' { rest.next()? } else { c };
                match ranges.last_mut().filter(|_| open) {
                    Some(range) => range.1 = c,
                    None => ranges.push((c, c)),
                }
                open = false;
            }
        }
        next = rest.next()?;
    }
}

/// Whether the whole `text` is what `pieces` say.
///
/// The pattern comes from a stranger, so the time must not explode: this keeps
/// the set of places where the pattern may have got to, a character at a time.
fn matches(pieces: &[Piece], text: &[char]) -> bool {
    let mut places = Places::new(pieces.len());
    places.arrive(pieces, 0);
    for &c in text {
        let mut next = Places::new(pieces.len());
        for (place, piece) in pieces.iter().enumerate().filter(|(place, _)| places.has(*place)) {
            let (stays, moves) = match piece {
                Piece::Exactly(wanted) => (false, *wanted == c),
                Piece::One => (false, c != '/'),
                Piece::Class(within, ranges) => {
                    let hit = ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
                    (false, c != '/' && hit == *within)
                }
                Piece::Some => (c != '/', c != '/'),
                Piece::Folders => (true, c == '/'),
                Piece::Rest => (true, true),
            };
            if stays {
                next.mark(place);
            }
            if moves {
                next.arrive(pieces, place + 1);
            }
        }
        places = next;
    }
    places.has(pieces.len())
}

/// The pieces that a match may have got to.
struct Places(Vec<bool>);

impl Places {
    fn new(pieces: usize) -> Self {
        Self(vec![false; pieces + 1])
    }

    fn has(&self, place: usize) -> bool {
        self.0.get(place).copied().unwrap_or_default()
    }

    fn mark(&mut self, place: usize) {
        if let Some(mark) = self.0.get_mut(place) {
            *mark = true;
        }
    }

    /// Comes to a piece anew, and past it where it may be nothing at all.
    fn arrive(&mut self, pieces: &[Piece], mut place: usize) {
        loop {
            self.mark(place);
            match pieces.get(place) {
                Some(Piece::Some | Piece::Rest | Piece::Folders) => place += 1,
                Some(Piece::Exactly(_) | Piece::One | Piece::Class(..)) | None => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ignored(patterns: &str, path: &str) -> bool {
        Ignore::parse(patterns).ignores(path)
    }

    #[test]
    fn patterns_mean_what_docker_says() {
        for (pattern, yes, no) in [
            ("*.md", vec!["a.md"], vec!["a/b.md", "a.mdx"]),
            ("**/*.md", vec!["a.md", "a/b/c.md"], vec!["a.txt"]),
            ("docs", vec!["docs", "docs/a/b"], vec!["a/docs", "docs2"]),
            ("/docs/", vec!["docs/a"], vec!["a/docs"]),
            ("./a//b/../c", vec!["a/c"], vec!["a/b"]),
            ("*/temp*", vec!["a/temporary", "a/temp/b"], vec!["temp", "a/b/temp"]),
            ("temp?", vec!["tempa"], vec!["temp", "temp/"]),
            ("**", vec!["a", "a/b", ".git"], vec![]),
            ("a/**", vec!["a/b", "a/b/c"], vec!["b/a"]),
            ("a/**/z", vec!["a/z", "a/b/c/z"], vec!["z", "a/zz"]),
            ("**/node_modules", vec!["node_modules/x", "a/node_modules"], vec!["a/modules"]),
            ("**/.*", vec![".env", "a/.git/config"], vec!["a/env"]),
            ("file[0-9]", vec!["file7"], vec!["filex", "file77"]),
            ("file[^0-9]", vec!["filex"], vec!["file7"]),
            ("a\\*b", vec!["a*b"], vec!["axb"]),
            ("# not a comment? it is", vec![], vec!["# not a comment? it is"]),
            ("[", vec![], vec!["["]),
        ] {
            for path in yes {
                assert!(ignored(pattern, path), "{pattern} is about {path}");
            }
            for path in no {
                assert!(!ignored(pattern, path), "{pattern} is not about {path}");
            }
        }
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let patterns = "*\n!src\nsrc/*.log\n!src/keep.log";
        assert!(ignored(patterns, "README"));
        assert!(!ignored(patterns, "src/main.c"));
        assert!(ignored(patterns, "src/a.log"));
        assert!(!ignored(patterns, "src/keep.log"));
    }

    #[test]
    fn a_folder_is_skipped_only_where_nothing_comes_back() {
        assert!(Ignore::parse("a").cuts_off("a"));
        assert!(!Ignore::parse("a\n!a/b").cuts_off("a"));
        assert!(!Ignore::parse("b").cuts_off("a"));
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let pattern = format!("{}b", "*a".repeat(2_000));
        assert!(!ignored(&pattern, &"a".repeat(4_000)));
    }

    proptest! {
        #[test]
        fn a_path_without_signs_is_about_itself_and_what_is_in_it(
            path in "[a-z]{1,4}(/[a-z]{1,4}){0,3}", other in "[a-z]{1,4}",
        ) {
            prop_assert!(ignored(&path, &path));
            let below = format!("{path}/{other}");
            prop_assert!(ignored(&path, &below));
            let before = format!("{other}/{path}");
            prop_assert!(!ignored(&before, &path) || path.starts_with(&other));
        }

        #[test]
        fn no_pattern_panics(pattern in "[ -~]{0,30}", path in "[ -~]{0,30}") {
            let _ = ignored(&pattern, &path);
        }
    }
}
