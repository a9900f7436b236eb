//! Tables of medians, in Markdown.

use std::fmt;

use crate::load::client::Program;

/// A quantity that is measured.
#[derive(Clone, Debug)]
pub(crate) struct Metric {
    /// With its unit.
    pub(crate) title: String,
    pub(crate) decimals: usize,
    /// Whether programs are compared by it.
    pub(crate) with_ratios: bool,
}

impl Metric {
    pub(crate) fn compared(title: &str, decimals: usize) -> Self {
        Self::new(title, decimals, true)
    }

    pub(crate) fn alone(title: &str, decimals: usize) -> Self {
        Self::new(title, decimals, false)
    }

    fn new(title: &str, decimals: usize, with_ratios: bool) -> Self {
        Self {
            title: title.to_owned(),
            decimals,
            with_ratios,
        }
    }
}

/// One table for each metric; programs are its rows.
pub(crate) struct Tables {
    metrics: Vec<Metric>,
    columns: Vec<&'static str>,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    /// The rows that it is compared with.
    references: Vec<usize>,
    /// By column, then metric: the values of all rounds.
    cells: Vec<Vec<Vec<f64>>>,
}

impl Tables {
    pub(crate) fn new(
        metrics: Vec<Metric>,
        programs: &[Program],
        columns: Vec<&'static str>,
    ) -> Self {
        let row_of = |name: &String| programs.iter().position(|other| other.name == *name);
        let rows = programs.iter().map(|program| Row {
            name: program.name.clone(),
            references: program.references.iter().filter_map(row_of).collect(),
            cells: vec![vec![Vec::new(); metrics.len()]; columns.len()],
        });
        Self {
            rows: rows.collect(),
            metrics,
            columns,
        }
    }

    /// Adds what one run measured: a value for each metric, unless it could not be had.
    pub(crate) fn add(&mut self, row: usize, column: usize, values: Vec<Option<f64>>) {
        let cells = &mut self.rows[row].cells[column];
        for (cell, value) in cells.iter_mut().zip(values) {
            cell.extend(value);
        }
    }

    fn median(&self, row: usize, column: usize, metric: usize) -> Option<f64> {
        let mut values = self.rows[row].cells[column][metric].clone();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }

    /// The median, with its ratios to the references in parentheses.
    fn cell(&self, row: usize, column: usize, metric: usize) -> String {
        let Some(median) = self.median(row, column, metric) else {
            return String::new();
        };
        let Metric {
            decimals,
            with_ratios,
            ..
        } = self.metrics[metric];
        let references = self.rows[row].references.iter().filter(|_| with_ratios);
        let ratios = references.map(|reference| {
            let reference = self.median(*reference, column, metric);
            reference.map_or("?".to_owned(), |reference| {
                format!("{:.2}", median / reference)
            })
        });
        let ratios: Vec<_> = ratios.collect();
        if ratios.is_empty() {
            return format!("{median:.decimals$}");
        }
        format!("{median:.decimals$} ({})", ratios.join(", "))
    }

    fn label(&self, row: &Row) -> String {
        let references = row
            .references
            .iter()
            .map(|nth| self.rows[*nth].name.as_str());
        let references: Vec<_> = references.collect();
        if references.is_empty() {
            return row.name.clone();
        }
        format!("{} (to {})", row.name, references.join(", "))
    }
}

impl fmt::Display for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, metric) in self.metrics.iter().enumerate() {
            let is_empty = |row: &Row| row.cells.iter().all(|cells| cells[nth].is_empty());
            if self.rows.iter().all(is_empty) {
                continue;
            }
            writeln!(f, "\n| {} | {} |", metric.title, self.columns.join(" | "))?;
            writeln!(f, "|---|{}", "---:|".repeat(self.columns.len()))?;
            for (row, of_row) in self.rows.iter().enumerate() {
                let cells = (0..self.columns.len()).map(|column| self.cell(row, column, nth));
                let cells: Vec<_> = cells.collect();
                writeln!(f, "| {} | {} |", self.label(of_row), cells.join(" | "))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_the_median_with_its_ratios() {
        let programs = ["floor=a", "bot/floor=b"].map(|text| Program::parse(text).unwrap());
        let metrics = vec![Metric::compared("µs", 1), Metric::alone("a second", 0)];
        let mut tables = Tables::new(metrics, &programs, vec!["plain"]);
        for value in [3.0, 1.0, 2.0] {
            tables.add(0, 0, vec![Some(value), None]);
            tables.add(1, 0, vec![Some(2.0 * value), None]);
        }
        let expected =
            "\n| µs | plain |\n|---|---:|\n| floor | 2.0 |\n| bot (to floor) | 4.0 (2.00) |\n";
        assert_eq!(tables.to_string(), expected);
    }
}
