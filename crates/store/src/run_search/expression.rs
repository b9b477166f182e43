//! Fields of a run as SQL over its row `r`: the same values as `ListedRun::value` gives.
//!
//! An expression is NULL where there is no value. The columns are those of the index `runs_listed`.

use domain::{run_search::Field, time::Timestamp};

use crate::statement::Statement;

/// What the text of a statement depends on beside the search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub(super) is_sqlite: bool,
    pub(super) now: Timestamp,
}

macro_rules! is_over {
    () => {
        "r.badge IN ('completed', 'failed', 'stopped', 'rejected')"
    };
}

impl Statement {
    /// A field that is no parameter, tag or metric.
    pub(super) fn field(&mut self, field: &Field, dialect: Dialect) -> &mut Self {
        let now = dialect.now.unix_micros();
        let column = match field {
            Field::Id => "r.id",
            Field::Name => "r.job_name",
            Field::Experiment => "r.experiment",
            Field::Status => "r.badge",
            // PostgreSQL orders these two by a language's rules unless told otherwise; SQLite has no collation of that name.
            Field::Origin if !dialect.is_sqlite => "r.origin COLLATE \"C\"",
            Field::InstanceType if !dialect.is_sqlite => "r.instance_type COLLATE \"C\"",
            Field::Origin => "r.origin",
            Field::InstanceType => "r.instance_type",
            Field::InstanceCount => "r.instance_count",
            Field::Spot => "r.spot",
            Field::TrainingSeconds => "r.training_seconds",
            Field::BillableSeconds => "r.billable_seconds",
            Field::Created => "r.created_at",
            Field::Started => "r.started_at",
            Field::Ended => "r.ended_at",
            Field::Archived => "(CASE WHEN r.archived_at IS NULL THEN 0 ELSE 1 END)",
            Field::Duration => return self.duration(now),
            Field::Cost => return self.cost(dialect),
            // Tenths of a percent first, in integers, as `savings_permille`; a quotient by ten is the nearest double.
            Field::Savings => concat!(
                "(CASE WHEN r.spot = 1 AND r.started_at IS NOT NULL AND (r.price_nanousd_per_hour IS NULL OR ",
                is_over!(),
                ") AND r.training_seconds > 0 AND r.training_seconds < 1000000000000
                 AND r.billable_seconds <= r.training_seconds
                 THEN ((r.training_seconds - r.billable_seconds) * 1000 + r.training_seconds / 2) / r.training_seconds / 10.0 END)"
            ),
            Field::Param(_) | Field::Tag(_) | Field::Metric { .. } => "NULL",
        };
        self.push(column)
    }

    /// Whole seconds from the start to the end or to now.
    fn duration(&mut self, now: i64) -> &mut Self {
        self.push(concat!("(CASE WHEN r.started_at IS NULL OR (r.ended_at IS NULL AND ", is_over!(), ") THEN NULL"));
        self.push(" WHEN COALESCE(r.ended_at, ").bind(now).push(") <= r.started_at THEN 0 ELSE (COALESCE(r.ended_at, ");
        self.bind(now).push(") - r.started_at) / 1000000 END)")
    }

    /// As `CostFacts::summary`.
    fn cost(&mut self, dialect: Dialect) -> &mut Self {
        self.push(concat!("(CASE WHEN r.started_at IS NULL THEN CASE WHEN ", is_over!(), " THEN 0 END"));
        self.push(concat!(
            " WHEN r.price_nanousd_per_hour IS NULL OR (r.billable_seconds IS NULL AND ",
            is_over!(),
            ") THEN NULL ELSE "
        ));
        if dialect.is_sqlite {
            // Hours and the rest of an hour apart: the product of all three would not fit into 64 bits.
            self.push("r.price_nanousd_per_hour * r.instance_count * (").billed(dialect).push(" / 3600)");
            self.push(" + (r.price_nanousd_per_hour * r.instance_count * (").billed(dialect);
            self.push(" % 3600) + 1800) / 3600 END)")
        } else {
            self.push("div(CAST(r.price_nanousd_per_hour AS NUMERIC) * r.instance_count * ").billed(dialect);
            self.push(" + 1800, 3600) END)")
        }
    }

    /// The seconds that are paid for: as reported or, before that, those since the start.
    fn billed(&mut self, dialect: Dialect) -> &mut Self {
        let now = dialect.now.unix_micros();
        self.push(concat!("(CASE WHEN ", is_over!(), " THEN r.billable_seconds WHEN r.started_at >= ")).bind(now);
        self.push(" THEN 0 ELSE (").bind(now).push(" - r.started_at) / 1000000 END)")
    }

    /// A metric's value in the row `prefix`: `s.last_` has `s.last_kind` and `s.last_value`.
    pub(super) fn metric_value(&mut self, prefix: impl Fn(&mut Self), dialect: Dialect) -> &mut Self {
        self.push("(CASE ");
        prefix(self);
        self.push(if dialect.is_sqlite {
            "kind WHEN 2 THEN 9e999 WHEN 3 THEN -9e999 ELSE "
        } else {
            "kind WHEN 2 THEN CAST('Infinity' AS DOUBLE PRECISION) WHEN 3 THEN CAST('-Infinity' AS DOUBLE PRECISION) ELSE "
        });
        prefix(self);
        self.push("value END)")
    }
}
