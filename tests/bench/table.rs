//! The result: one row a figure, one column a subject, and the ratio; where there is a floor, it too, and the ratio that
//! it would have.

use std::fmt;

use super::support::daemon::Subject;

/// A table of figures.
pub struct Table {
    subjects: Vec<Subject>,
    rows: Vec<Row>,
}

struct Row {
    what: String,
    unit: String,
    figures: Vec<f64>,
}

/// What a line of a guest's output begins with when it is a row.
const MARK: &str = "row\t";

impl Table {
    /// An empty table.
    pub fn new(subjects: &[Subject]) -> Table {
        Table { subjects: subjects.to_vec(), rows: Vec::new() }
    }

    /// One figure of each subject, in the order of the subjects.
    pub fn row(&mut self, what: impl Into<String>, unit: &str, figures: Vec<f64>) {
        self.rows.push(Row { what: what.into(), unit: unit.to_owned(), figures });
    }

    /// The same, and a floor where there is one: see [`super::floor`].
    pub fn row_on_floor(
        &mut self,
        what: impl Into<String>,
        unit: &str,
        mut figures: Vec<f64>,
        floor: Option<f64>,
    ) {
        figures.extend(floor);
        self.row(what, unit, figures);
    }

    /// The rows as lines that [`Table::take_line`] understands.
    pub fn lines(&self) -> String {
        let line = |row: &Row| {
            let figures: Vec<String> = row.figures.iter().map(f64::to_string).collect();
            format!("{MARK}{}\t{}\t{}\n", row.what, row.unit, figures.join("\t"))
        };
        self.rows.iter().map(line).collect()
    }

    /// Takes a row that another process printed; other lines are nothing to it.
    pub fn take_line(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix(MARK) else { return };
        let mut words = rest.split('\t');
        let (what, unit) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        self.row(what, unit, words.filter_map(|word| word.parse().ok()).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0).max(8);
        write!(out, "\n{:width$}  {:>6}", "", "unit")?;
        for subject in &self.subjects {
            write!(out, "  {:>12}", subject.name())?;
        }
        let floors = self.rows.iter().any(|row| row.figures.len() > self.subjects.len());
        writeln!(out, "  {:>7}{}", "ratio", if floors { "         floor    ratio" } else { "" })?;
        for row in &self.rows {
            write!(out, "{:width$}  {:>6}", row.what, row.unit)?;
            let (figures, floor) = row.figures.split_at(self.subjects.len().min(row.figures.len()));
            for figure in figures {
                write!(out, "  {:>12}", readable(*figure))?;
            }
            let of_theirs = |figure: f64| match figures {
                [theirs, _ours] if *theirs > 0.0 => format!("{:.2}", figure / theirs),
                _ => String::new(),
            };
            write!(out, "  {:>7}", figures.last().map_or(String::new(), |ours| of_theirs(*ours)))?;
            for floor in floor {
                write!(out, "  {:>12}  {:>7}", readable(*floor), of_theirs(*floor))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

fn readable(figure: f64) -> String {
    match figure.abs() {
        large if large >= 1000.0 => format!("{figure:.0}"),
        medium if medium >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.3}"),
    }
}

/// The value below which `share` (0 to 1) of the sorted values lie.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    assert!(!sorted.is_empty(), "nothing was measured");
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted[place.clamp(1, sorted.len()) - 1]
}

/// The middle value.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    quantile(&values, 0.5)
}
