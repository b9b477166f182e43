//! The team's policies at every door of a launch: the form, a sweep, a relaunch, a form kept under its key.

use domain::{job_draft::JobDraft, launch_policy::LaunchPolicy};
use services::{LaunchSubmitted, Services};

use crate::lab::{Lab, upload};

fn policy() -> LaunchPolicy {
    serde_json::from_str(
        r#"{"experiments": "wine*", "required_tags": ["cost-center"], "allowed_instance_types": ["ml.c5.*"],
            "max_instances": 2, "message": "Ask ann."}"#,
    )
    .unwrap()
}

fn fitting(lab: &Lab) -> JobDraft {
    let mut draft = lab.draft();
    draft.fields.set("Tags[0].Key", "cost-center");
    draft.fields.set("Tags[0].Value", "42");
    draft.fields.set("ResourceConfig.InstanceType", "ml.c5.xlarge");
    draft
}

async fn refused(services: &Services, key: &str, draft: JobDraft) -> Vec<String> {
    match services.launch_submit(key, draft, Some(upload())).await.unwrap() {
        LaunchSubmitted::Run(_) => Vec::new(),
        LaunchSubmitted::Invalid { errors } => {
            assert!(errors.iter().all(|it| it.message.ends_with("Ask ann.")), "{errors:?}");
            errors.into_iter().map(|it| it.field).collect()
        }
    }
}

#[tokio::test]
async fn a_policy_holds_at_every_door() {
    let mut lab = Lab::new().await;
    // Launched before there was a policy.
    let before = lab.submit("before", lab.draft()).await;
    let strict = lab.second_server(|it| it.policies = vec![policy()]);

    let wrong = ["Tags", "ResourceConfig.InstanceType"];
    assert_eq!(refused(&strict, "form", lab.draft()).await, wrong);
    let kept = strict.launch_draft_get("form").await.unwrap().unwrap();
    assert_eq!(kept.errors.len(), 2, "the form shows them when it is opened again");
    let sweep = strict.sweep_draft_submit("sweep", lab.draft(), Some(upload())).await.unwrap();
    assert_eq!(sweep.into_iter().map(|it| it.field).collect::<Vec<_>>(), wrong);
    match strict.run_relaunch(&before, "relaunch").await.unwrap() {
        LaunchSubmitted::Run(id) => panic!("launched {id}"),
        LaunchSubmitted::Invalid { errors } => assert_eq!(errors.len(), 2),
    }
    assert_eq!(lab.services.launched_run("relaunch").await.unwrap(), None);

    let mut many = fitting(&lab);
    many.fields.set("ResourceConfig.InstanceCount", "3");
    assert_eq!(refused(&strict, "many", many).await, ["ResourceConfig.InstanceCount"]);
    assert!(refused(&strict, "fits", fitting(&lab)).await.is_empty());
    let elsewhere = JobDraft { experiment: "speech".to_owned(), ..lab.draft() };
    assert!(refused(&strict, "elsewhere", elsewhere).await.is_empty(), "another experiment");

    let again = strict.launch_submit("before", lab.draft(), Some(upload())).await.unwrap();
    assert_eq!(again, LaunchSubmitted::Run(before), "what is launched is launched");
}
