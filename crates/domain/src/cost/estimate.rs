//! What a job can cost at most, before it is launched: the one bound that holds without any history.

use serde::{Deserialize, Serialize};

use crate::{instance_type::InstanceType, job_spec::JobSpec, money::NanoUsd, run::RunPrice, time::duration_text};

/// `price x maximum runtime x instances`. An estimate of the most, not of the likely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// `None`: the instance type has no known price.
    pub at_most: Option<NanoUsd>,
    /// The price it was computed with.
    pub price: Option<RunPrice>,
    pub max_runtime_seconds: u32,
    pub instance_count: u32,
    pub spot: bool,
}

impl Estimate {
    pub fn of_spec(spec: &JobSpec) -> Self {
        let spot = spec.max_wait_seconds.is_some();
        Self::of(&spec.instance_type, spec.instance_count, spec.max_runtime_seconds, spot)
    }

    /// For a form that is not complete yet: needs only what the bound is made of.
    pub fn of(instance_type: &InstanceType, instance_count: u32, max_runtime_seconds: u32, spot: bool) -> Self {
        let price = instance_type.info().and_then(|it| it.price.clone());
        let at_most = price
            .as_ref()
            .map(|it| it.price_nanousd_per_hour.per_hour_times(u64::from(max_runtime_seconds), instance_count));
        Self { at_most, price, max_runtime_seconds, instance_count, spot }
    }

    /// What the figure is, to stand before it: `at most $1.26`.
    pub const fn label(&self) -> &'static str {
        if self.at_most.is_some() { "at most" } else { "unpriced" }
    }

    /// How the figure came about, with the price's own date, and what it leaves out.
    pub fn explanation(&self) -> String {
        let runtime = duration_text(u64::from(self.max_runtime_seconds));
        let instances = match self.instance_count {
            1 => "1 instance".to_owned(),
            count => format!("{count} instances"),
        };
        let Some(price) = &self.price else {
            return format!("The price of this instance type is not known here: {instances} for up to {runtime}.");
        };
        let mut text = format!(
            "${}/h × {runtime} × {instances}; price of {} ({}, {}). Storage, data transfer and the minutes that a \
             stopped job gets to save its model are not included.",
            price.price_nanousd_per_hour.to_exact(),
            price.date,
            price.source,
            price.confidence,
        );
        if self.spot {
            text.push_str(" Spot usually costs less, and the time spent waiting for capacity is not billed.");
        }
        text
    }
}
