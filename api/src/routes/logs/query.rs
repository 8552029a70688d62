//! The filters in a query: read by hand, since a name may come several times and
//! what is wrong is said field by field.

use berth_domain::log::Level;
use berth_store::logs::Filter;
use chrono::{DateTime, Utc};
use url::form_urlencoded;

use crate::problem::{FieldError, Problem, Result};
use crate::types::LogLevel;

/// How many lines a page has where nobody says.
const DEFAULT_LIMIT: u16 = 1000;
/// How many lines a page may have.
const MAX_LIMIT: u16 = 5000;
/// The longest text that can be searched for, in bytes.
const MAX_TEXT: usize = 1000;
/// Of how many services, by name, lines can be asked for.
const MAX_SERVICES: usize = 200;

/// Which page of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// The newest.
    Newest,
    /// Those before a line.
    Before(i64),
    /// Those after a line.
    After(i64),
    /// A line with those around it.
    Line(i64),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) filter: Filter,
    pub(super) around: Around,
    pub(super) limit: u16,
}

/// A query that can be read: its fields, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Read {
    filter: Filter,
    before: Option<i64>,
    after: Option<i64>,
    around: Option<i64>,
    limit: Option<u16>,
    wrong: Vec<FieldError>,
}

impl Read {
    fn refuse(&mut self, field: &str, detail: impl Into<String>) {
        self.wrong.push(FieldError { pointer: format!("/{field}"), detail: detail.into() });
    }

    fn take(&mut self, field: &str, value: &str) {
        match field {
            "service" => {
                let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                self.filter.services.extend(names.map(str::to_owned));
            }
            "level" => match LogLevel::from_word(value) {
                Some(level) => self.filter.level = Some(meant(level)),
                None => self.refuse("level", "A level is error, warn, info or debug."),
            },
            "q" if value.len() > MAX_TEXT => {
                self.refuse("q", format!("At most {MAX_TEXT} bytes can be searched for."));
            }
            "q" => self.filter.text = Some(value.to_owned()).filter(|text| !text.is_empty()),
            "since" => self.filter.since = self.time("since", value),
            "until" => self.filter.until = self.time("until", value),
            "before" => self.before = self.number("before", value),
            "after" => self.after = self.number("after", value),
            "around" => self.around = self.number("around", value),
            "limit" => match value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)) {
                Some(limit) => self.limit = Some(limit),
                None => self.refuse("limit", format!("A page has 1 to {MAX_LIMIT} lines.")),
            },
            _ => self.refuse(field, "There is no such parameter."),
        }
    }

    fn time(&mut self, field: &str, value: &str) -> Option<DateTime<Utc>> {
        let time = DateTime::parse_from_rfc3339(value).ok().map(|time| time.to_utc());
        // Postgres reaches no further back, and nobody asks for more.
        let time = time.filter(|time| (0..=9999).contains(&chrono::Datelike::year(time)));
        if time.is_none() {
            self.refuse(field, "A time is like 2026-11-27T08:00:00Z.");
        }
        time
    }

    fn number(&mut self, field: &str, value: &str) -> Option<i64> {
        let number = value.parse().ok().filter(|number: &i64| *number >= 0);
        if number.is_none() {
            self.refuse(field, "This is no line's id.");
        }
        number
    }

    /// What is asked for, where a page can be chosen.
    ///
    /// # Errors
    ///
    /// 422 with each field that is wrong.
    pub(super) fn with_position(mut self) -> Result<Asked> {
        let around = match (self.before, self.after, self.around) {
            (Some(id), None, None) => Around::Before(id),
            (None, Some(id), None) => Around::After(id),
            (None, None, Some(id)) => Around::Line(id),
            (None, None, None) => Around::Newest,
            (_, _, Some(_)) => {
                self.refuse("around", "Say one of before, after and around.");
                Around::Newest
            }
            (Some(_), Some(_), None) => {
                self.refuse("after", "Say one of before, after and around.");
                Around::Newest
            }
        };
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        self.finish().map(|filter| Asked { filter, around, limit })
    }

    /// The filters, and after which line to go on, where only that can be chosen.
    ///
    /// # Errors
    ///
    /// 422 with each field that is wrong.
    pub(super) fn with_after(mut self) -> Result<(Filter, Option<i64>)> {
        let after = self.after.take();
        self.without_position().map(|filter| (filter, after))
    }

    /// The filters, where nothing else can be chosen.
    ///
    /// # Errors
    ///
    /// 422 with each field that is wrong.
    pub(super) fn without_position(mut self) -> Result<Filter> {
        let said = [
            ("before", self.before.is_some()),
            ("after", self.after.is_some()),
            ("around", self.around.is_some()),
            ("limit", self.limit.is_some()),
        ];
        for (field, _) in said.into_iter().filter(|(_, said)| *said) {
            self.refuse(field, "There is no such parameter here.");
        }
        self.finish()
    }

    fn finish(mut self) -> Result<Filter> {
        if self.filter.services.len() > MAX_SERVICES {
            self.refuse("service", format!("At most {MAX_SERVICES} services can be named."));
        }
        if let (Some(since), Some(until)) = (self.filter.since, self.filter.until)
            && since > until
        {
            self.refuse("until", "This is before since.");
        }
        if self.wrong.is_empty() { Ok(self.filter) } else { Err(Problem::invalid(self.wrong)) }
    }
}

/// Reads a query; what is wrong with it is said once all of it is known.
pub(super) fn read(query: &str) -> Read {
    let mut read = Read::default();
    for (field, value) in form_urlencoded::parse(query.as_bytes()) {
        read.take(&field, &value);
    }
    read
}

const fn meant(level: LogLevel) -> Level {
    match level {
        LogLevel::Error => Level::Error,
        LogLevel::Warn => Level::Warn,
        LogLevel::Info => Level::Info,
        LogLevel::Debug => Level::Debug,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str) -> String {
        format!("{:?}", read(query).with_position().unwrap_err())
    }

    #[test]
    fn services_come_several_times_or_by_commas() {
        let asked = read("service=web,api&q=50%25&service=db&level=warn&limit=2&after=7");
        let asked = asked.with_position().unwrap();
        assert_eq!(asked.filter.services, ["web", "api", "db"]);
        assert_eq!(asked.filter.text.as_deref(), Some("50%"));
        assert_eq!(asked.filter.level, Some(Level::Warn));
        assert_eq!((asked.around, asked.limit), (Around::After(7), 2));
    }

    #[test]
    fn every_field_that_is_wrong_is_named() {
        for (query, pointer) in [
            ("level=loud", "/level"),
            ("since=yesterday", "/since"),
            ("until=2026-13-01T00:00:00Z", "/until"),
            ("since=2026-11-27T08:00:00Z&until=2026-11-27T07:00:00Z", "/until"),
            ("limit=0", "/limit"),
            ("limit=5001", "/limit"),
            ("before=x", "/before"),
            ("after=-1", "/after"),
            ("after=1&before=2", "/after"),
            ("around=1&before=2", "/around"),
            ("tail=7", "/tail"),
        ] {
            let refusal = refused(query);
            assert!(refusal.contains(&format!("pointer: \"{pointer}\"")), "{query}: {refusal}");
            assert!(refusal.contains("422"), "{query}: {refusal}");
        }
        assert!(refused("level=x&limit=x").contains("2 fields"));
        assert!(read("limit=7").without_position().is_err());
        assert_eq!(read("after=7").with_after().unwrap().1, Some(7));
    }
}
