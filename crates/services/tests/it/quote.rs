//! The quote of a form, by the runs that this installation has seen to their end.

use domain::{cost::Likeness, job_draft::JobDraft};

use crate::lab::Lab;

fn sample(lab: &Lab) -> JobDraft {
    lab.services.launch_samples().remove(0).draft
}

async fn complete(lab: &Lab, key: &str, draft: JobDraft) {
    let id = lab.submit_without_source(key, draft).await;
    lab.services.dispatch_once().await.unwrap();
    let run = lab.run(&id).await;
    lab.cloud.complete(run.job_name.as_str());
    lab.clock.advance_seconds(60);
    lab.services.task_sync_jobs().await.unwrap();
    assert!(lab.run(&id).await.is_over());
}

#[tokio::test]
async fn a_form_is_quoted_from_the_run_that_it_made_before() {
    let lab = Lab::new().await;
    let draft = sample(&lab);
    let before = lab.services.launch_quote(&draft).await.unwrap();
    assert_eq!((before.likely, before.with_spot), (None, None), "nothing is guessed");
    assert!(!before.alternatives.is_empty());

    complete(&lab, "one", draft.clone()).await;
    let calls = lab.cloud.state().calls.len();
    let quote = lab.services.launch_quote(&draft).await.unwrap();
    let likely = quote.likely.unwrap();
    assert_eq!((likely.run_count, likely.likeness, likely.median_seconds), (1, Likeness::Source, 100));
    assert_eq!(quote.runs_by_type.get("ml.m5.xlarge"), Some(&1));
    assert_eq!(quote.with_spot, None, "no spot run was seen");
    assert_eq!(lab.cloud.state().calls.len(), calls, "the engine is not asked");
}

#[tokio::test]
async fn spot_is_quoted_from_the_teams_own_spot_runs() {
    let lab = Lab::new().await;
    let mut spot = sample(&lab);
    spot.fields.set("EnableManagedSpotTraining", "true");
    spot.fields.set("StoppingCondition.MaxWaitTimeInSeconds", "7200");
    complete(&lab, "spot", spot).await;
    let found = lab.services.launch_quote(&sample(&lab)).await.unwrap().with_spot.unwrap();
    assert_eq!((found.run_count, found.savings_permille, found.is_same_type), (1, 700, true));
}

#[tokio::test]
async fn a_form_that_is_not_valid_yet_has_a_quote_all_the_same() {
    let lab = Lab::new().await;
    let mut draft = JobDraft { source: "sample:no such".to_owned(), ..lab.draft() };
    draft.fields.set("ResourceConfig.InstanceType", "ml.no.such");
    let quote = lab.services.launch_quote(&draft).await.unwrap();
    assert_eq!((quote.likely, quote.alternatives), (None, Vec::new()));
    draft.fields.set("AlgorithmSpecification.TrainingImage", "");
    lab.services.launch_quote(&draft).await.unwrap();
}
