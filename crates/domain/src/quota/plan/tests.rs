use super::*;
use crate::{job_spec::fingerprint, run::fixture};

fn fields(spot: bool) -> Fields {
    let mut draft = crate::job_draft::JobDraft::default();
    draft.fields.set("AlgorithmSpecification.TrainingImage", "683313688378.dkr.ecr.us-east-1.amazonaws.com/x:1");
    draft.fields.set("RoleArn", "arn:aws:iam::000000000000:role/TrainyardLocal");
    draft.fields.set("OutputDataConfig.S3OutputPath", "s3://trainyard/runs");
    if spot {
        draft.fields.set(SPOT, "true");
        draft.fields.set("StoppingCondition.MaxWaitTimeInSeconds", "7200");
    }
    draft.fields
}

fn fallback_draft(types: &str, minutes: &str, cap: &str) -> QuotaDraft {
    QuotaDraft {
        choice: "fallback".to_owned(),
        instance_types: types.to_owned(),
        on_demand_after_minutes: minutes.to_owned(),
        max_usd_per_hour: cap.to_owned(),
    }
}

fn one_error(draft: &QuotaDraft, spot: bool, field: &str, part: &str) {
    let errors = draft.parse(&fields(spot)).expect_err("wrong");
    let named: Vec<&str> = errors.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(named, [field], "{errors:?}");
    assert!(errors[0].message.contains(part), "{part:?} in {errors:?}");
}

#[test]
fn nothing_chosen_is_no_wait_and_a_queue_has_no_fallback() {
    assert_eq!(QuotaDraft::default().parse(&fields(false)), Ok(None));
    // What is hidden behind another choice is not looked at.
    let hidden = QuotaDraft { choice: "queue".to_owned(), ..fallback_draft("nonsense", "x", "y") };
    assert_eq!(hidden.parse(&fields(false)), Ok(Some(WaitPlan::default())));
    one_error(&QuotaDraft { choice: "maybe".to_owned(), ..QuotaDraft::default() }, false, CHOICE, "`queue`");
}

#[test]
fn every_fallback_is_a_known_type_with_a_price_within_the_cap() {
    let good = fallback_draft("ml.m5.2xlarge, ml.c5.xlarge\nml.m4.xlarge", "30", "0.50");
    let plan = good.parse(&fields(true)).expect("right").expect("a wait");
    assert_eq!(plan.instance_types.len(), 3);
    assert_eq!(plan.to_draft().parse(&fields(true)), Ok(Some(plan)), "as it would be typed");
    one_error(&fallback_draft("ml.m5.2xlrge", "", "9"), false, TYPES, "ml.m5.2xlarge");
    one_error(&fallback_draft("ml.m5.xlarge", "", "9"), false, TYPES, "once");
    one_error(&fallback_draft("ml.m5.4xlarge", "", "0.5"), false, TYPES, "above the cap of $0.5000");
    one_error(&fallback_draft("", "", "9"), false, TYPES, "at least one");
    one_error(&fallback_draft("", "", "9"), true, TYPES, "on-demand");
    one_error(&fallback_draft("", "30", "0.1"), true, ON_DEMAND, "above the cap");
    one_error(&fallback_draft("ml.c5.xlarge", "30", "9"), false, ON_DEMAND, "on-demand already");
    one_error(&fallback_draft("", "soon", "9"), true, ON_DEMAND, "whole minutes");
    for cap in ["", "much", "0", "-1"] {
        one_error(&fallback_draft("ml.c5.xlarge", "", cap), false, CAP, ".");
    }
    let unpriced = InstanceTypeInfo::all().iter().find(|it| it.price.is_none()).expect("some are unpriced");
    one_error(&fallback_draft(&unpriced.name, "", "900"), false, TYPES, "No price is known");
}

#[test]
fn a_cap_is_for_the_whole_cluster_and_a_fallback_must_be_possible() {
    let mut three = fields(false);
    three.set("ResourceConfig.InstanceCount", "3");
    let draft = fallback_draft("ml.c5.xlarge", "", "0.30");
    assert!(draft.parse(&fields(false)).is_ok() && draft.parse(&three).is_err());
    let mut key = fields(false);
    key.set("ResourceConfig.VolumeKmsKeyId", "1234abcd-12ab-34cd-56ef-1234567890ab");
    let errors = fallback_draft("ml.g5.xlarge", "", "9").parse(&key).expect_err("NVMe types take no key");
    assert!(errors[0].field == TYPES && errors[0].message.contains("cannot run on `ml.g5.xlarge`"), "{errors:?}");
}

#[test]
fn candidates_come_in_order_and_on_demand_when_it_is_time() {
    let plan = fallback_draft("ml.m5.2xlarge", "30", "0.50").parse(&fields(true)).expect("right").expect("a wait");
    let wanted = fields(true).to_request().expect("right").into_value();
    let shown = |seconds: i64| -> Vec<(String, bool)> {
        let of = |it: &Value| {
            let parts = TrainingJobRequest::of_recorded(it.clone());
            (parts.instances()[0].0.clone(), parts.is_spot())
        };
        plan.candidates(&wanted, seconds).iter().map(of).collect()
    };
    let it = |name: &str, spot: bool| (name.to_owned(), spot);
    assert_eq!(shown(1_799), [it("ml.m5.xlarge", true), it("ml.m5.2xlarge", true)]);
    let late =
        [it("ml.m5.xlarge", true), it("ml.m5.2xlarge", true), it("ml.m5.xlarge", false), it("ml.m5.2xlarge", false)];
    assert_eq!(shown(1_800), late);
    let last = plan.candidates(&wanted, 1_800).pop().expect("four");
    assert!(last.pointer("/StoppingCondition/MaxWaitTimeInSeconds").is_none());
    // A price list of a later version may have moved a fallback above the cap.
    let dear = WaitPlan { max_per_hour: Some(NanoUsd(1)), ..plan };
    assert_eq!(dear.candidates(&wanted, i64::MAX), [wanted]);
}

#[test]
fn an_amended_run_has_the_request_that_is_sent_with_its_price_and_fingerprint() {
    let mut request = fields(false).to_request().expect("right").into_value();
    request["Tags"] =
        serde_json::json!([{ "Key": tag::FINGERPRINT, "Value": "old" }, { "Key": tag::RUN_ID, "Value": "x" }]);
    let kind = InstanceType::parse("ml.m5.2xlarge").expect("a type");
    let run = amended(&fixture::run(), fallback(&request, Some(&kind), false));
    assert_eq!((run.instance_type.as_deref(), run.instance_count, run.spot), (Some("ml.m5.2xlarge"), 1, false));
    assert_eq!(
        run.price.as_ref().map(|it| it.price_nanousd_per_hour),
        kind.info().and_then(|it| it.price.as_ref()).map(|it| it.price_nanousd_per_hour)
    );
    let tags = run.request["Tags"].as_array().expect("tags");
    let own: Vec<&Value> = tags.iter().filter(|it| it["Key"] == tag::FINGERPRINT).collect();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["Value"], run.fingerprint.as_str());
    assert_eq!(run.wanted(), Some("ml.m5.xlarge on-demand"));
    let mut without = run.request.clone();
    without["Tags"].as_array_mut().expect("tags").retain(|it| it["Key"] != tag::FINGERPRINT);
    assert_eq!(fingerprint(&without), run.fingerprint);
}
