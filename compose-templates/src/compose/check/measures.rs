//! Numbers and what is counted in units.

use super::{Check, Field};
use crate::complaint::CauseKind;
use crate::compose::units;
use crate::yaml::Value;
use crate::yaml::scalar::integer;

impl Check<'_> {
    /// A whole number that fits `T`; one in quotes is as good.
    pub(crate) fn number<T: TryFrom<i128>>(&mut self, field: &Field<'_>) -> Option<T> {
        let value = &field.node.value;
        if value.is_null() || value.as_text() == Some("") {
            return None;
        }
        let number = if let (Value::Float(number), true) = (value, self.is_stack()) {
            // Docker cuts off what stands behind the point.
            format!("{:.0}", number.trunc()).parse().ok()
        } else {
            value.as_int().or_else(|| integer(value.as_text()?.trim()))
        };
        let number = number.and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            self.wanted(field, "a whole number in range");
        }
        number
    }

    pub(crate) fn ratio(&mut self, field: &Field<'_>) -> Option<f64> {
        let text = self.filled(field)?;
        // Swarm keeps 32 bits of it: more would not read back as it was written.
        let ratio = text.parse::<f32>().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        if ratio.is_none() {
            self.wanted(field, "a share between 0 and 1");
        }
        ratio?.to_string().parse().ok()
    }

    pub(crate) fn duration(&mut self, field: &Field<'_>) -> Option<i64> {
        let text = self.filled(field)?;
        let duration = units::duration(&text);
        if duration.is_none() {
            self.wanted(field, "a duration such as `10s` or `1m30s`");
        }
        duration
    }

    pub(crate) fn bytes(&mut self, field: &Field<'_>) -> Option<i64> {
        let text = self.filled(field)?;
        let bytes = units::bytes(&text);
        if bytes.is_none() {
            self.wanted(field, "a size such as `512m` or `1g`");
        }
        bytes
    }

    pub(crate) fn cpus(&mut self, field: &Field<'_>) -> Option<i64> {
        let text = self.filled(field)?;
        let cpus =
            if self.is_stack() { units::rational_cpus(&text) } else { units::nano_cpus(&text) };
        if cpus.is_none() {
            let (path, told) = (&field.path, field.told());
            let message = format!("`{path}` must be a number of CPUs such as `0.5`, but {told}");
            self.refuse_as(field.at(), CauseKind::Value, path, message);
        }
        cpus
    }

    /// A file mode: a number as YAML reads it, or octal digits in quotes.
    pub(crate) fn file_mode(&mut self, field: &Field<'_>) -> Option<u32> {
        let value = &field.node.value;
        if value.is_null() {
            return None;
        }
        let octal = || u32::from_str_radix(value.as_text()?.trim_start_matches("0o"), 8).ok();
        let mode = value.as_int().and_then(|mode| u32::try_from(mode).ok()).or_else(octal);
        let mode = mode.filter(|mode| *mode <= 0o7777);
        if mode.is_none() {
            self.wanted(field, "an octal file mode such as `0440`");
        }
        mode
    }
}
