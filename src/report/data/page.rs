//! A dump while it is written: titles, fields, and lists below a field.

use std::fmt::{Display, Write as _};
use std::time::Duration;

/// The text so far.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// `------< TITLE >------`
    pub fn title(&mut self, title: &str) {
        let _ = writeln!(self.text, "------< {title} >------");
    }

    /// A line that begins an object, or one of the global definitions.
    pub fn top(&mut self, line: impl Display) {
        let _ = writeln!(self.text, " {line}");
    }

    /// ` LABEL = VALUE`
    pub fn value(&mut self, label: &str, value: impl Display) {
        let _ = writeln!(self.text, " {label} = {value}");
    }

    /// `   LABEL = VALUE` of an object.
    pub fn field(&mut self, label: &str, value: impl Display) {
        let _ = writeln!(self.text, "   {label} = {value}");
    }

    /// `   LABEL VALUE`, where keepalived has no equals sign.
    pub fn field_as(&mut self, label: &str, value: impl Display) {
        let _ = writeln!(self.text, "   {label} {value}");
    }

    /// A line of an object that is no field.
    pub fn line(&mut self, line: impl Display) {
        let _ = writeln!(self.text, "   {line}");
    }

    /// An entry of a list below a field.
    pub fn item(&mut self, item: impl Display) {
        let _ = writeln!(self.text, "     {item}");
    }

    /// The title of a list, and the list; nothing where it is empty.
    pub fn list<T: Display>(&mut self, title: &str, items: impl IntoIterator<Item = T>) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_some() {
            self.line(title);
        }
        for item in items {
            self.item(item);
        }
    }

    /// Lines that stand as they are.
    pub fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

/// Seconds with at most six digits, as keepalived has them.
pub(super) fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs().checked_ilog10().map_or(1, |digits| digits as usize + 1);
    let text = format!("{:.*}", 6_usize.saturating_sub(whole), duration.as_secs_f64());
    match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits() {
        let said = [0.0, 0.25, 3.333_333, 1617.123, 12.5, 100.0, 1_000_000.0];
        let said = said.map(|number| seconds(Duration::from_secs_f64(number)));
        assert_eq!(said, ["0", "0.25", "3.33333", "1617.12", "12.5", "100", "1000000"]);
    }
}
