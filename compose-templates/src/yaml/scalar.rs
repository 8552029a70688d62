//! Plain scalars: what they are, and how they read as text.

use std::fmt;

use super::Value;

/// A whole number of 64 bits and a sign: smaller than an [`i128`], of which a
/// file's tree would hold thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Int {
    negative: bool,
    size: u64,
}

impl Int {
    fn new(number: i128) -> Option<Self> {
        let size = u64::try_from(number.unsigned_abs()).ok()?;
        Some(Self { negative: number < 0, size })
    }

    pub(crate) fn get(self) -> i128 {
        let size = i128::from(self.size);
        if self.negative { -size } else { size }
    }
}

impl From<i64> for Int {
    fn from(number: i64) -> Self {
        Self { negative: number < 0, size: number.unsigned_abs() }
    }
}

impl fmt::Display for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// What a plain scalar is, as go-yaml 3 has it. Dates stay text.
pub(crate) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Value::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    if !numeric {
        return Value::Text(text.to_owned());
    }
    if let Some(number) = integer(text).and_then(Int::new) {
        return Value::Int(number);
    }
    float(text).map_or_else(|| Value::Text(text.to_owned()), Value::Float)
}

/// A bare date as Go prints it, with the time of day that it does not say.
pub(super) fn dated(value: Value) -> Value {
    let Value::Text(text) = &value else { return value };
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return value };
    let number = |part: &str, length: std::ops::RangeInclusive<usize>| {
        let digits = part.bytes().all(|b| b.is_ascii_digit()) && length.contains(&part.len());
        part.parse::<u32>().ok().filter(|_| digits)
    };
    match (number(year, 4..=4), number(month, 1..=2), number(day, 1..=2)) {
        (Some(year), Some(month @ 1..=12), Some(day @ 1..=31)) => {
            Value::Text(format!("{year:04}-{month:02}-{day:02} 00:00:00 +0000 UTC"))
        }
        _ => value,
    }
}

/// A whole number: decimal, `0x`, `0o`, `0b`, or octal by a leading zero; with
/// underscores anywhere but first.
pub(crate) fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let digits = digits.replace('_', "");
    let (digits, radix) = if let Some(rest) = digits.strip_prefix("0x") {
        (rest, 16)
    } else if let Some(rest) = digits.strip_prefix("0o") {
        (rest, 8)
    } else if let Some(rest) = digits.strip_prefix("0b") {
        (rest, 2)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (digits.get(1..).unwrap_or_default(), 8)
    } else {
        (digits.as_str(), 10)
    };
    // A sign is only good in front of all.
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).ok()?;
    // What does not fit 64 bits is a float to go-yaml.
    if number > i128::from(u64::MAX) {
        return None;
    }
    Some(if negative { -number } else { number })
}

fn float(text: &str) -> Option<f64> {
    let shape = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    let mantissa = text.trim_start_matches(['+', '-']);
    let starts = mantissa.starts_with(|c: char| c.is_ascii_digit())
        || mantissa.strip_prefix('.').is_some_and(|m| m.starts_with(|c: char| c.is_ascii_digit()));
    if !starts || !text.chars().all(shape) || text.len() - mantissa.len() > 1 {
        return None;
    }
    text.parse().ok()
}

/// A number as Go prints it (`fmt.Sprint`), since that is what reaches a
/// container's environment: `1.0` as `1`, `1e3` as `1000`.
pub(crate) fn print_float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    let scientific = format!("{number:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let Ok(exponent) = exponent.parse::<i32>() else { return scientific };
    if (-4..21).contains(&exponent) {
        return format!("{number}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}
