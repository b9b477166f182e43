//! Conditions as SQL. Each is true or false of a run and never NULL, so that NOT means what it says.
//!
//! What is asked of a parameter, tag or metric is a question to the rows of that key. SQLite answers it once for all runs
//! (`IN`), which is a walk through rows that lie together; PostgreSQL, which would make one join of all the questions and
//! plan for minutes, looks at each run's row (`EXISTS`, kept apart by `OFFSET`).

use domain::{
    mlflow::filter::TextTest,
    run_search::{Condition, Field, Op, Operand, Stat, Test},
};

use super::expression::Dialect;
use crate::{runs::contains_pattern, statement::Statement, text};

/// `kind` in `run_values`.
pub(crate) const PARAM: i64 = 0;
pub(crate) const TAG: i64 = 1;

/// Job names are no longer than this, and databases limit the length of a pattern.
const MAX_NAME_CHARS: usize = domain::ids::JobName::MAX_CHARS;

/// Of several series of one metric, the first one's. Nothing comes before `0`: see the migration.
pub(super) const IS_FIRST: &str = " AND (s.place = '0' OR NOT EXISTS (SELECT 1 FROM series b WHERE b.name = s.name
    AND b.run_id = s.run_id AND b.place < s.place))";

impl Statement {
    pub(super) fn condition(&mut self, condition: &Condition, dialect: Dialect) -> &mut Self {
        match condition {
            Condition::And(list) => self.joined(list, " AND ", dialect),
            Condition::Or(list) => self.joined(list, " OR ", dialect),
            Condition::Not(inner) => self.push("NOT ").condition(inner, dialect),
            Condition::NameContains(part) if part.chars().count() > MAX_NAME_CHARS => self.push("(1 = 0)"),
            Condition::NameContains(part) => {
                self.push("(r.job_name_key LIKE ").bind(&contains_pattern(part)).push(" ESCAPE '\\')")
            }
            Condition::Test { field, test } => self.test(field, test, dialect),
        }
    }

    fn joined(&mut self, list: &[Condition], joint: &'static str, dialect: Dialect) -> &mut Self {
        self.balanced(list, joint, &|it, condition| _ = it.condition(condition, dialect))
    }

    /// Half by half: SQLite takes expressions that are a thousand levels deep, and a chain has as many as it has links.
    fn balanced<T>(&mut self, list: &[T], joint: &'static str, one: &dyn Fn(&mut Self, &T)) -> &mut Self {
        match list {
            [] => self.push("(1 = 0)"),
            [only] => {
                one(self, only);
                self
            }
            _ => {
                let (left, right) = list.split_at(list.len() / 2);
                self.push("(").balanced(left, joint, one).push(joint).balanced(right, joint, one).push(")")
            }
        }
    }

    fn test(&mut self, field: &Field, test: &Test, dialect: Dialect) -> &mut Self {
        if let Test::Null { is_not: false } = test {
            self.push("NOT ");
            return self.test(field, &Test::Null { is_not: true }, dialect);
        }
        match field {
            Field::Param(name) => self.value_test(PARAM, name, test, dialect),
            Field::Tag(name) => self.value_test(TAG, name, test, dialect),
            Field::Metric { name, stat } => {
                self.asked("s.run_id", "series s", dialect).push("s.name = ").bind(name).push(IS_FIRST).push(" AND ");
                self.metric_test(*stat, test, dialect).answered(dialect)
            }
            _ => self.field_test(field, test, dialect),
        }
    }

    fn field_test(&mut self, field: &Field, test: &Test, dialect: Dialect) -> &mut Self {
        match test {
            Test::Null { .. } => return self.push("(").field(field, dialect).push(" IS NOT NULL)"),
            Test::Compare { op, value } => self.push("COALESCE(").field_compare(field, *op, value, dialect),
            Test::In { values, is_not } => {
                self.push(if *is_not { "COALESCE(NOT " } else { "COALESCE(" });
                let one = |it: &mut Self, value: &Operand| _ = it.field_compare(field, Op::Equal, value, dialect);
                self.balanced(values, " OR ", &one)
            }
            Test::Like { pattern, is_case_ignored, is_not } => {
                self.push(if *is_not { "COALESCE(NOT (" } else { "COALESCE((" }).field(field, dialect);
                self.text_test("", &like(pattern, *is_case_ignored), dialect.is_sqlite).push(")")
            }
        };
        self.push(", 1 = 0)")
    }

    fn field_compare(&mut self, field: &Field, op: Op, value: &Operand, dialect: Dialect) -> &mut Self {
        if let Some((from, to)) = value.moments(dialect.now) {
            let (from, to) = (from.unix_micros(), to.unix_micros());
            self.push("(").field(field, dialect);
            return match op {
                Op::Equal => self.push(" >= ").bind(from).push(" AND ").field(field, dialect).push(" < ").bind(to),
                Op::NotEqual => self.push(" < ").bind(from).push(" OR ").field(field, dialect).push(" >= ").bind(to),
                Op::Less => self.push(" < ").bind(from),
                Op::LessOrEqual => self.push(" < ").bind(to),
                Op::Greater => self.push(" >= ").bind(to),
                Op::GreaterOrEqual => self.push(" >= ").bind(from),
            }
            .push(")");
        }
        // No field but a metric is ever NaN.
        match (value, op) {
            (Operand::NotANumber, Op::NotEqual) => return self.push("(").field(field, dialect).push(" IS NOT NULL)"),
            (Operand::NotANumber, _) => return self.push("(1 = 0)"),
            _ => {}
        }
        self.push("(").field(field, dialect).push(" ").push(op.as_str()).push(" ").operand(value).push(")")
    }

    /// What is compared as it is; moments and NaN are not.
    fn operand(&mut self, value: &Operand) -> &mut Self {
        match value {
            Operand::Text(text) => self.bind(text),
            Operand::Number(number) | Operand::Seconds(number) | Operand::Percent(number) => self.bind(*number),
            Operand::Dollars(dollars) => self.bind(dollars.0),
            Operand::Flag(is_set) => self.bind(i64::from(*is_set)),
            Operand::NotANumber | Operand::Time(_) | Operand::Day(_) | Operand::Ago(_) => self.push("NULL"),
        }
    }

    /// Of the row `p` of a parameter or tag.
    fn value_test(&mut self, kind: i64, name: &str, test: &Test, dialect: Dialect) -> &mut Self {
        self.asked("p.run_id", "run_values p", dialect).push("p.kind = ").bind(kind).push(" AND p.key = ").bind(name);
        match test {
            Test::Null { .. } => {}
            Test::Compare { op, value } => _ = self.push(" AND ").value_compare(*op, value),
            Test::In { values, is_not } => {
                self.push(if *is_not { " AND NOT " } else { " AND " });
                let one = |it: &mut Self, value: &Operand| {
                    it.push("COALESCE(").value_compare(Op::Equal, value).push(", 1 = 0)");
                };
                self.balanced(values, " OR ", &one);
            }
            Test::Like { pattern, is_case_ignored, is_not } => {
                self.push(if *is_not { " AND NOT (" } else { " AND (" });
                self.text_test("p.text", &like(pattern, *is_case_ignored), dialect.is_sqlite).push(")");
            }
        }
        self.answered(dialect)
    }

    fn value_compare(&mut self, op: Op, value: &Operand) -> &mut Self {
        match value {
            // What is no number is different from every number.
            Operand::Number(number) if op == Op::NotEqual => {
                self.push("(p.number IS NULL OR p.number <> ").bind(*number).push(")")
            }
            Operand::Number(number) => self.push("p.number ").push(op.as_str()).push(" ").bind(*number),
            other => self.push("p.text ").push(op.as_str()).push(" ").operand(other),
        }
    }

    /// Of the row `s` of a metric.
    fn metric_test(&mut self, stat: Stat, test: &Test, dialect: Dialect) -> &mut Self {
        match test {
            Test::Compare { op, value } => self.metric_compare(stat, *op, value, dialect),
            Test::In { values, is_not } => {
                self.push(match (is_not, stat) {
                    (true, Stat::Min) => "s.min_value IS NOT NULL AND NOT ",
                    (true, Stat::Max) => "s.max_value IS NOT NULL AND NOT ",
                    (true, _) => "NOT ",
                    (false, _) => "",
                });
                let one = |it: &mut Self, value: &Operand| _ = it.metric_compare(stat, Op::Equal, value, dialect);
                self.balanced(values, " OR ", &one)
            }
            // No metric is a text.
            Test::Null { .. } | Test::Like { .. } => self.push(match stat {
                Stat::Min => "s.min_value IS NOT NULL",
                Stat::Max => "s.max_value IS NOT NULL",
                Stat::Last | Stat::First | Stat::Count => "1 = 1",
            }),
        }
    }

    fn metric_compare(&mut self, stat: Stat, op: Op, value: &Operand, dialect: Dialect) -> &mut Self {
        let is_nan = matches!(value, Operand::NotANumber);
        let (prefix, kind) = match stat {
            Stat::Last => ("s.last_", "s.last_kind"),
            Stat::First => ("s.first_", "s.first_kind"),
            Stat::Min | Stat::Max | Stat::Count => {
                let column = match stat {
                    Stat::Min => "(s.min_value",
                    Stat::Max => "(s.max_value",
                    _ => "(s.count",
                };
                // None of these is ever NaN.
                return match (is_nan, op) {
                    (true, Op::NotEqual) => self.push(column).push(" IS NOT NULL)"),
                    (true, _) => self.push("(1 = 0)"),
                    (false, _) => self.push(column).push(" ").push(op.as_str()).push(" ").operand(value).push(")"),
                };
            }
        };
        self.push("(").push(kind);
        match (is_nan, op) {
            (true, Op::NotEqual) => return self.push(" <> 1)"),
            (true, _) => return self.push(" = 1)"),
            (false, Op::NotEqual) => self.push(" = 1 OR "),
            (false, _) => self.push(" <> 1 AND "),
        };
        self.metric_value(|it| _ = it.push(prefix), dialect)
            .push(" ")
            .push(op.as_str())
            .push(" ")
            .operand(value)
            .push(")")
    }

    /// Begins a question about the run in a table of rows that have a run's id.
    fn asked(&mut self, run_id: &'static str, table: &'static str, dialect: Dialect) -> &mut Self {
        if dialect.is_sqlite {
            self.push("(r.id IN (SELECT ").push(run_id).push(" FROM ").push(table).push(" WHERE ")
        } else {
            self.push("EXISTS (SELECT 1 FROM ").push(table).push(" WHERE ").push(run_id).push(" = r.id AND ")
        }
    }

    fn answered(&mut self, dialect: Dialect) -> &mut Self {
        self.push(if dialect.is_sqlite { "))" } else { " LIMIT 1 OFFSET 0)" })
    }
}

fn like(pattern: &str, is_case_ignored: bool) -> TextTest {
    let pattern = text::plain(pattern).into_owned();
    if is_case_ignored { TextTest::ILike(pattern) } else { TextTest::Like(pattern) }
}
