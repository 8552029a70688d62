//! Durations, sizes, CPUs, command lines, paths, image names: as Docker's tools read them.

/// A duration as Go writes it (`1h2m3.5s`), in nanoseconds.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        total = total.checked_add(decimal(number, unit)?)?;
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// A decimal number times `unit`, cut off at whole ones.
fn decimal(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut total = whole.checked_mul(unit)?;
    // Digits beyond these are less than a billionth of a unit.
    let fraction = fraction.get(..fraction.len().min(18))?;
    if !fraction.is_empty() {
        let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        total = total.checked_add(fraction.parse::<i128>().ok()?.checked_mul(unit)? / scale)?;
    }
    Some(total)
}

/// A size in bytes (`64m`, `1.5gb`, `512 MiB`); a thousand is always 1024.
pub(crate) fn bytes(text: &str) -> Option<i64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let power = match suffix.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return None,
    };
    i64::try_from(decimal(number, 1024_i128.pow(power))?).ok()
}

/// CPUs (`0.50`) in billionths of one; more than nine decimals are refused.
pub(crate) fn nano_cpus(text: &str) -> Option<i64> {
    let text = text.trim();
    let good = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    if !good || fraction.trim_end_matches('0').len() > 9 {
        return None;
    }
    i64::try_from(decimal(text, 1_000_000_000)?).ok()
}

/// CPUs as `docker stack deploy` reads them: any rational number (`1/2`, `5e-1`)
/// that is a whole number of billionths.
pub(crate) fn rational_cpus(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let whole = |digits: &str| {
        let good = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<i128>().ok().filter(|_| good)
    };
    let (over, under) = if let Some((over, under)) = text.split_once('/') {
        (whole(over)?, whole(under)?)
    } else {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = whole(&format!("{before}{after}"))?;
        let exponent = exponent.parse::<i32>().ok()? - i32::try_from(after.len()).ok()?;
        let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
        if exponent < 0 { (digits, power) } else { (digits.checked_mul(power)?, 1) }
    };
    let nano = over.checked_mul(1_000_000_000)?;
    if under == 0 || nano % under != 0 {
        return None;
    }
    i64::try_from(if negative { -(nano / under) } else { nano / under }).ok()
}

/// A command line in words, as a shell would split it: quotes, backslashes,
/// and a `#` at the start of a word begins a comment.
///
/// # Errors
///
/// The rest of a sentence that says what is not closed.
pub(crate) fn words(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '#' if word.is_none() => {
                characters.by_ref().find(|c| *c == '\n');
            }
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next().ok_or("has a single quote that is not closed")? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next().ok_or("has a double quote that is not closed")? {
                        '"' => break,
                        '\\' => word.push(characters.next().ok_or("ends in a backslash")?),
                        c => word.push(c),
                    }
                }
            }
            '\\' => {
                let next = characters.next().ok_or("ends in a backslash")?;
                word.get_or_insert_default().push(next);
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// `path` as seen from `folder`, with `.` and `..` worked out. What leads out
/// starts with `..`, what is absolute stays so; the root itself is `.`.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let full = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let absolute = path.starts_with('/') || folder.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in full.split('/') {
        match part {
            "" | "." => {}
            ".." if matches!(parts.last(), Some(&last) if last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// The folder of the file at `path`; empty for the root.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| if folder.is_empty() { "/" } else { folder })
}

/// An image's name as Docker says it: without Docker Hub's host, and with
/// `:latest` where there is neither tag nor digest. [`None`] if it is no name.
pub(crate) fn image(text: &str) -> Option<String> {
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    if let Some(digest) = digest {
        let (algorithm, hex) = digest.split_once(':')?;
        let good = !algorithm.is_empty()
            && algorithm.chars().all(|c| c.is_ascii_alphanumeric() || "+._-".contains(c))
            && hex.len() >= 32
            && hex.chars().all(|c| c.is_ascii_hexdigit());
        if !good {
            return None;
        }
    }
    let (name, tag) = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (name, None),
    };
    if let Some(tag) = tag {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let good = tag.len() <= 128
            && tag.starts_with(word)
            && tag.chars().all(|c| word(c) || c == '.' || c == '-');
        if !good {
            return None;
        }
    }
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if host == "localhost" || host.contains(['.', ':']) => {
            (Some(host), path)
        }
        _ => (None, name),
    };
    if name.len() > 255 || !path.split('/').all(image_part) || !host.is_none_or(image_host) {
        return None;
    }
    let (host, path) = match host {
        None | Some("docker.io" | "index.docker.io") => {
            (None, path.strip_prefix("library/").unwrap_or(path))
        }
        host => (host, path),
    };
    let mut out = host.map(|host| format!("{host}/")).unwrap_or_default();
    out.push_str(path);
    match (tag, digest) {
        (Some(tag), _) => out = format!("{out}:{tag}"),
        (None, None) => out.push_str(":latest"),
        (None, Some(_)) => {}
    }
    if let Some(digest) = digest {
        out = format!("{out}@{digest}");
    }
    Some(out)
}

fn image_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    port.parse::<u16>().is_ok()
        && name.split('.').all(|part| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        })
}

/// Lower-case letters and digits, with `.`, `_`, `__` or hyphens between them.
fn image_part(part: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = part.split(inner).filter(|between| !between.is_empty());
    part.starts_with(inner)
        && part.ends_with(inner)
        && separators
            .into_iter()
            .all(|s| s == "." || s == "_" || s == "__" || s.chars().all(|c| c == '-'))
}

#[cfg(test)]
mod tests;
