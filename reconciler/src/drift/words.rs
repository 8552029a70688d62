//! Sentences about what differs.

use super::fields::Found;
use super::value::HIDDEN;

/// What a map's entry or a list's item is called.
const ITEMS: [(&str, &str); 18] = [
    ("env", "variable"),
    ("labels", "label"),
    ("container_labels", "container label"),
    ("sysctls", "kernel parameter"),
    ("ulimits", "limit"),
    ("options", "option of its log driver"),
    ("driver_opts", "option"),
    ("reserve_generic", "reservation of"),
    ("groups", "group"),
    ("cap_add", "capability to add"),
    ("cap_drop", "capability to drop"),
    ("constraints", "constraint"),
    ("platforms", "platform"),
    ("aliases", "alias"),
    ("ports", "port"),
    ("mounts", "mount at"),
    ("configs", "config at"),
    ("secrets", "secret at"),
];

/// A difference of service `name` in a sentence.
pub(super) fn of(name: &str, found: &Found) -> String {
    let Found { path, desired, live } = found;
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let says = |value: &Option<String>| value.as_deref().map_or_else(nothing, quoted);
    match (parts.as_slice(), desired, live) {
        ([], _, _) => format!("service `{name}` differs from its release"),
        (["mode", "replicas"], Some(desired), Some(live)) => {
            let replicas =
                if live == "1" { "1 replica".to_owned() } else { format!("{live} replicas") };
            format!("service `{name}` runs {replicas}; its release says {desired}")
        }
        (["mode"], _, _) => {
            let (live, desired) = (says(live), says(desired));
            format!("service `{name}` is {live}; its release says {desired}")
        }
        (["force_updates"], _, _) => {
            format!("service `{name}` is to be restarted, and was not yet")
        }
        (["image"], _, Some(live)) => {
            let (live, desired) = (quoted(live), says(desired));
            format!("service `{name}` runs the image {live}; its release says {desired}")
        }
        (["networks", network], Some(_), None) => {
            format!("service `{name}` is not on the network `{}`", plain(network))
        }
        (["networks", network], None, Some(_)) => {
            format!(
                "service `{name}` is on the network `{}`, which nobody asked for",
                plain(network)
            )
        }
        (["configs" | "secrets", target, "name"], Some(desired), Some(live)) => {
            let (live, desired, target) = (quoted(live), quoted(desired), plain(target));
            format!("service `{name}` has {live} at `{target}`; its release says {desired}")
        }
        ([.., list, item], desired, live) if item_of(list).is_some() => {
            let what = format!("{} `{}`", item_of(list).unwrap_or_default(), plain(item));
            match (desired, live) {
                // The same words for two lists that differ in how often.
                (None, None) => format!("service `{name}` differs in the {what}"),
                (Some(_), None) => format!("service `{name}` lacks the {what}"),
                (None, Some(_)) => {
                    format!("service `{name}` has the {what} that nobody asked for")
                }
                (Some(desired), Some(live)) if desired == live => {
                    format!("service `{name}` has another value for the {what} than its release")
                }
                (Some(desired), Some(live)) => {
                    let (live, desired) = (quoted(live), quoted(desired));
                    format!("service `{name}` has {live} as the {what}; its release says {desired}")
                }
            }
        }
        (parts, desired, live) => {
            let what = field(parts);
            match (desired, live) {
                (None, None) => {
                    format!("service `{name}` has another {what} than its release says")
                }
                (Some(desired), Some(live)) if desired == live => {
                    format!("service `{name}` has another value for the {what} than its release")
                }
                (Some(_), None) if hides(desired) => {
                    format!("service `{name}` has no {what}; its release has one")
                }
                (None, Some(_)) if hides(live) => {
                    format!("service `{name}` has the {what} that nobody asked for")
                }
                _ => {
                    let (live, desired) = (says(live), says(desired));
                    format!("service `{name}` has {live} as its {what}; its release says {desired}")
                }
            }
        }
    }
}

pub(super) fn hides(value: &Option<String>) -> bool {
    value.as_deref().is_some_and(|value| value == HIDDEN || value == "set")
}

pub(super) fn item_of(list: &str) -> Option<&'static str> {
    ITEMS.iter().find(|(field, _)| *field == list).map(|(_, what)| *what)
}

/// A field in words. Most have theirs in their names.
pub(super) fn field(parts: &[&str]) -> String {
    if parts == ["written_image"] {
        return "image label".to_owned();
    }
    let words: Vec<String> = parts.iter().map(|part| part.replace('_', " ")).collect();
    words.join(" ")
}

fn nothing() -> String {
    "nothing".to_owned()
}

/// A value, set off from the sentence.
pub(super) fn quoted(value: &str) -> String {
    let short: String = value.chars().take(81).collect();
    if short.chars().count() > 80 {
        let cut: String = short.chars().take(80).collect();
        return format!("`{}…`", plain(&cut));
    }
    format!("`{}`", plain(value))
}

/// Text that ends no quotation.
pub(super) fn plain(text: &str) -> String {
    text.replace('`', "'")
}
