//! Paths of fields, and the tree that fields with paths make.

use std::collections::BTreeMap;

/// What the fields below one path say: text of its own, members, rows. A well-formed field has one of the three.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) text: Option<String>,
    pub(super) members: BTreeMap<String, Tree>,
    /// By their number in the form, which may have gaps.
    pub(super) rows: BTreeMap<usize, Tree>,
}

/// Rows above this number are not the form's: a list that long is refused before anything is built for it.
const MAX_ROW: usize = 10_000;

impl Tree {
    /// Puts a text where its path leads. `false`: this is no path.
    pub(super) fn insert(&mut self, path: &str, text: &str) -> bool {
        let Some(steps) = steps(path) else { return false };
        let mut tree = self;
        for step in steps {
            tree = match step {
                Step::Member(name) => tree.members.entry(name.to_owned()).or_default(),
                Step::Row(index) => tree.rows.entry(index).or_default(),
            };
        }
        tree.text = Some(text.to_owned());
        true
    }
}

enum Step<'a> {
    Member(&'a str),
    Row(usize),
}

/// `A.B[3].C` in steps; `None` when it is malformed.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        if name.is_empty() || !name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_') {
            return None;
        }
        steps.push(Step::Member(name));
        while !rest.is_empty() {
            let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
            steps.push(Step::Row(index.parse().ok().filter(|it| *it <= MAX_ROW)?));
            rest = after;
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_where_they_say() {
        let mut tree = Tree::default();
        assert!(tree.insert("A.B[10].C", "x"));
        assert!(tree.insert("A.B[2].C", "y"));
        let rows: Vec<(&usize, &Option<String>)> =
            tree.members["A"].members["B"].rows.iter().map(|(index, row)| (index, &row.members["C"].text)).collect();
        assert_eq!(rows, [(&2, &Some("y".to_owned())), (&10, &Some("x".to_owned()))]);
        for malformed in ["", "A..B", "A[", "A[x]", "A[1", "A[1]x", "[0]", "A[99999999999999999999]", "A.é"] {
            assert!(!tree.insert(malformed, "x"), "{malformed}");
        }
    }
}
