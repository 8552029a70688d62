//! Errors as one line.

use std::error::Error;

/// An error and its causes, outermost first, on one line.
///
/// Our own errors never print their cause, so a chain says each thing once.
/// Libraries that do print theirs (`sqlx` is one) would repeat it: a cause that
/// the line already ends with is left out.
#[must_use]
pub fn chain(err: &dyn Error) -> String {
    let mut line = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        let text = err.to_string();
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = err.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("failed to {what}")]
    struct Failed {
        what: &'static str,
        source: Option<Box<dyn Error>>,
    }

    #[test]
    fn a_chain_names_every_cause_once() {
        let root = Failed { what: "open the socket", source: None };
        let top = Failed { what: "list services", source: Some(Box::new(root)) };
        assert_eq!(chain(&top), "failed to list services: failed to open the socket");
    }
}
