//! Quotas: refused before it is paid for, waiting in line, and taking something else at a price that is bounded.

use domain::{
    ids::RunId,
    job_draft::JobDraft,
    job_spec::fingerprint,
    money::NanoUsd,
    quota::{QuotaDraft, QuotaUse, TrainingQuota},
    run::Run,
    status::LaunchState,
};
use services::{EngineError, LaunchSubmitted, Services};

use crate::{
    fake::Fault,
    lab::{Lab, upload},
};

const TYPE: &str = "ResourceConfig.InstanceType";
const COUNT: &str = "ResourceConfig.InstanceCount";
const WANTED: &str = "ml.m5.xlarge";
const OTHER: &str = "ml.m5.2xlarge";

fn quota(instance_type: &str, instances: u32) -> TrainingQuota {
    TrainingQuota { instance_type: instance_type.to_owned(), usage: QuotaUse::OnDemand, instances }
}

/// What Service Quotas says, and what the engine holds jobs against.
async fn set(lab: &Lab, quotas: &[TrainingQuota]) {
    lab.cloud.state().quotas = quotas.to_vec();
    lab.cloud.state().engine_quotas = quotas.to_vec();
    lab.services.task_quotas().await.unwrap();
}

fn queued(lab: &Lab) -> JobDraft {
    JobDraft { quota: QuotaDraft::queue(), ..lab.draft() }
}

fn fallback(lab: &Lab, types: &str, cap: &str) -> JobDraft {
    let quota = QuotaDraft {
        choice: "fallback".to_owned(),
        instance_types: types.to_owned(),
        max_usd_per_hour: cap.to_owned(),
        ..QuotaDraft::default()
    };
    JobDraft { quota, ..lab.draft() }
}

async fn pass(lab: &Lab, services: &Services) {
    services.dispatch_once().await.unwrap();
    services.task_sync_jobs().await.unwrap();
    lab.clock.advance_seconds(2);
}

async fn state(lab: &Lab, id: &RunId) -> LaunchState {
    lab.run(id).await.launch_state
}

/// The job ends, and our side learns of it.
async fn end(lab: &Lab, id: &RunId) {
    lab.cloud.complete(lab.run(id).await.job_name.as_str());
    lab.services.task_sync_jobs().await.unwrap();
}

fn sent_type(lab: &Lab, run: &Run) -> String {
    let state = lab.cloud.state();
    state.jobs[run.job_name.as_str()].request["ResourceConfig"]["InstanceType"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_job_that_does_not_fit_names_field_quota_use_and_cure_and_is_not_sent() {
    let lab = Lab::new().await;
    set(&lab, &[quota(WANTED, 2), quota(OTHER, 0)]).await;
    let submit = async |key: &str, change: &dyn Fn(&mut JobDraft)| {
        let mut draft = lab.draft();
        change(&mut draft);
        lab.services.launch_submit(key, draft, Some(upload())).await.unwrap()
    };
    let LaunchSubmitted::Run(first) = submit("first", &|it| it.fields.set(COUNT, "2")).await else {
        panic!("it fits exactly")
    };
    let LaunchSubmitted::Invalid { errors } = submit("second", &|_| ()).await else { panic!("no room") };
    assert_eq!(errors.iter().map(|it| it.field.as_str()).collect::<Vec<_>>(), [COUNT]);
    for part in ["ml.m5.xlarge for training job usage", "2 instances", "needs 1", "wait for room", "Service Quotas"] {
        assert!(errors[0].message.contains(part), "{part:?} in {errors:?}");
    }
    let kept = lab.services.launch_draft_get("second").await.unwrap().unwrap();
    assert_eq!((kept.errors, kept.run_id), (errors, None), "the form shows it");
    let LaunchSubmitted::Invalid { errors } = submit("none", &|it| it.fields.set(TYPE, OTHER)).await else {
        panic!("a quota of 0")
    };
    assert_eq!(errors[0].field, TYPE);
    // More than the whole quota: waiting is no cure.
    let too_many = |it: &mut JobDraft| {
        it.fields.set(COUNT, "3");
        it.quota = QuotaDraft::queue();
    };
    let LaunchSubmitted::Invalid { errors } = submit("many", &too_many).await else { panic!("it can never fit") };
    assert!(errors[0].message.contains("would not help"), "{errors:?}");
    // The same form again is the same run, whatever the quota says of a second one.
    assert!(matches!(submit("first", &|it| it.fields.set(COUNT, "2")).await, LaunchSubmitted::Run(id) if id == first));
    lab.settle().await;
    assert_eq!(lab.cloud.creates(), 1);
}

#[tokio::test]
async fn quotas_that_cannot_be_read_block_nothing() {
    let denied = EngineError::Rejected { code: "AccessDeniedException".to_owned(), message: "no".to_owned() };
    for refusal in [denied, EngineError::Throttled] {
        let lab = Lab::new().await;
        lab.cloud.state().quota_refusal = Some(refusal);
        lab.cloud.state().quotas = vec![quota(WANTED, 0)];
        lab.services.task_quotas().await.unwrap();
        assert!(!lab.services.quota_table().await.unwrap().is_known());
        lab.submit("key", lab.draft()).await;
        lab.settle().await;
        assert_eq!(lab.cloud.creates(), 1);
    }
}

#[tokio::test]
async fn quotas_are_read_once_in_a_while() {
    let lab = Lab::new().await;
    set(&lab, &[quota(WANTED, 1)]).await;
    lab.cloud.state().quotas = vec![quota(WANTED, 7)];
    lab.services.task_quotas().await.unwrap();
    let seen = async || lab.services.quota_table().await.unwrap().room(WANTED, QuotaUse::OnDemand).unwrap().quota;
    assert_eq!((lab.cloud.calls_of("quotas"), seen().await), (1, 1));
    lab.clock.advance_seconds(301);
    lab.services.task_quotas().await.unwrap();
    assert_eq!((lab.cloud.calls_of("quotas"), seen().await), (2, 7));
}

#[tokio::test]
async fn fifty_submits_of_one_form_for_the_last_place_are_one_run() {
    let lab = Lab::new().await;
    set(&lab, &[quota(WANTED, 1)]).await;
    let submits = (0..50).map(|_| {
        let (services, draft) = (lab.services.clone(), lab.draft());
        tokio::spawn(async move { services.launch_submit("one key", draft, Some(upload())).await.unwrap() })
    });
    for submit in submits.collect::<Vec<_>>() {
        let submitted = submit.await.unwrap();
        assert!(matches!(submitted, LaunchSubmitted::Run(_)), "{submitted:?}");
    }
    lab.settle().await;
    assert_eq!(lab.cloud.creates(), 1);
}

#[tokio::test]
async fn who_waits_is_sent_in_the_order_of_the_line() {
    let mut lab = Lab::new().await;
    set(&lab, &[quota(WANTED, 2)]).await;
    let mut ids = Vec::new();
    for number in 0..4 {
        let mut draft = queued(&lab);
        // The second needs it all, so that the third must not pass it by.
        draft.fields.set(COUNT, if number == 1 { "2" } else { "1" });
        ids.push(lab.submit(&format!("key {number}"), draft).await);
        lab.clock.advance_seconds(1);
    }
    let other = lab.second_server(|_| ());
    other.task_quotas().await.unwrap();
    let states = async |lab: &Lab| {
        let mut all = Vec::new();
        for id in &ids {
            all.push(state(lab, id).await == LaunchState::Submitted);
        }
        all
    };
    for _ in 0..3 {
        pass(&lab, &lab.services).await;
        pass(&lab, &other).await;
    }
    assert_eq!(states(&lab).await, [true, false, false, false], "one place is left free for the second");
    let waits = lab.run(&ids[1]).await;
    assert_eq!(waits.launch_state, LaunchState::Requested);
    let message = waits.launch_message.unwrap();
    assert!(
        message.contains("Waits for room") && message.contains("1 in use") && message.contains("needs 2"),
        "{message}"
    );

    end(&lab, &ids[0]).await;
    pass(&lab, &other).await;
    assert_eq!(states(&lab).await, [true, true, false, false]);
    end(&lab, &ids[1]).await;
    pass(&lab, &lab.services).await;
    assert_eq!(states(&lab).await, [true; 4]);
    assert_eq!(lab.cloud.creates(), 4);
    assert_eq!(lab.cloud.state().calls.iter().filter(|it| **it == "create").count(), 4, "none was sent in vain");
}

#[tokio::test]
async fn waiting_costs_no_attempts() {
    let lab = Lab::new().await;
    set(&lab, &[quota(WANTED, 1)]).await;
    lab.submit("first", lab.draft()).await;
    pass(&lab, &lab.services).await;
    let id = lab.submit("second", queued(&lab)).await;
    pass(&lab, &lab.services).await;
    let tries = async || {
        let audit = lab.store.audit_list(&id).await.unwrap();
        audit.iter().filter(|it| it.action == "launch.attempt").count()
    };
    let before = tries().await;
    for _ in 0..20 {
        assert_eq!(lab.services.dispatch_once().await.unwrap().claimed, 0);
    }
    assert_eq!((before, tries().await), (1, 1));
}

#[tokio::test]
async fn a_run_that_waits_can_be_stopped_and_frees_its_place_in_the_line() {
    let lab = Lab::new().await;
    set(&lab, &[quota(WANTED, 1)]).await;
    let running = lab.submit("running", lab.draft()).await;
    pass(&lab, &lab.services).await;
    let waits = lab.submit("waits", queued(&lab)).await;
    lab.clock.advance_seconds(1);
    let next = lab.submit("next", queued(&lab)).await;
    pass(&lab, &lab.services).await;
    lab.services.run_stop(&waits).await.unwrap();
    assert_eq!(state(&lab, &waits).await, LaunchState::Cancelled);
    end(&lab, &running).await;
    lab.settle().await;
    assert_eq!(state(&lab, &waits).await, LaunchState::Cancelled);
    assert_eq!((state(&lab, &next).await, lab.cloud.creates()), (LaunchState::Submitted, 2));
}

#[tokio::test]
async fn a_quota_that_somebody_else_took_sends_a_run_that_may_wait_back_into_line() {
    let lab = Lab::new().await;
    // Service Quotas is known, or not; what takes the room is none of our runs.
    for is_known in [true, false] {
        if is_known {
            set(&lab, &[quota(WANTED, 1)]).await;
        }
        lab.cloud.state().engine_quotas = vec![quota(WANTED, 0)];
        let draft = fallback(&lab, OTHER, "0.9");
        let plain = lab.submit(&format!("plain {is_known}"), lab.draft()).await;
        pass(&lab, &lab.services).await;
        assert_eq!(state(&lab, &plain).await, LaunchState::Rejected, "it did not choose to wait");

        lab.cloud.state().engine_quotas = vec![quota(WANTED, 0), quota(OTHER, 0)];
        let waits = lab.submit(&format!("waits {is_known}"), draft).await;
        for _ in 0..10 {
            pass(&lab, &lab.services).await;
        }
        let run = lab.run(&waits).await;
        assert_eq!(run.launch_state, LaunchState::Requested, "{:?}", run.launch_message);
        let calls = lab.cloud.calls_of("create");
        assert!(calls <= 16, "it asks now and then: {calls}");

        lab.cloud.state().engine_quotas.clear();
        lab.settle().await;
        assert_eq!(state(&lab, &waits).await, LaunchState::Submitted);
        end(&lab, &waits).await;
        lab.cloud.state().calls.clear();
    }
    assert_eq!(lab.cloud.creates(), 2);
}

#[tokio::test]
async fn the_line_holds_where_others_use_the_quota_too() {
    let lab = Lab::new().await;
    set(&lab, &[quota(WANTED, 9)]).await;
    lab.cloud.state().engine_quotas = vec![quota(WANTED, 1)];
    lab.cloud.create_foreign(&serde_json::json!({
        "TrainingJobName": "foreign",
        "ResourceConfig": { "InstanceType": WANTED, "InstanceCount": 1 },
    }));
    let mut ids = Vec::new();
    for key in ["first", "second", "third"] {
        ids.push(lab.submit(key, queued(&lab)).await);
        lab.clock.advance_seconds(1);
    }
    for _ in 0..5 {
        lab.services.dispatch_once().await.unwrap();
        lab.clock.advance_seconds(6);
    }
    lab.cloud.complete("foreign");
    for (index, id) in ids.iter().enumerate() {
        for _ in 0..5 {
            lab.services.dispatch_once().await.unwrap();
            lab.clock.advance_seconds(6);
        }
        for (other, id) in ids.iter().enumerate() {
            assert_eq!(state(&lab, id).await == LaunchState::Submitted, other <= index, "{other} at {index}");
        }
        lab.cloud.complete(lab.run(id).await.job_name.as_str());
    }
    assert_eq!(lab.cloud.creates(), 4, "the foreign one, and each once");
}

#[tokio::test]
async fn a_quota_of_nothing_is_not_waited_for() {
    let lab = Lab::new().await;
    lab.cloud.state().engine_quotas = vec![quota(WANTED, 0)];
    let id = lab.submit("key", queued(&lab)).await;
    pass(&lab, &lab.services).await;
    let run = lab.run(&id).await;
    assert_eq!(run.launch_state, LaunchState::Rejected);
    assert!(run.launch_message.unwrap().contains("is 0 Instances"));
}

/// As above, where the quotas cannot be read: only the engine's own words tell.
#[tokio::test]
async fn a_quota_below_what_a_job_needs_is_not_waited_for() {
    let lab = Lab::new().await;
    lab.cloud.state().engine_quotas = vec![quota(WANTED, 4)];
    let mut draft = queued(&lab);
    draft.fields.set("ResourceConfig.InstanceCount", "8");
    let id = lab.submit("key", draft).await;
    pass(&lab, &lab.services).await;
    let run = lab.run(&id).await;
    assert_eq!(run.launch_state, LaunchState::Rejected);
    assert!(run.launch_message.unwrap().contains("is 4 Instances"));
}

#[tokio::test]
async fn a_fallback_within_the_cap_is_on_record_as_it_is_sent() {
    let lab = Lab::new().await;
    set(&lab, &[quota(WANTED, 1), quota("ml.c5.xlarge", 0), quota(OTHER, 1)]).await;
    lab.submit("first", lab.draft()).await;
    pass(&lab, &lab.services).await;
    let over = lab.services.launch_submit("dear", fallback(&lab, OTHER, "0.10"), Some(upload())).await.unwrap();
    let LaunchSubmitted::Invalid { errors } = over else { panic!("above the cap") };
    assert_eq!(errors[0].field, "quota.instance_types");

    let draft = fallback(&lab, "ml.c5.xlarge, ml.m5.2xlarge", "0.50");
    let id = lab.submit("second", draft.clone()).await;
    let wanted = lab.run(&id).await;
    pass(&lab, &lab.services).await;
    let run = lab.run(&id).await;
    assert_eq!(run.launch_state, LaunchState::Submitted);
    assert_eq!((run.instance_type.as_deref(), sent_type(&lab, &run).as_str()), (Some(OTHER), OTHER));
    assert_eq!(run.job_name, wanted.job_name, "one run, one job, one name");
    assert_eq!(run.price.as_ref().map(|it| it.price_nanousd_per_hour), NanoUsd::parse("0.461").ok());
    assert_eq!(lab.cloud.state().jobs[run.job_name.as_str()].request, run.request, "what was sent is what is shown");
    let mut request = run.request.clone();
    request["Tags"].as_array_mut().unwrap().retain(|it| it["Key"] != "trainyard:fingerprint");
    assert_eq!(fingerprint(&request), run.fingerprint);
    assert_ne!(run.fingerprint, wanted.fingerprint);

    // The same form is still the same run; another choice under its key is named.
    assert_eq!(lab.submit("second", draft).await, id);
    let other = lab.services.launch_submit("second", fallback(&lab, OTHER, "9"), Some(upload())).await.unwrap();
    let LaunchSubmitted::Invalid { errors } = other else { panic!("another form") };
    assert_eq!(errors.iter().map(|it| it.field.as_str()).collect::<Vec<_>>(), ["quota.choice"]);
    // And a clone takes what was sent, and waits in the same way.
    let clone = lab.services.launch_clone(&id).await.unwrap();
    assert_eq!((clone.fields.get(TYPE), clone.quota.instance_types.as_str()), (OTHER, "ml.c5.xlarge"));
    lab.settle().await;
    assert_eq!(lab.cloud.creates(), 2);
}

#[tokio::test]
async fn spot_becomes_on_demand_after_its_minutes() {
    let lab = Lab::new().await;
    set(&lab, &[TrainingQuota { usage: QuotaUse::Spot, ..quota(WANTED, 1) }, quota(WANTED, 1)]).await;
    let mut draft = lab.draft();
    draft.fields.set("EnableManagedSpotTraining", "true");
    draft.fields.set("StoppingCondition.MaxWaitTimeInSeconds", "7200");
    lab.submit("first", draft.clone()).await;
    lab.clock.advance_seconds(1);
    draft.quota = QuotaDraft {
        choice: "fallback".to_owned(),
        on_demand_after_minutes: "10".to_owned(),
        max_usd_per_hour: "1".to_owned(),
        ..QuotaDraft::default()
    };
    let id = lab.submit("second", draft).await;
    for _ in 0..3 {
        pass(&lab, &lab.services).await;
    }
    assert_eq!(state(&lab, &id).await, LaunchState::Requested);
    lab.clock.advance_seconds(600);
    pass(&lab, &lab.services).await;
    let run = lab.run(&id).await;
    assert_eq!((run.launch_state, run.spot), (LaunchState::Submitted, false), "{:?}", run.launch_message);
    assert!(run.request.pointer("/StoppingCondition/MaxWaitTimeInSeconds").is_none());
    assert_eq!(lab.cloud.creates(), 2);
}

#[tokio::test]
async fn a_crash_at_any_call_of_a_run_that_takes_a_fallback_leaves_one_job() {
    for fault in [Fault::HangBefore, Fault::HangAfter] {
        for nth in 0.. {
            let mut lab = Lab::new().await;
            set(&lab, &[quota(WANTED, 1), quota(OTHER, 1)]).await;
            lab.submit("first", lab.draft()).await;
            pass(&lab, &lab.services).await;
            // Hours in line are no attempt: the window of a lost answer begins with the one that was sent.
            let id = lab.submit("second", fallback(&lab, OTHER, "0.5")).await;
            lab.cloud.arm(nth, fault);
            let services = lab.services.clone();
            let has_hung = lab.run_until_hung(async move { services.dispatch_once().await }).await;
            let chosen = lab.run(&id).await;
            lab.crash_and_restart().await;
            // The new process knows no quotas, or others: what may have been sent stays as it is.
            set(&lab, &[quota(WANTED, 9), quota(OTHER, 1)]).await;
            lab.settle().await;
            let run = lab.run(&id).await;
            assert_eq!(run.launch_state, LaunchState::Submitted, "{fault:?} at {nth}");
            assert_eq!(lab.cloud.creates(), 2, "{fault:?} at {nth}");
            assert_eq!(lab.cloud.state().jobs[run.job_name.as_str()].request, run.request, "{fault:?} at {nth}");
            assert_eq!((chosen.instance_type, run.fingerprint), (Some(OTHER.to_owned()), chosen.fingerprint));
            if !has_hung {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_crash_after_hours_in_line_needs_no_person() {
    let mut lab = Lab::new().await;
    set(&lab, &[quota(WANTED, 1)]).await;
    let first = lab.submit("first", lab.draft()).await;
    pass(&lab, &lab.services).await;
    let id = lab.submit("second", queued(&lab)).await;
    for _ in 0..20 {
        pass(&lab, &lab.services).await;
        lab.clock.advance_seconds(900);
    }
    end(&lab, &first).await;
    lab.cloud.arm_call("create", 0, Fault::HangBefore);
    let services = lab.services.clone();
    assert!(lab.run_until_hung(async move { services.dispatch_once().await }).await);
    lab.crash_and_restart().await;
    lab.settle().await;
    assert_eq!((state(&lab, &id).await, lab.cloud.creates()), (LaunchState::Submitted, 2));
}

#[tokio::test]
async fn a_dispatcher_that_lost_its_lease_changes_no_request() {
    let mut lab = Lab::new().await;
    set(&lab, &[quota(WANTED, 1), quota(OTHER, 1)]).await;
    let first = lab.submit("first", lab.draft()).await;
    pass(&lab, &lab.services).await;
    let id = lab.submit("second", fallback(&lab, OTHER, "0.5")).await;
    // It chose the fallback and is paused in its call; the other one finds the job and keeps it.
    lab.cloud.arm_call("create", 0, Fault::HoldBefore);
    let zombie = lab.services.clone();
    let zombie = tokio::spawn(async move { zombie.dispatch_once().await.unwrap() });
    lab.cloud.hung.notified().await;
    end(&lab, &first).await;
    let other = lab.second_server(|_| ());
    other.task_quotas().await.unwrap();
    lab.clock.advance_seconds(31);
    other.dispatch_once().await.unwrap();
    let settled = lab.run(&id).await;
    assert_eq!(settled.instance_type.as_deref(), Some(OTHER), "it may have been sent so");
    lab.cloud.release.notify_one();
    assert_eq!(zombie.await.unwrap().fenced, 1);
    assert_eq!(lab.run(&id).await.fingerprint, settled.fingerprint);
    lab.settle().await;
    assert_eq!(lab.cloud.creates(), 2);
}
