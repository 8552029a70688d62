//! Slips of the pen: the key that was meant.

/// The known key that `key` is a slip of, if there is one.
pub(crate) fn closest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let allowed = if key.len() <= 4 { 1 } else { 2 };
    let near = known.iter().map(|candidate| (distance(key, candidate), *candidate)).min()?;
    (near.0 <= allowed).then_some(near.1)
}

/// Levenshtein's distance, for short words.
fn distance(left: &str, right: &str) -> usize {
    if left.len().abs_diff(right.len()) > 2 || left.len() > 40 {
        return usize::MAX;
    }
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut last = i + 1;
        let mut next = vec![last];
        for (r, above) in right.iter().zip(row.iter().skip(1)) {
            let here = (diagonal + usize::from(l != *r)).min(above + 1).min(last + 1);
            diagonal = *above;
            last = here;
            next.push(here);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
