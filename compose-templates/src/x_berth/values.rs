//! What single values may be: nothing that could end the label, list or rule
//! that it is put in, and nothing that Traefik would refuse. Each check gives
//! what the value must be where it is not, to go on after "must be".

use ipnet::IpNet;
use regex_syntax::ast::{self, Ast, Visitor};

use crate::compose::units;
use crate::render::check_host_name;

/// A check's verdict.
pub(super) type Verdict = Result<(), &'static str>;

/// The longest text that goes into a label, in bytes.
const MAX_TEXT: usize = 4096;

fn when(good: bool, what: &'static str) -> Verdict {
    if good { Ok(()) } else { Err(what) }
}

/// A name of one of Traefik's things, or of a cookie.
pub(super) fn name(text: &str) -> Verdict {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    when(
        (1..=64).contains(&text.len()) && text.chars().all(word),
        "1 to 64 letters, digits, hyphens and underscores",
    )
}

/// A host name, with `*.` in front where `wildcard` says so.
pub(super) fn host(text: &str, wildcard: bool) -> Result<(), String> {
    let base = match text.strip_prefix("*.") {
        Some(base) if wildcard => {
            if !base.contains('.') {
                return Err("which stands for a whole top-level domain; name one below it".into());
            }
            base
        }
        _ => text,
    };
    if base.contains('*') {
        return Err(if wildcard {
            "but `*` can only stand for the whole first part, as in `*.example.org`".into()
        } else {
            "but there can be no `*` here; name the host".into()
        });
    }
    check_host_name(base).map_err(str::to_owned)
}

/// What may stand in a path: nothing that could end the backticks of a rule, or
/// that Traefik would take for a pattern.
const fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '/' | '-' | '_' | '.' | '~' | '%' | '+' | '@' | ':' | ',' | ';' | '!' | '$')
}

fn is_path(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    // `//host/` names a host, and a check would be asked there.
    text.starts_with('/')
        && !text.starts_with("//")
        && text.len() <= 1024
        && text.chars().all(allowed)
        && !text.split(['/', '?']).any(|part| part == "..")
}

/// What a path must be.
const PATH: &str =
    "a path that starts with one `/` and has only letters, digits and `-._~%+@:,;!$` in it";

/// A path that a rule or a redirect is made of.
pub(super) fn path(text: &str) -> Verdict {
    when(is_path(text, plain), PATH)
}

/// A path to ask: a query is as good.
pub(super) fn path_and_query(text: &str) -> Verdict {
    when(is_path(text, |c| plain(c) || matches!(c, '?' | '&' | '=')), PATH)
}

/// An address, or a network in CIDR notation.
pub(super) fn network(text: &str) -> Verdict {
    let good = text.parse::<IpNet>().is_ok() || text.parse::<std::net::IpAddr>().is_ok();
    when(good, "an address or a network such as `10.0.0.0/8` or `2001:db8::/32`")
}

/// A header's name. Dots are left out: they part the words of a label.
pub(super) fn header_name(text: &str) -> Verdict {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    when(
        (1..=128).contains(&text.len()) && text.chars().all(word),
        "a header's name, of letters, digits, hyphens and underscores",
    )
}

/// A header's value, or another text that ends up in one.
pub(super) fn header_value(text: &str) -> Verdict {
    when(
        text.len() <= MAX_TEXT
            && text.chars().all(|c| c == ' ' || c.is_ascii_graphic())
            && text.trim() == text,
        "one line of ASCII with no space at its ends",
    )
}

/// What browsers show of whom they log in to.
pub(super) fn realm(text: &str) -> Verdict {
    when(
        text.len() <= 128 && header_value(text).is_ok() && !text.contains(['"', '\\']),
        "up to 128 ASCII characters with no quotes or backslashes",
    )
}

/// `name:hash`, where the hash is one that Traefik knows. The salted ones of
/// `htpasswd`: SHA-1 is as good as plain text.
pub(super) fn user(text: &str) -> Verdict {
    let good = text.split_once(':').is_some_and(|(name, hash)| {
        let name_is_good = (1..=128).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_graphic() && !matches!(c, ',' | '`' | '"'));
        name_is_good && (is_bcrypt(hash) || is_apr1(hash))
    });
    when(
        good,
        "`name:hash` with a hash of bcrypt or apr1, as `htpasswd -nB name` prints it, each `$` of it doubled where it stands in the file",
    )
}

fn is_crypt(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '/')
}

/// `$2y$05$` and 53 characters.
fn is_bcrypt(hash: &str) -> bool {
    let mut parts = hash.split('$');
    let head = parts.next() == Some("") && matches!(parts.next(), Some("2a" | "2b" | "2y"));
    let cost = parts.next().filter(|cost| cost.len() == 2).and_then(|cost| cost.parse::<u8>().ok());
    let tail = parts.next().is_some_and(|tail| tail.len() == 53 && tail.chars().all(is_crypt));
    head && cost.is_some_and(|cost| (4..=31).contains(&cost)) && tail && parts.next().is_none()
}

/// `$apr1$`, a salt, `$` and 22 characters.
fn is_apr1(hash: &str) -> bool {
    let Some(rest) = hash.strip_prefix("$apr1$") else { return false };
    rest.split_once('$').is_some_and(|(salt, hash)| {
        (1..=8).contains(&salt.len())
            && salt.chars().all(is_crypt)
            && hash.len() == 22
            && hash.chars().all(is_crypt)
    })
}

/// The new address of a redirect.
pub(super) fn replacement(text: &str) -> Verdict {
    let good = (1..=MAX_TEXT).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '`' | '<' | '>' | '\\'));
    when(good, "an address of ASCII with no spaces, quotes, brackets or backslashes")
}

/// A regular expression that Go's RE2 takes too.
pub(super) fn regex(text: &str) -> Verdict {
    const WHAT: &str = "a regular expression as RE2 has them, of printable ASCII, with counts of at most 1000 in all";
    let ascii =
        (1..=1024).contains(&text.len()) && text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    if !ascii {
        return Err(WHAT);
    }
    let Ok(tree) = ast::parse::Parser::new().parse(text) else { return Err(WHAT) };
    let seen = ast::visit(&tree, Re2 { counts: 1 });
    when(seen.is_ok_and(|counts| counts <= 1000), WHAT)
}

/// Finds what the parser takes and RE2 does not.
struct Re2 {
    /// The product of all counts: RE2 bounds those within each other.
    counts: u64,
}

impl Visitor for Re2 {
    type Output = u64;
    type Err = ();

    fn finish(self) -> Result<u64, ()> {
        Ok(self.counts)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), ()> {
        match ast {
            Ast::Repetition(it) => {
                if let ast::RepetitionKind::Range(range) = &it.op.kind {
                    let most = match range {
                        ast::RepetitionRange::Exactly(n) | ast::RepetitionRange::AtLeast(n) => *n,
                        ast::RepetitionRange::Bounded(_, n) => *n,
                    };
                    self.counts = self.counts.saturating_mul(u64::from(most.max(1)));
                }
                Ok(())
            }
            Ast::Flags(it) => flags(&it.flags),
            Ast::Group(it) => match &it.kind {
                ast::GroupKind::NonCapturing(it) => flags(it),
                ast::GroupKind::CaptureName { starts_with_p: true, .. }
                | ast::GroupKind::CaptureIndex(_) => Ok(()),
                ast::GroupKind::CaptureName { .. } => Err(()),
            },
            Ast::Assertion(it) => match it.kind {
                ast::AssertionKind::StartLine
                | ast::AssertionKind::EndLine
                | ast::AssertionKind::StartText
                | ast::AssertionKind::EndText
                | ast::AssertionKind::WordBoundary
                | ast::AssertionKind::NotWordBoundary => Ok(()),
                ast::AssertionKind::WordBoundaryStart
                | ast::AssertionKind::WordBoundaryEnd
                | ast::AssertionKind::WordBoundaryStartAngle
                | ast::AssertionKind::WordBoundaryEndAngle
                | ast::AssertionKind::WordBoundaryStartHalf
                | ast::AssertionKind::WordBoundaryEndHalf => Err(()),
            },
            Ast::Literal(it) => literal(it),
            // RE2 knows fewer of their names.
            Ast::ClassUnicode(_) => Err(()),
            Ast::Empty(_)
            | Ast::Dot(_)
            | Ast::ClassPerl(_)
            | Ast::ClassBracketed(_)
            | Ast::Alternation(_)
            | Ast::Concat(_) => Ok(()),
        }
    }

    fn visit_class_set_item_pre(&mut self, item: &ast::ClassSetItem) -> Result<(), ()> {
        match item {
            ast::ClassSetItem::Literal(it) => literal(it),
            ast::ClassSetItem::Range(it) => literal(&it.start).and_then(|()| literal(&it.end)),
            // A class within a class is RE2's own `[[:alpha:]]` alone.
            ast::ClassSetItem::Bracketed(_) | ast::ClassSetItem::Unicode(_) => Err(()),
            ast::ClassSetItem::Empty(_)
            | ast::ClassSetItem::Ascii(_)
            | ast::ClassSetItem::Perl(_)
            | ast::ClassSetItem::Union(_) => Ok(()),
        }
    }

    fn visit_class_set_binary_op_pre(&mut self, _: &ast::ClassSetBinaryOp) -> Result<(), ()> {
        Err(())
    }
}

/// RE2 knows `i`, `m`, `s` and `U`.
fn flags(flags: &ast::Flags) -> Result<(), ()> {
    let known = |item: &ast::FlagsItem| {
        !matches!(
            item.kind,
            ast::FlagsItemKind::Flag(
                ast::Flag::Unicode | ast::Flag::IgnoreWhitespace | ast::Flag::CRLF
            )
        )
    };
    if flags.items.iter().all(known) { Ok(()) } else { Err(()) }
}

/// `\u` and `\U` are not RE2's; `\x` is.
fn literal(it: &ast::Literal) -> Result<(), ()> {
    match &it.kind {
        ast::LiteralKind::HexFixed(ast::HexLiteralKind::X)
        | ast::LiteralKind::HexBrace(ast::HexLiteralKind::X)
        | ast::LiteralKind::Verbatim
        | ast::LiteralKind::Meta
        | ast::LiteralKind::Superfluous
        | ast::LiteralKind::Special(_) => Ok(()),
        ast::LiteralKind::Octal | ast::LiteralKind::HexFixed(_) | ast::LiteralKind::HexBrace(_) => {
            Err(())
        }
    }
}

/// A duration of at least a millisecond and at most two years, as Go reads it.
pub(super) fn duration(text: &str) -> Option<String> {
    let millis = millis(text)?;
    Some(if millis % 1000 == 0 { format!("{}s", millis / 1000) } else { format!("{millis}ms") })
}

/// The same in whole seconds.
pub(super) fn seconds(text: &str) -> Option<String> {
    millis(text).filter(|millis| millis % 1000 == 0).map(|millis| format!("{}s", millis / 1000))
}

fn millis(text: &str) -> Option<i64> {
    const TWO_YEARS: i64 = 2 * 366 * 24 * 3600 * 1000;
    let millis = units::duration(text)? / 1_000_000;
    (1..=TWO_YEARS).contains(&millis).then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_a_salted_hash() {
        let bcrypt = format!("$2y$05${}", "a".repeat(53));
        let apr1 = format!("$apr1$salt$./{}", "b".repeat(20));
        for good in [format!("ann:{bcrypt}"), format!("ann:{apr1}")] {
            assert_eq!(user(&good), Ok(()), "{good}");
        }
        let sha = "ann:{SHA}qvTGHdzF6KLavt4PO0gs2a6pQ00=".to_owned();
        for bad in [
            "ann:secret".to_owned(),
            "ann".to_owned(),
            sha,
            format!(":{bcrypt}"),
            format!("a,b:{bcrypt}"),
            format!("ann:{bcrypt}$"),
            format!("ann:{}", bcrypt.replace("05", "99")),
            format!("ann:{apr1}x"),
        ] {
            assert!(user(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pattern_is_one_that_re2_takes() {
        for good in ["^https?://www\\.(.+)$", "(?i)a{2,5}", "(?P<x>[[:alpha:]]+)", "\\x41", "\\d+"]
        {
            assert_eq!(regex(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "(",
            "a{1001}",
            "(a{500}){3}",
            "(?x) a",
            "[a&&b]",
            "\\u0041",
            "(?<x>a)",
            "\\b{start}",
            "(?=a)",
            "(a)\\1",
            "ä",
            "a\nb",
            "[a[bc]]",
        ] {
            assert!(regex(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn values_say_nothing_beyond_themselves() {
        assert!(header_value("a\r\nSet-Cookie: x").is_err());
        assert!(header_value("`, \"quoted\"; and $${more}").is_ok());
        assert!(header_name("X-A.b").is_err() && header_name("").is_err());
        assert!(network("10.0.0.0/33").is_err() && network("10.0.0.1,0.0.0.0/0").is_err());
        assert!(host("*.example.org", true).is_ok() && host("*.org", true).is_err());
        assert!(host("a.*.org", true).is_err() && host("*", true).is_err());
        assert!(host("*.example.org", false).is_err());
        assert!(realm("\"x").is_err() && name("a@file").is_err());
        assert_eq!(duration("1m30s").as_deref(), Some("90s"));
        assert_eq!(duration("250ms").as_deref(), Some("250ms"));
        assert!(duration("0s").is_none() && duration("-1s").is_none() && seconds("1ms").is_none());
    }
}
