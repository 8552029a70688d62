//! Files and templates made to keep Berth busy: how long the worst refusal takes,
//! and the largest template that is no such thing.

use std::collections::BTreeMap;
use std::io;

use anyhow::ensure;
use berth_compose_templates::render::render;
use berth_compose_templates::{Settings, Source, Variables, load};
use berth_tests::hostile::{self, HostileFile};
use serde_json::{Map, Value};

use crate::figures::{figure, median, thread_cpu_ms};
use crate::render::context;

/// Rounds of each.
const ROUNDS: usize = 5;

/// Runs all of them, and gives the slowest by its median of CPU time.
pub(crate) fn run() -> anyhow::Result<Map<String, Value>> {
    let mut refusals = Vec::new();
    for file in hostile::files() {
        let ms = measured(|| refused(&file))?;
        refusals.push((ms, file.name));
    }
    let variables: Variables = [("V".to_owned(), hostile::template_value())].into();
    for template in hostile::templates() {
        let ms = measured(|| {
            ensure!(render(&template.text, &variables).is_err(), "a template is not refused");
            Ok(())
        })?;
        refusals.push((ms, template.text.chars().take(40).collect()));
    }
    let largest = hostile::largest_template();
    let template = measured(|| {
        ensure!(render(&largest, &variables).is_ok(), "the largest template is refused");
        Ok(())
    })?;
    refusals.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (ms, name) in refusals.iter().take(3) {
        println!("  refusal    {ms:.0} ms: {name}");
    }
    println!("  of {}; the largest template {template:.0} ms", refusals.len());
    let worst = refusals.first().map_or(f64::NAN, |(ms, _)| *ms);
    Ok(Map::from_iter([
        ("worst_refusal_ms".to_owned(), figure(worst)),
        ("largest_template_ms".to_owned(), figure(template)),
    ]))
}

/// The median of the CPU time of `work`, in milliseconds.
fn measured(mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut all = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let before = thread_cpu_ms()?;
        work()?;
        all.push(thread_cpu_ms()? - before);
    }
    Ok(median(&all))
}

fn refused(file: &HostileFile) -> anyhow::Result<()> {
    let beside: BTreeMap<&str, &str> = file
        .beside
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .chain([("c.yml", file.text.as_str())])
        .collect();
    let read = |path: &str| -> io::Result<Vec<u8>> {
        let text = beside.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.as_bytes().to_vec())
    };
    let source = Source { path: "c.yml".to_owned(), text: file.text.clone() };
    let context = context()?;
    let outcome = load(&[source], &read, &Variables::new(), &Settings::default())
        .and_then(|loaded| loaded.to_stack(&context).map(drop));
    ensure!(outcome.is_err(), "{} is not refused", file.name);
    Ok(())
}
