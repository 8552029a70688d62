//! Sentences about what would be changed: the differences, for whoever has not
//! deployed yet.

use super::fields::Found;
use super::words::{field, hides, item_of, plain, quoted};

/// A difference of service `name` as what would be done about it.
pub(super) fn of(name: &str, found: &Found) -> String {
    let Found { path, desired, live } = found;
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    match (parts.as_slice(), desired, live) {
        ([], _, _) => format!("change service `{name}`"),
        (["labels", "berth.deployment"], _, _) => format!("run the job `{name}` again"),
        (["mode", "replicas"], Some(desired), Some(live)) => {
            let replicas = if desired == "1" { "replica" } else { "replicas" };
            format!("scale service `{name}` from {live} to {desired} {replicas}")
        }
        (["mode"], Some(desired), Some(live)) => {
            format!("make service `{name}` {} instead of {}", quoted(desired), quoted(live))
        }
        (["networks", network], Some(_), None) => {
            format!("put service `{name}` on the network `{}`", plain(network))
        }
        (["networks", network], None, Some(_)) => {
            format!("take service `{name}` off the network `{}`", plain(network))
        }
        (["configs" | "secrets", target, "name"], Some(desired), Some(live)) => {
            let (live, desired, target) = (quoted(live), quoted(desired), plain(target));
            format!("have service `{name}` read {desired} instead of {live} at `{target}`")
        }
        ([.., list, item], desired, live) if item_of(list).is_some() => {
            let what = format!("{} `{}`", item_of(list).unwrap_or_default(), plain(item));
            match (desired, live) {
                (Some(_), None) => format!("add the {what} to service `{name}`"),
                (None, Some(_)) => format!("take the {what} from service `{name}`"),
                (Some(desired), Some(live)) if desired != live => {
                    let (live, desired) = (quoted(live), quoted(desired));
                    format!("change the {what} of service `{name}` from {live} to {desired}")
                }
                (Some(_), Some(_)) => {
                    format!("give the {what} of service `{name}` another value")
                }
                (None, None) => format!("change the {what} of service `{name}`"),
            }
        }
        (parts, desired, live) => {
            let what = field(parts);
            match (desired, live) {
                (Some(text), None) if hides(desired) || text == "on" => {
                    format!("set the {what} of service `{name}`")
                }
                (Some(desired), None) => {
                    format!("set the {what} of service `{name}` to {}", quoted(desired))
                }
                (None, Some(_)) => format!("unset the {what} of service `{name}`"),
                (Some(desired), Some(live)) if desired != live => {
                    let (live, desired) = (quoted(live), quoted(desired));
                    format!("change the {what} of service `{name}` from {live} to {desired}")
                }
                (Some(_), Some(_)) | (None, None) => {
                    format!("change the {what} of service `{name}`")
                }
            }
        }
    }
}
