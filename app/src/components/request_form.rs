//! The members of a request as signals: one text per path, and the numbers of each list's rows.
//!
//! A signal comes into being when somebody asks for it, be it a control or a pasted request, and holds what the form was
//! opened with. Typing in one control redraws nothing else.

use std::collections::{BTreeMap, BTreeSet};

use domain::training_job::Fields;
use leptos::prelude::*;

use super::rows_field::BLANK_ROWS;

#[derive(Clone, Copy)]
pub struct RequestForm {
    texts: StoredValue<BTreeMap<String, ArcRwSignal<String>>>,
    rows: StoredValue<BTreeMap<String, ArcRwSignal<Vec<usize>>>>,
    /// Moves when a path comes or goes, so that readers of all of them read again.
    paths: RwSignal<u64>,
    /// All texts together: read by many, gathered once for each change.
    all: Memo<Fields>,
    /// The paths that a control shows.
    shown: RwSignal<BTreeSet<String>>,
}

impl RequestForm {
    pub fn new(fields: &Fields) -> Self {
        let texts = fields.iter().map(|(path, text)| (path.to_owned(), ArcRwSignal::new(text.to_owned())));
        let texts: StoredValue<BTreeMap<String, ArcRwSignal<String>>> = StoredValue::new(texts.collect());
        let paths = RwSignal::new(0);
        let all = Memo::new(move |_| {
            paths.track();
            let mut fields = Fields::default();
            for (path, text) in texts.get_value() {
                fields.set(path, text.get());
            }
            fields
        });
        Self { texts, rows: StoredValue::new(BTreeMap::new()), paths, all, shown: RwSignal::new(BTreeSet::new()) }
    }

    /// The form that the current component is a part of.
    pub fn of_form() -> Self {
        expect_context()
    }

    /// The text of a member for the control that shows it.
    pub fn control(self, path: &str) -> RwSignal<String> {
        if !self.shown.with_untracked(|it| it.contains(path)) {
            self.shown.update(|it| {
                it.insert(path.to_owned());
            });
        }
        self.text(path)
    }

    /// The paths of members that are set and that no control shows.
    pub fn without_control(self) -> Vec<String> {
        self.shown.with(|shown| {
            self.all.with(|it| {
                it.iter().map(|(path, _)| path).filter(|it| !shown.contains(*it)).map(str::to_owned).collect()
            })
        })
    }

    /// The text of the member with this path.
    pub fn text(self, path: &str) -> RwSignal<String> {
        if let Some(known) = self.texts.with_value(|it| it.get(path).cloned()) {
            return known.into();
        }
        let signal = ArcRwSignal::new(String::new());
        self.texts.update_value(|it| {
            it.insert(path.to_owned(), signal.clone());
        });
        self.paths.update(|it| *it += 1);
        signal.into()
    }

    /// The numbers of this list's rows, in order.
    pub fn rows(self, path: &str) -> RwSignal<Vec<usize>> {
        if let Some(known) = self.rows.with_value(|it| it.get(path).cloned()) {
            return known.into();
        }
        let signal = ArcRwSignal::new(self.all.with_untracked(|it| with_blank(it, path)));
        self.rows.update_value(|it| {
            it.insert(path.to_owned(), signal.clone());
        });
        signal.into()
    }

    pub fn row_add(self, path: &str) {
        self.rows(path).update(|rows| rows.push(rows.last().map_or(0, |it| it + 1)));
    }

    pub fn row_remove(self, path: &str, row: usize) {
        let below = format!("{path}[{row}]");
        self.texts.update_value(|it| it.retain(|path, _| !path.starts_with(&below)));
        self.rows(path).update(|rows| rows.retain(|it| *it != row));
        self.paths.update(|it| *it += 1);
    }

    /// Puts a name into the first blank row of a map, with a value still to be typed.
    pub fn pair_add(self, path: &str, name: &str) {
        self.row_fill(path, [("name", name), ("value", "")]);
    }

    /// Puts texts by their members into the first blank row of a list.
    pub fn row_fill(self, path: &str, cells: [(&str, &str); 2]) {
        let rows = self.rows(path);
        let cell = |row: usize, member: &str| self.text(&format!("{path}[{row}].{member}"));
        let is_blank =
            |row: &usize| cells.iter().all(|(member, _)| cell(*row, member).with_untracked(|it| it.trim().is_empty()));
        let blank = rows.with_untracked(|it| it.iter().copied().find(|row| is_blank(row)));
        let row = blank.unwrap_or_else(|| {
            self.row_add(path);
            rows.with_untracked(|it| it.last().copied().unwrap_or(0))
        });
        for (member, text) in cells {
            cell(row, member).set(text.to_owned());
        }
    }

    /// What is typed right now.
    pub fn fields(self) -> Memo<Fields> {
        self.all
    }

    /// Fills the form anew. Controls that are there keep their place.
    pub fn load(self, fields: &Fields) {
        for (path, text) in self.texts.get_value() {
            text.set(fields.get(&path).to_owned());
        }
        for (path, _) in fields.iter() {
            self.text(path).set(fields.get(path).to_owned());
        }
        for (path, rows) in self.rows.get_value() {
            rows.set(with_blank(fields, &path));
        }
    }
}

/// The rows that are filled in, then blank ones; of channels, which are cards, one only when there is none.
fn with_blank(fields: &Fields, path: &str) -> Vec<usize> {
    let mut rows = fields.rows(path);
    let next = rows.last().map_or(0, |it| it + 1);
    let blank = match path {
        "InputDataConfig" => usize::from(rows.is_empty()),
        _ => BLANK_ROWS,
    };
    rows.extend(next..next + blank);
    rows
}
