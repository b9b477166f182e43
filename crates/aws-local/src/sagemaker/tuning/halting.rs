//! Which running training jobs are stopped before their end.
//!
//! - Hyperband: asynchronous successive halving (Li et al., 2020). The n-th value of the objective metric is resource n.
//!   At `MinResource` times 3, 9, 27... and so on below `MaxResource`, a training job goes on if it is among the best third
//!   of those that have got there, as soon as three have. At `MaxResource` it is stopped. SageMaker's own is not published.
//! - `TrainingJobEarlyStoppingType` Auto: the median rule, as documented for SageMaker: a training job is stopped when its
//!   value is worse than the median of the running averages of completed training jobs up to the same point; here as soon
//!   as three are completed.
//!   <https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html>

use std::sync::Arc;

use super::plan::{Plan, Strategy};
use super::store::{Child, TuningJob};
use crate::services::Services;

/// Of how many training jobs Hyperband lets one go on.
const KEPT_OF: usize = 3;
/// Completed training jobs that the median rule wants.
const MEDIAN_OF: usize = 3;

/// Losses of a training job, in the order in which it printed them.
struct Course {
    index: usize,
    running: bool,
    completed: bool,
    losses: Vec<f64>,
}

/// Indices of running children to stop.
pub(super) fn halted(services: &Services, job: &TuningJob, plan: &Plan) -> Vec<usize> {
    if plan.strategy != Strategy::Hyperband && !plan.early_stopping {
        return Vec::new();
    }
    if !job.children.iter().any(is_running) {
        return Vec::new();
    }
    let courses: Vec<Course> = job
        .children
        .iter()
        .enumerate()
        .map(|(index, child)| Course {
            index,
            running: is_running(child),
            completed: child.end.as_ref().is_some_and(|end| end.status == "Completed"),
            losses: losses(services, child, plan),
        })
        .collect();
    let hopeless = |course: &&Course| match plan.strategy {
        Strategy::Hyperband => halved(course, &courses, plan.resources),
        _ => below_median(course, &courses),
    };
    courses.iter().filter(|course| course.running).filter(hopeless).map(|course| course.index).collect()
}

fn is_running(child: &Child) -> bool {
    child.started && child.end.is_none() && !child.halted
}

fn losses(services: &Services, child: &Child, plan: &Plan) -> Vec<f64> {
    let objective = &plan.definitions[child.definition].objective;
    let read = || -> Vec<f64> {
        let samples = services.jobs.metrics_read(&child.name, 0).into_iter();
        samples
            .filter(|sample| sample.metric == objective.metric && sample.dimension.0 == "TrainingJobName")
            .map(|sample| sample.value)
            .collect()
    };
    let values = if child.end.is_some() { services.tuning.series(&child.name, read) } else { Arc::new(read()) };
    values.iter().map(|value| objective.loss(*value)).collect()
}

fn halved(course: &Course, all: &[Course], (min, max): (usize, usize)) -> bool {
    if course.losses.len() >= max {
        return true;
    }
    let rungs = std::iter::successors(min.checked_mul(KEPT_OF), |rung| rung.checked_mul(KEPT_OF));
    let Some(rung) = rungs.take_while(|rung| *rung <= course.losses.len() && *rung < max).last() else {
        return false;
    };
    let own = course.losses[rung - 1];
    let there: Vec<f64> = all.iter().filter_map(|other| other.losses.get(rung - 1).copied()).collect();
    let better = there.iter().filter(|loss| **loss < own).count();
    there.len() >= KEPT_OF && better >= there.len().div_ceil(KEPT_OF)
}

fn below_median(course: &Course, all: &[Course]) -> bool {
    let Some(own) = course.losses.last() else { return false };
    let point = course.losses.len();
    let mut averages: Vec<f64> = all
        .iter()
        .filter(|other| other.completed && !other.losses.is_empty())
        .map(|other| {
            let until = &other.losses[..point.min(other.losses.len())];
            until.iter().sum::<f64>() / until.len() as f64
        })
        .collect();
    averages.sort_by(f64::total_cmp);
    let middle = averages.len() / 2;
    let median = match averages.len() {
        count if count < MEDIAN_OF => return false,
        count if count % 2 == 1 => averages[middle],
        _ => f64::midpoint(averages[middle - 1], averages[middle]),
    };
    *own > median
}

#[cfg(test)]
mod tests {
    use super::*;

    fn courses(all: &[(bool, &[f64])]) -> Vec<Course> {
        let course = |(index, (completed, losses)): (usize, &(bool, &[f64]))| Course {
            index,
            running: !completed,
            completed: *completed,
            losses: losses.to_vec(),
        };
        all.iter().enumerate().map(course).collect()
    }

    #[test]
    fn the_best_third_of_a_rung_goes_on() {
        let all = courses(&[(false, &[9.0, 5.0, 1.0]), (false, &[1.0, 5.0, 2.0]), (false, &[1.0, 1.0, 3.0])]);
        let stopped: Vec<bool> = all.iter().map(|course| halved(course, &all, (1, 9))).collect();
        assert_eq!(stopped, [false, true, true]);
        // Below the first rung, and before three are there, nobody is stopped; at the last resource everybody is.
        assert!(!halved(&all[1], &all, (2, 9)));
        assert!(!halved(&all[1], &all[..2], (1, 9)));
        assert!(halved(&all[0], &all, (1, 3)));
    }

    #[test]
    fn worse_than_the_median_of_averages_is_stopped() {
        let all = courses(&[
            (true, &[4.0, 2.0]),
            (true, &[6.0, 4.0]),
            (true, &[8.0]),
            (false, &[5.0, 5.5]),
            (false, &[9.0, 4.5]),
        ]);
        assert!(below_median(&all[3], &all));
        assert!(!below_median(&all[4], &all));
        assert!(!below_median(&all[3], &all[1..]));
    }
}
