//! Warm pools: kept, reused, expired, updated, deleted; and what the server may die of in between.

use aws_local::job::{JobError, WarmPool};
use serde_json::{Value, json};

use crate::bench::{Bench, Test, request};

pub(crate) const TESTS: &[Test] = &[
    ("warm_pool::a_matching_job_reuses_it", a_matching_job_reuses_it),
    ("warm_pool::it_ends_with_its_period_and_by_update", it_ends_with_its_period_and_by_update),
];

fn start(bench: &Bench, name: &str, seconds: u64, change: fn(&mut Value)) {
    bench.start(
        name,
        request("none", |request| {
            request["HyperParameters"] = json!({});
            request["AlgorithmSpecification"]["ContainerEntrypoint"] = json!(["/bin/true"]);
            request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = json!(seconds);
            change(request);
        }),
    );
}

fn pool(bench: &Bench, name: &str) -> WarmPool {
    bench.host.warm_pool(name).expect("a pool")
}

fn a_matching_job_reuses_it() {
    let mut bench = Bench::with(|config| config.start_delay_seconds = 4);
    start(&bench, "keeper", 600, |_| {});
    assert_eq!((pool(&bench, "keeper").status, pool(&bench, "keeper").retained_billable_seconds), ("InUse", None));
    let cold = bench.end("keeper");
    assert!(cold.started_at_ms.expect("a start") - cold.created_at_ms > 3900, "{cold:#?}");
    assert_eq!(pool(&bench, "keeper").status, "Available");
    assert!(matches!(bench.host.delete("keeper"), Err(JobError::WarmPoolAvailable)));
    bench.reopen();
    assert_eq!(pool(&bench, "keeper").status, "Available");

    start(&bench, "other", 0, |request| request["RoleArn"] = json!("arn:aws:iam::000000000000:role/Other"));
    assert_eq!(pool(&bench, "keeper").status, "Available");
    start(&bench, "guest", 0, |_| {});
    let taken = pool(&bench, "keeper");
    assert_eq!((taken.status, taken.reused_by.as_deref()), ("Reused", Some("guest")));
    start(&bench, "late", 0, |_| {});
    assert!(matches!(bench.host.delete("late"), Err(JobError::NotEnded { .. })));
    assert_eq!(pool(&bench, "keeper").reused_by.as_deref(), Some("guest"), "no pool is given away twice");

    let warm = bench.end("guest");
    assert!(warm.started_at_ms.expect("a start") - warm.created_at_ms < 4000, "{warm:#?}");
    assert_eq!(warm.transitions[0].message, "Reusing the warm pool of the training job keeper");
    assert_eq!(bench.host.warm_pool("guest"), None);
    bench.reopen();
    assert_eq!(pool(&bench, "keeper"), taken);
    bench.host.delete("keeper").expect("deleted");
    assert!(bench.host.get("keeper").is_none() && !bench.job_dir("keeper").exists());
    assert!(matches!(bench.host.delete("keeper"), Err(JobError::NotFound { .. })));
}

fn it_ends_with_its_period_and_by_update() {
    let mut bench = Bench::new();
    start(&bench, "short", 1, |_| {});
    start(&bench, "long", 600, |_| {});
    start(&bench, "none", 0, |_| {});
    for name in ["short", "long", "none"] {
        assert_eq!(bench.end(name).status, "Completed");
    }
    bench.wait("short", "the end of its pool", |_| pool(&bench, "short").status == "Terminated");
    assert_eq!(pool(&bench, "short").retained_billable_seconds, Some(1));
    assert_eq!(bench.host.warm_pool("none"), None);

    let period = |seconds: u64| json!({"ResourceConfig": {"KeepAlivePeriodInSeconds": seconds}});
    bench.host.update("long", &period(900)).expect("extended");
    assert_eq!(bench.get("long").request["ResourceConfig"]["KeepAlivePeriodInSeconds"], 900);
    assert_eq!(bench.get("long").request["ResourceConfig"]["InstanceCount"], 1);
    assert_eq!(pool(&bench, "long").status, "Available");
    bench.host.update("long", &period(0)).expect("ended");
    assert_eq!(pool(&bench, "long").status, "Terminated");
    // What is over stays over.
    for name in ["short", "long"] {
        bench.host.update(name, &period(3600)).expect("kept");
    }
    bench.reopen();
    for name in ["short", "long"] {
        assert_eq!(pool(&bench, name).status, "Terminated", "{name}");
        assert_eq!(bench.get(name).request["ResourceConfig"]["KeepAlivePeriodInSeconds"], 3600);
    }
    bench.host.delete("long").expect("deleted");
}
