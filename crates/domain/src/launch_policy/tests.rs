use super::*;

fn policy(json: &str) -> LaunchPolicy {
    serde_json::from_str(json).expect("a policy")
}

fn vision() -> LaunchPolicy {
    policy(
        r#"{"experiments": "vision-*", "required_tags": ["cost-center"], "allowed_instance_types": ["ml.g5.*", "ml.m5.xlarge"],
            "max_instances": 4, "message": "Ask ann@example.com."}"#,
    )
}

fn draft(experiment: &str) -> JobDraft {
    let mut draft = JobDraft { experiment: experiment.to_owned(), ..JobDraft::default() };
    draft.fields.set("Tags[0].Key", "cost-center");
    draft.fields.set("Tags[0].Value", "42");
    draft
}

fn refused(draft: &JobDraft) -> Vec<(String, String)> {
    policy_errors(&[vision()], draft).into_iter().map(|it| (it.field, it.message)).collect()
}

#[test]
fn what_may_be_sent_instead_is_held_to_the_policy_too() {
    let mut with_fallback = draft("vision-1");
    with_fallback.fields.set("ResourceConfig.InstanceType", "ml.m5.xlarge");
    with_fallback.quota.choice = "fallback".to_owned();
    with_fallback.quota.instance_types = "ml.g5.xlarge ml.m5.2xlarge".to_owned();
    with_fallback.quota.max_usd_per_hour = "100".to_owned();
    assert!(with_fallback.quota.parse(&with_fallback.fields).is_ok_and(|it| it.is_some()), "a plan that could be kept");
    let [(field, message)] = &refused(&with_fallback)[..] else { panic!("one refusal") };
    assert_eq!(field, "quota.instance_types");
    assert!(message.contains("`ml.m5.2xlarge`"), "{message}");
}

#[test]
fn of_preferences_each_counts_alone_and_no_count_is_too_large_to_be_seen() {
    let mut preferences = draft("vision-1");
    for (row, name) in ["ml.g5.xlarge", "ml.p4d.24xlarge"].into_iter().enumerate() {
        preferences.fields.set(format!("ResourceConfig.InstancePreferences[{row}].InstanceType"), name);
        preferences.fields.set(format!("ResourceConfig.InstancePreferences[{row}].InstanceCount"), "3");
    }
    preferences.fields.remove("ResourceConfig.InstanceType");
    preferences.fields.remove("ResourceConfig.InstanceCount");
    let [(field, _)] = &refused(&preferences)[..] else { panic!("the second type alone: {:?}", refused(&preferences)) };
    assert_eq!(field, "ResourceConfig.InstancePreferences[1].InstanceType");
    let mut many = draft("vision-1");
    many.fields.set("ResourceConfig.InstanceType", "ml.m5.xlarge");
    many.fields.set("ResourceConfig.InstanceCount", "5000000000");
    assert_eq!(refused(&many)[0].0, "ResourceConfig.InstanceCount");
}

#[test]
fn stars_stand_for_anything() {
    let fits = |pattern: &str, name: &str| Pattern::parse(pattern).expect(pattern).fits(name);
    for (pattern, name) in [
        ("*", ""),
        ("*", "any"),
        ("vision-*", "vision-"),
        ("vision-*", "vision-a b"),
        ("ml.*.xlarge", "ml.m5.xlarge"),
        ("*a*b*", "xaxbx"),
        ("a*ab", "aab"),
        ("same", "same"),
        ("é*é", "éé"),
    ] {
        assert!(fits(pattern, name), "{pattern} fits {name}");
    }
    for (pattern, name) in [
        ("vision-*", "Vision-a"),
        ("vision-*", "a vision-a"),
        ("a*a", "a"),
        ("ml.g5.*", "ml.g5x"),
        ("same", "sam"),
        ("a*b*c", "acb"),
    ] {
        assert!(!fits(pattern, name), "{pattern} does not fit {name}");
    }
}

#[test]
fn a_refusal_names_the_field_the_policy_and_the_cure() {
    assert!(refused(&draft("vision-1")).is_empty());
    let mut other = draft("speech-1");
    other.fields.remove("Tags");
    assert!(refused(&other).is_empty(), "another experiment");

    let mut form = draft("vision-1");
    form.fields.remove("Tags");
    form.fields.set("ResourceConfig.InstanceType", "ml.p4d.24xlarge");
    form.fields.set("ResourceConfig.InstanceCount", "5");
    let found = refused(&form);
    let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["Tags", "ResourceConfig.InstanceType", "ResourceConfig.InstanceCount"]);
    for ((_, message), words) in found.iter().zip([
        "requires the tag `cost-center`: add it",
        "does not allow `ml.p4d.24xlarge`: choose one of `ml.g5.*`, `ml.m5.xlarge`.",
        "at most 4 instances together, and there are 5",
    ]) {
        assert!(message.contains(words) && message.contains("`vision-*`"), "{message}");
        assert!(message.ends_with(" Ask ann@example.com."), "{message}");
    }
    assert_eq!(missing_tags(&[vision(), vision()], &form), ["cost-center"]);
}

#[test]
fn a_blank_value_and_every_group_of_instances_count() {
    let mut form = draft("vision-1");
    form.fields.set("Tags[0].Value", "  ");
    assert_eq!(refused(&form)[0].0, "Tags[0].Value");
    assert!(missing_tags(&[vision()], &form).is_empty(), "it has a row to type into");

    let mut form = draft("vision-1");
    form.fields.remove("ResourceConfig.InstanceType");
    form.fields.remove("ResourceConfig.InstanceCount");
    for (row, name) in ["ml.g5.xlarge", "ml.c5.xlarge"].into_iter().enumerate() {
        form.fields.set(format!("{GROUPS}[{row}].InstanceType"), name);
        form.fields.set(format!("{GROUPS}[{row}].InstanceCount"), "3");
    }
    let fields: Vec<String> = refused(&form).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, [format!("{GROUPS}[1].InstanceType"), format!("{GROUPS}[1].InstanceCount")]);
}

#[test]
fn all_policies_that_fit_count() {
    let all = policy(r#"{"experiments": "*", "max_instances": 1}"#);
    let mut form = draft("vision-1");
    form.fields.set("ResourceConfig.InstanceCount", "2");
    assert_eq!(policy_errors(&[vision(), all.clone()], &form).len(), 1);
    assert_eq!(all.rules(), ["At most 1 instance together"]);
    assert_eq!(
        policy(&serde_json::to_string(&vision()).expect("JSON")),
        vision(),
        "it goes to the form and comes back"
    );
}

#[test]
fn a_policy_that_cannot_be_kept_is_refused_when_it_is_read() {
    let fault = |json: &str| serde_json::from_str::<LaunchPolicy>(json).expect_err(json).to_string();
    for (json, words) in [
        (r#"{"required_tags": ["a"]}"#, "needs experiments"),
        (r#"{"experiments": "", "max_instances": 1}"#, "needs experiments"),
        (r#"{"experiments": "vision-*"}"#, "vision-* says nothing"),
        (r#"{"experiments": "*", "required_tags": ["a,b"]}"#, "`a,b` cannot be required"),
        (r#"{"experiments": "*", "required_tags": ["trainyard:x"]}"#, "cannot be required"),
        (r#"{"experiments": "*", "allowed_instance_types": []}"#, "no job could be launched"),
        (r#"{"experiments": "*", "allowed_instance_types": ["g5.*"]}"#, "they begin with `ml.`"),
        (r#"{"experiments": "*", "max_instances": 0}"#, "max_instances is 0"),
        (r#"{"experiments": "*", "max_instances": 1, "message": "a\nb"}"#, "no line break"),
        (r#"{"experiments": "*", "tags": ["a"]}"#, "unknown field `tags`"),
    ] {
        assert!(fault(json).contains(words), "{}", fault(json));
    }
}
