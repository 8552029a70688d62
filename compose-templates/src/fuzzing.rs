//! What the fuzzer calls: any bytes in, and what must hold whatever they are.
//!
//! The targets in `fuzz/` are a line each around these. The inputs that they
//! start from, and those that once broke something, run through them in this
//! crate's own tests, too.

use std::io;

use berth_domain::ids::StackName;

use crate::interpolate::interpolate as put_in;
use crate::render::{render as render_file, render_host};
use crate::yaml::{self, Node, Value};
use crate::{Reading, Settings, Source, StackContext, Variables, load};

/// What is between the files of one input of [`convert`].
const BETWEEN: &str = "\n=====\n";

/// A file's tree is as small as it promises to be, however it is read.
pub fn parse(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for reading in [Reading::Compose, Reading::Stack] {
        yaml::hold_quick_to_whole(text, reading);
        if let Ok(tree) = yaml::parse_from(text, 0, None, reading) {
            assert!(size(&tree) <= yaml::MAX_NODES, "the tree has {} values", size(&tree));
        }
    }
}

fn size(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|entry| size(&entry.value)).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => 1,
    }
}

/// A text has no more in it than was put in.
pub fn interpolate(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lookup = |name: &str| match name {
        "EMPTY" => Some(""),
        "LONG" => Some("a long value that says $NOTHING"),
        name if name.starts_with('V') => Some("v"),
        _ => None,
    };
    for reading in [Reading::Compose, Reading::Stack] {
        let Ok(result) = put_in(text, reading, &lookup) else { continue };
        assert!(result.text.len() <= text.len() * 16, "{reading:?}: {} bytes", result.text.len());
        if !text.contains('$') {
            assert_eq!(result.text, text);
        }
    }
}

/// A template ends, and a host is a host.
pub fn render(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(result) = render_file(text, &variables()) {
        assert!(result.text.len() <= 1024 * 1024, "{} bytes", result.text.len());
    }
    if let Ok(host) = render_host(text, &crate::render::Names::default()) {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        assert!(host.chars().all(good), "{host:?}");
    }
}

/// A project becomes a stack that Swarm gives back as it was sent, twice the
/// same, or is refused in single lines that name their places.
pub fn convert(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let texts: Vec<&str> = text.split(BETWEEN).collect();
    let main = texts.first().copied().unwrap_or_default();
    let source = Source { path: "0.yml".to_owned(), text: main.to_owned() };
    let beside = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let index = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".env"));
        let text = index.and_then(|index| texts.get(index.parse::<usize>().ok()?));
        text.map(|text| text.as_bytes().to_vec()).ok_or(io::ErrorKind::NotFound.into())
    };
    for reading in [Reading::Compose, Reading::Stack] {
        let settings = Settings { reading, profiles: vec!["dev".to_owned()] };
        let stack = || {
            load(std::slice::from_ref(&source), &beside, &variables(), &settings)?
                .to_stack(&context()?)
        };
        match (stack(), stack()) {
            (Ok((one, notes)), Ok((other, _))) => {
                assert_eq!(one, other, "{reading:?}: twice is not the same");
                for (name, service) in &one.services {
                    assert_eq!(**service, service.canonical(), "{reading:?}: {name}");
                }
                for note in notes {
                    assert!(!note.to_string().contains(char::is_control), "{note:?}");
                }
            }
            (Err(complaints), Err(_)) => {
                assert!(!complaints.is_empty() && complaints.len() <= 101);
                for complaint in complaints {
                    let said = complaint.to_string();
                    assert!(!said.contains(char::is_control), "{said:?}");
                }
            }
            _ => panic!("{reading:?}: it was refused only once"),
        }
    }
}

fn context() -> Result<StackContext, Vec<crate::Complaint>> {
    let stack = StackName::parse("st").map_err(|_| Vec::new())?;
    Ok(StackContext {
        stack,
        images: [("built".to_owned(), "berth/st-built:1".to_owned())].into(),
        public_network: Some("public".to_owned()),
        entrypoints: vec!["web".to_owned()],
        tls_entrypoints: vec!["websecure".to_owned()],
        bind_root: Some("/srv".to_owned()),
        restrictions: None,
    })
}

fn variables() -> Variables {
    [
        ("V", "v"),
        ("EMPTY", ""),
        ("HOME", "/root"),
        ("BERTH_HOST", "a.localhost"),
        ("QUOTE", "\"\\'"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    type Target = fn(&[u8]);

    /// Runs the inputs that are kept for a target through it; gives their number.
    fn run(target: &str, function: Target) -> usize {
        let fuzz = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz"));
        let folders = [fuzz.join("seeds").join(target), fuzz.join("regressions").join(target)];
        let files = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
        files.map(|file| function(&std::fs::read(file.unwrap().path()).unwrap())).count()
    }

    #[test]
    fn every_input_that_is_kept_still_holds() {
        let targets: [(&str, Target); 4] = [
            ("parse", super::parse),
            ("interpolate", super::interpolate),
            ("render", super::render),
            ("convert", super::convert),
        ];
        for (target, function) in targets {
            assert!(run(target, function) > 0, "there are no inputs for {target}");
        }
    }
}
