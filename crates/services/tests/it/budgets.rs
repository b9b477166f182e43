//! Budgets at the door of a launch, and what is said of them.

use domain::{
    budget::Budget,
    costs::Month,
    job_draft::{FieldError, JobDraft},
    money::NanoUsd,
    sweep::{SweepDraft, SweepState},
};
use futures::future::join_all;
use services::{LaunchSubmitted, Services, SweepSubmitted};

use crate::lab::{Lab, upload};

const LIMIT: &str = "StoppingCondition.MaxRuntimeInSeconds";

/// The lab's job costs $0.23 an hour and may run for an hour.
fn budgets(usd: &str) -> Vec<Budget> {
    let hard = format!(r#"{{"name": "wine", "experiments": "wine*", "usd_per_month": "{usd}", "hard": true}}"#);
    let soft = r#"{"name": "everything", "usd_per_month": "0.1"}"#;
    [hard.as_str(), soft].into_iter().map(|it| serde_json::from_str(it).unwrap()).collect()
}

fn hourly(lab: &Lab) -> JobDraft {
    let mut draft = lab.draft();
    draft.fields.set(LIMIT, "3600");
    draft
}

async fn errors(services: &Services, key: &str, draft: JobDraft) -> Vec<FieldError> {
    match services.launch_submit(key, draft, Some(upload())).await.unwrap() {
        LaunchSubmitted::Run(_) => Vec::new(),
        LaunchSubmitted::Invalid { errors } => errors,
    }
}

#[tokio::test]
async fn a_hard_budget_refuses_what_does_not_fit_and_nothing_is_lost() {
    let mut lab = Lab::new().await;
    let strict = lab.second_server(|it| it.budgets = budgets("0.5"));
    for key in ["one", "two"] {
        assert_eq!(errors(&strict, key, hourly(&lab)).await, []);
    }
    let refused = errors(&strict, "three", hourly(&lab)).await;
    assert_eq!(refused.iter().map(|it| it.field.as_str()).collect::<Vec<_>>(), ["budget"]);
    assert!(refused[0].message.contains("$0.0400 left"), "{}", refused[0].message);
    let kept = strict.launch_draft_get("three").await.unwrap().unwrap();
    assert_eq!((kept.errors, kept.run_id), (refused, None), "the form shows it when it is opened again");

    let mut short = hourly(&lab);
    short.fields.set(LIMIT, "600");
    assert_eq!(errors(&strict, "three", short).await, [], "the same form, with a shorter limit");
    let elsewhere = JobDraft { experiment: "speech".to_owned(), ..hourly(&lab) };
    assert_eq!(errors(&strict, "elsewhere", elsewhere).await, [], "only a soft budget is about it");
    assert_eq!(errors(&strict, "one", hourly(&lab)).await, [], "what was launched is not judged again");

    let listed = strict.budget_list(Month::of(lab.now())).await.unwrap();
    let totals: Vec<(&str, NanoUsd)> = listed.iter().map(|(it, used)| (it.name.as_str(), used.total())).collect();
    let cents = |cents: i64| NanoUsd(cents * 10_000_000);
    assert_eq!(totals[0].0, "wine");
    // Two hours and ten minutes at 23 cents an hour; the soft one counts the fourth job, too.
    assert!(totals[0].1 > cents(46) && totals[0].1 <= cents(50), "{totals:?}");
    assert_eq!(totals[1].1 - totals[0].1, cents(23));
}

#[tokio::test]
async fn twenty_at_once_with_room_for_three_are_three() {
    let mut lab = Lab::new().await;
    let strict = lab.second_server(|it| it.budgets = budgets("0.7"));
    let keys: Vec<String> = (0..20).map(|it| format!("key-{it}")).collect();
    let all = join_all(keys.iter().map(|key| errors(&strict, key, hourly(&lab)))).await;
    let (launched, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Vec::is_empty);
    assert_eq!((launched.len(), refused.len()), (3, 17));
    let is_budget = |it: &Vec<FieldError>| matches!(&it[..], [one] if one.message.contains("The budget `wine`"));
    assert!(refused.iter().all(is_budget), "{refused:?}");
}

#[tokio::test]
async fn the_dearest_fallback_is_judged_before_the_job_waits() {
    let mut lab = Lab::new().await;
    let strict = lab.second_server(|it| it.budgets = budgets("0.5"));
    let mut draft = hourly(&lab);
    draft.quota.choice = "fallback".to_owned();
    draft.quota.instance_types = "ml.m5.2xlarge, ml.m5.4xlarge".to_owned();
    draft.quota.max_usd_per_hour = "5".to_owned();
    let refused = errors(&strict, "one", draft.clone()).await;
    assert!(refused[0].message.contains("can cost $0.922 in"), "{refused:?}");
    draft.quota.instance_types = "ml.m5.2xlarge".to_owned();
    assert_eq!(errors(&strict, "one", draft).await, []);
}

#[tokio::test]
async fn a_sweep_waits_for_room_in_a_budget() {
    let mut lab = Lab::new().await;
    let strict = lab.second_server(|it| it.budgets = budgets("0.5"));
    assert_eq!(strict.sweep_draft_submit("key", hourly(&lab), Some(upload())).await.unwrap(), []);
    let parameters = vec![("epochs".to_owned(), "1 to 4 step 1".to_owned())];
    let form = SweepDraft { parameters, max_parallel: "4".to_owned(), ..SweepDraft::default() };
    let SweepSubmitted::Sweep(id) = strict.sweep_submit("key", &form).await.unwrap() else { panic!("a sweep") };
    strict.task_sweeps().await.unwrap();
    let sweep = strict.sweep_get(&id).await.unwrap().unwrap().sweep;
    assert_eq!(sweep.state, SweepState::Running);
    assert!(sweep.message.as_deref().unwrap_or_default().contains("The budget `wine`"), "{:?}", sweep.message);
    assert_eq!(sweep.trials.iter().filter(|it| it.run_id.is_some()).count(), 2);
}
