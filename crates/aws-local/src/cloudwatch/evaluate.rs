//! Computes the queries of one request: metrics to series, expressions from other queries' results.
//!
//! Invariant: what one request may make is bounded: how deep queries use each other, how many series a search finds, and
//! how many points all results have together.

use super::math::{Computed, Expression, Fill, Malformed, Series, apply, fill, malformed, operate};
use super::metric::{MetricKey, Unit};
use super::query::{Query, What};
use super::search::Search;
use super::series::{Statistic, buckets, whole_buckets};
use super::{failed_validation, is_period};
use crate::services::Services;
use crate::wire::ApiError;

/// CloudWatch's limit of one search.
const MAX_FOUND: usize = 500;

/// Expressions inside expressions, over all queries that use each other.
const MAX_DEPTH: usize = 64;

/// More than all queries of a request could answer in ten pages.
const MAX_POINTS: usize = 1_000_000;

/// The period of expressions that no metric and no member gives one.
const DEFAULT_PERIOD: i64 = 60;

pub(super) struct Evaluator<'a> {
    services: &'a Services,
    queries: &'a [Query],
    start_ms: i64,
    end_ms: i64,
    done: Vec<Option<Computed>>,
    depth: usize,
    points: usize,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(services: &'a Services, queries: &'a [Query], start_ms: i64, end_ms: i64) -> Self {
        Self { services, queries, start_ms, end_ms, done: vec![None; queries.len()], depth: 0, points: 0 }
    }

    /// The series that a query answers, each with its label.
    pub(super) fn answer(&mut self, index: usize) -> Result<Vec<Series>, ApiError> {
        let query = &self.queries[index];
        let refused = |why: Malformed| failed_validation(format!("Error in expression '{}': {}", query.id, why.0));
        match self.query(index).map_err(refused)? {
            Computed::Number(_) => Err(refused(Malformed(
                "the result must be a time series or an array of them; TIME_SERIES makes one of a number".to_owned(),
            ))),
            Computed::One(mut series) => {
                if matches!(query.what, What::Expression(_)) {
                    series.label = query.label.clone().unwrap_or_else(|| query.id.clone());
                }
                Ok(vec![series])
            }
            Computed::Many(mut many) => {
                // As the console does it: the expression's label, then the metric's.
                if let Some(label) = query.label.as_deref().filter(|label| !label.is_empty()) {
                    for series in &mut many {
                        format!("{label} {}", series.label).trim_end().clone_into(&mut series.label);
                    }
                }
                Ok(many)
            }
        }
    }

    fn query(&mut self, index: usize) -> Result<Computed, Malformed> {
        if let Some(done) = &self.done[index] {
            return Ok(done.clone());
        }
        let query = &self.queries[index];
        let computed = match &query.what {
            What::Metric { key, period_seconds, statistic, unit } => {
                let label = query.label.clone().unwrap_or_else(|| key.name.clone());
                Computed::One(self.series(key, label, *period_seconds, *statistic, *unit)?)
            }
            What::Expression(expression) => self.expression(index, expression)?,
        };
        self.done[index] = Some(computed.clone());
        Ok(computed)
    }

    fn series(
        &mut self,
        key: &MetricKey,
        label: String,
        period_seconds: i64,
        statistic: Statistic,
        unit: Option<Unit>,
    ) -> Result<Series, Malformed> {
        let (from, to) = whole_buckets(self.start_ms, self.end_ms, period_seconds);
        let mut samples = self.services.metrics.samples(&self.services.jobs, key, from, to);
        if let Some(unit) = unit {
            samples.retain(|sample| sample.unit == unit);
        }
        let points = buckets(&samples, period_seconds)
            .into_iter()
            .filter_map(|(at, bucket)| Some((at, bucket.value(statistic)?)))
            .collect();
        let series = Series { label, period_seconds, points };
        self.count(series.points.len())?;
        Ok(series)
    }

    fn count(&mut self, points: usize) -> Result<(), Malformed> {
        self.points += points;
        if self.points > MAX_POINTS {
            return malformed(format!(
                "the request makes more than {MAX_POINTS} points: ask for a longer period or a shorter time"
            ));
        }
        Ok(())
    }

    /// An expression of query `index`. Queries that use each other in a circle end at the depth.
    fn expression(&mut self, index: usize, expression: &Expression) -> Result<Computed, Malformed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return malformed(format!("expressions use each other in a circle, or more than {MAX_DEPTH} deep"));
        }
        let computed = match expression {
            Expression::Number(number) => Computed::Number(*number),
            Expression::Text(text) => return malformed(format!("the text {text:?} is not expected")),
            Expression::Id(id) => match self.queries.iter().position(|query| query.id == *id) {
                Some(other) => self.query(other)?,
                None => return malformed(format!("there is no query with the Id {id}")),
            },
            Expression::List(items) => {
                let mut many = Vec::new();
                for item in items {
                    match self.expression(index, item)? {
                        Computed::Number(_) => return malformed("an array holds time series, not numbers"),
                        Computed::One(series) => many.push(series),
                        Computed::Many(more) => many.extend(more),
                    }
                }
                Computed::Many(many)
            }
            Expression::Negative(operand) => {
                let operand = self.expression(index, operand)?;
                operate(super::math::Operator::Multiply, operand, Computed::Number(-1.0))?
            }
            Expression::Chain(first, more) => {
                let mut result = self.expression(index, first)?;
                for (operator, operand) in more {
                    let operand = self.expression(index, operand)?;
                    result = operate(*operator, result, operand)?;
                }
                result
            }
            Expression::Call(function, arguments) => self.call(index, function, arguments)?,
        };
        self.count(computed.points())?;
        self.depth -= 1;
        Ok(computed)
    }

    fn call(&mut self, index: usize, function: &str, arguments: &[Expression]) -> Result<Computed, Malformed> {
        match (function, arguments) {
            ("METRICS", []) => self.metrics(""),
            ("METRICS", [Expression::Text(part)]) => self.metrics(part),
            ("SEARCH", [Expression::Text(search), Expression::Text(statistic)]) => {
                let period = self.queries[index].period_seconds.unwrap_or(DEFAULT_PERIOD);
                self.search(search, statistic, period)
            }
            ("SEARCH", [Expression::Text(search), Expression::Text(statistic), Expression::Number(period)]) => {
                self.search(search, statistic, *period as i64)
            }
            ("FILL", [filled, how]) => {
                let filled = self.expression(index, filled)?;
                let how = match how {
                    Expression::Id(word) if word == "REPEAT" => Fill::Repeat,
                    Expression::Id(word) if word == "LINEAR" => Fill::Linear,
                    number => match self.expression(index, number)? {
                        Computed::Number(number) => Fill::Number(number),
                        _ => return malformed("FILL takes a time series and a number, REPEAT or LINEAR"),
                    },
                };
                let many = match filled {
                    Computed::Number(_) => return malformed("FILL takes a time series and a number, REPEAT or LINEAR"),
                    Computed::One(series) => {
                        let times = self.times(series.period_seconds)?;
                        return Ok(Computed::One(fill(series, how, &times)));
                    }
                    Computed::Many(many) => many,
                };
                let mut all = Vec::new();
                for series in many {
                    let times = self.times(series.period_seconds)?;
                    all.push(fill(series, how, &times));
                }
                Ok(Computed::Many(all))
            }
            ("TIME_SERIES", [number]) => match self.expression(index, number)? {
                Computed::Number(number) => {
                    let period_seconds = self.queries[index].period_seconds.unwrap_or(DEFAULT_PERIOD);
                    let points = self.times(period_seconds)?.into_iter().map(|at| (at, number)).collect();
                    Ok(Computed::One(Series { label: String::new(), period_seconds, points }))
                }
                _ => malformed("TIME_SERIES takes a number"),
            },
            _ => {
                let arguments =
                    arguments.iter().map(|argument| self.expression(index, argument)).collect::<Result<_, _>>()?;
                apply(function, arguments)
            }
        }
    }

    /// The begin of each period of the request's time.
    fn times(&mut self, period_seconds: i64) -> Result<Vec<i64>, Malformed> {
        let (from, to) = whole_buckets(self.start_ms, self.end_ms, period_seconds);
        let count = usize::try_from((to - from) / (period_seconds * 1000)).unwrap_or(usize::MAX);
        self.count(count.min(MAX_POINTS + 1))?;
        Ok((0..).map(|number| from + number * period_seconds * 1000).take(count).collect())
    }

    /// The results of all queries for metrics, or of those with that text in their ids.
    fn metrics(&mut self, part: &str) -> Result<Computed, Malformed> {
        let mut all = Vec::new();
        for index in 0..self.queries.len() {
            let query = &self.queries[index];
            if query.id.contains(part)
                && matches!(query.what, What::Metric { .. })
                && let Computed::One(series) = self.query(index)?
            {
                all.push(series);
            }
        }
        Ok(Computed::Many(all))
    }

    fn search(&mut self, search: &str, statistic: &str, period_seconds: i64) -> Result<Computed, Malformed> {
        let search = Search::parse(search)?;
        let statistic = Statistic::parse(statistic).map_err(|error| Malformed(error.message))?;
        if !is_period(period_seconds) {
            return malformed("the period of a search must be 1, 5, 10, 20, 30 or a multiple of 60");
        }
        let services = self.services;
        let keys: Vec<MetricKey> = services
            .metrics
            .keys(&services.jobs, search.job(), search.namespace())
            .into_iter()
            .filter(|key| search.matches(key))
            .take(MAX_FOUND)
            .collect();
        let mut all = Vec::new();
        for (key, label) in keys.iter().zip(labels(&keys)) {
            all.push(self.series(key, label, period_seconds, statistic, None)?);
        }
        Ok(Computed::Many(all))
    }
}

/// What tells each metric from the others that were found: its name, its dimensions' values, or both.
fn labels(keys: &[MetricKey]) -> Vec<String> {
    let names_differ = keys.windows(2).any(|pair| pair[0].name != pair[1].name);
    let values_differ = keys.windows(2).any(|pair| pair[0].dimensions != pair[1].dimensions);
    let label = |key: &MetricKey| {
        let values = key.dimensions.iter().map(|(_, value)| value.as_str());
        match (names_differ, values_differ) {
            (_, false) => key.name.clone(),
            (false, true) => values.collect::<Vec<_>>().join(" "),
            (true, true) => values.chain([key.name.as_str()]).collect::<Vec<_>>().join(" "),
        }
    };
    keys.iter().map(label).collect()
}
