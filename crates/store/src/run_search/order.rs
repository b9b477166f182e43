//! Orders as SQL: what an order looks at stands beside the run as `o0`, `o1`, ...

use domain::run_search::{Field, Order, Stat};

use super::{
    condition::{PARAM, TAG},
    expression::Dialect,
};
use crate::statement::Statement;

impl Statement {
    pub(super) fn order_joins(&mut self, orders: &[Order]) {
        for (index, order) in orders.iter().enumerate() {
            let column = |it: &mut Self, column: &'static str| _ = it.push("o").push_number(index).push(column);
            match &order.field {
                Field::Param(name) | Field::Tag(name) => {
                    let kind = if matches!(order.field, Field::Param(_)) { PARAM } else { TAG };
                    self.push(" LEFT JOIN run_values o").push_number(index).push(" ON ");
                    column(self, ".kind = ");
                    self.bind(kind).push(" AND ");
                    column(self, ".key = ");
                    self.bind(name).push(" AND ");
                    column(self, ".run_id = r.id");
                }
                Field::Metric { name, .. } => {
                    self.push(" LEFT JOIN series o").push_number(index).push(" ON ");
                    column(self, ".name = ");
                    self.bind(name).push(" AND ");
                    column(self, ".run_id = r.id AND (");
                    // As `IS_FIRST`.
                    column(self, ".place = '0' OR NOT EXISTS (SELECT 1 FROM series b WHERE b.name = ");
                    column(self, ".name AND b.run_id = ");
                    column(self, ".run_id AND b.place < ");
                    column(self, ".place))");
                }
                _ => {}
            }
        }
    }

    /// Behind the orders the newest run first.
    pub(super) fn ordered(&mut self, orders: &[Order], dialect: Dialect) -> &mut Self {
        self.push(" ORDER BY ");
        for (index, order) in orders.iter().enumerate() {
            let direction = if order.is_ascending { ", " } else { " DESC, " };
            match &order.field {
                Field::Param(_) | Field::Tag(_) => {
                    // Numbers by what they are, before all that is none.
                    self.push("CASE WHEN o")
                        .push_number(index)
                        .push(".run_id IS NULL THEN 2 WHEN o")
                        .push_number(index);
                    self.push(".number IS NULL THEN 1 ELSE 0 END, o")
                        .push_number(index)
                        .push(".number")
                        .push(direction);
                    self.push("o").push_number(index).push(".text").push(direction);
                }
                Field::Metric { stat: stat @ (Stat::Last | Stat::First), .. } => {
                    let (kind, prefix) = match stat {
                        Stat::Last => (".last_kind", ".last_"),
                        _ => (".first_kind", ".first_"),
                    };
                    self.push("CASE WHEN o")
                        .push_number(index)
                        .push(".run_id IS NULL THEN 2 WHEN o")
                        .push_number(index);
                    self.push(kind).push(" = 1 THEN 1 ELSE 0 END, ");
                    self.metric_value(|it| _ = it.push("o").push_number(index).push(prefix), dialect).push(direction);
                }
                Field::Metric { stat, .. } => {
                    let column = match stat {
                        Stat::Min => ".min_value",
                        Stat::Max => ".max_value",
                        _ => ".count",
                    };
                    self.push("CASE WHEN o").push_number(index).push(column).push(" IS NULL THEN 1 ELSE 0 END, o");
                    self.push_number(index).push(column).push(direction);
                }
                // Every run has one, no two the same: the index gives them in order.
                Field::Id => _ = self.push("r.id").push(direction),
                field => {
                    self.push("CASE WHEN ").field(field, dialect).push(" IS NULL THEN 1 ELSE 0 END, ");
                    self.field(field, dialect).push(direction);
                }
            }
        }
        self.push("r.id DESC")
    }
}
