//! Jobs that wait for their turn, and what ends the wait.

use std::fs;

use serde_json::{Value, json};

use crate::bench::{Bench, Test, course, request};

pub(crate) const TESTS: &[Test] = &[
    ("queue::jobs_wait_in_order_and_survive_the_server", jobs_wait_in_order_and_survive_the_server),
    ("queue::who_waits_can_be_stopped_and_runs_out_of_time", who_waits_can_be_stopped_and_runs_out_of_time),
    ("queue::twenty_jobs_at_once_all_end", twenty_jobs_at_once_all_end),
];

/// Trains until the file `go` is in the bucket's folder for it.
fn gate(bench: &Bench) -> String {
    format!("import os, time\nwhile not os.path.exists('{}'): time.sleep(0.02)\n", bench.s3("go").display())
}

fn jobs_wait_in_order_and_survive_the_server() {
    // Plain processes see the gate, which lies in the engine's own folder.
    let mut bench = Bench::with(|config| (config.max_jobs, config.use_namespaces) = (1, false));
    let script = gate(&bench);
    for name in ["q-c", "q-b", "q-a"] {
        bench.script(name, &script, |_| {});
    }
    bench.wait("q-c", "training", |job| job.secondary_status == "Training");
    let said = |bench: &Bench, name: &str| {
        let job = bench.get(name);
        let last = job.transitions.last().expect("a transition").clone();
        assert_eq!((job.status.as_str(), last.status.as_str()), ("InProgress", "Pending"), "{job:#?}");
        last.message
    };
    assert!(said(&bench, "q-b").contains("place 1 of 2"), "{}", said(&bench, "q-b"));
    assert!(said(&bench, "q-a").contains("1 training jobs run at once: place 2 of 2"), "{}", said(&bench, "q-a"));
    bench.reopen();
    assert!(said(&bench, "q-b").contains("place 1 of 2"), "{}", said(&bench, "q-b"));
    assert_eq!(bench.get("q-c").secondary_status, "Training");
    bench.put("go", b"");
    let jobs: Vec<_> = ["q-c", "q-b", "q-a"].map(|name| bench.end(name)).into();
    for job in &jobs {
        assert_eq!(job.status, "Completed", "{job:#?}");
    }
    assert_eq!(
        course(&jobs[1]),
        ["Starting", "Pending", "Starting", "Downloading", "Training", "Uploading", "Completed"]
    );
    assert!(jobs[0].ended_at_ms <= jobs[1].started_at_ms && jobs[1].ended_at_ms <= jobs[2].started_at_ms);
}

fn who_waits_can_be_stopped_and_runs_out_of_time() {
    let bench = Bench::with(|config| (config.max_jobs, config.use_namespaces) = (1, false));
    let script = gate(&bench);
    bench.script("first", &script, |_| {});
    bench.script("stopped", &script, |_| {});
    bench.script("scarce", &script, |request| {
        request["ResourceConfig"]["InstanceType"] = json!("ml.g5.xlarge");
        request["StoppingCondition"] = json!({"MaxRuntimeInSeconds": 60, "MaxPendingTimeInSeconds": 1});
    });
    bench.script("spot", &script, |request| {
        request["EnableManagedSpotTraining"] = json!(true);
        request["StoppingCondition"] = json!({"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 1});
    });
    bench.host.stop("stopped").expect("stopping");
    let ends = [
        ("stopped", "Stopped", "Training job stopped"),
        ("scarce", "Stopped", "MaxPendingTimeInSeconds"),
        ("spot", "MaxWaitTimeExceeded", "MaxWaitTimeInSeconds"),
    ];
    for (name, secondary, message) in ends {
        let job = bench.end(name);
        assert_eq!((job.status.as_str(), job.secondary_status.as_str()), ("Stopped", secondary), "{job:#?}");
        assert_eq!(course(&job), ["Starting", "Pending", "Stopping", secondary]);
        assert!(job.transitions.last().expect("a transition").message.contains(message), "{job:#?}");
        // It never ran: nothing is billed, and there was never a process.
        assert_eq!((job.started_at_ms, job.training_seconds, job.billable_seconds), (None, None, None));
        assert!(!bench.job_dir(name).join("supervisor.json").exists());
    }
    assert_eq!(bench.get("first").status, "InProgress");
}

fn twenty_jobs_at_once_all_end() {
    let bench = Bench::new();
    bench.put_source("sources/x.tar.gz", &[("train.py", "")]);
    // The machine's own limit, whatever it is; a command that needs nothing keeps this quick.
    let quick = |request: &mut Value| {
        request["HyperParameters"] = json!({});
        request["AlgorithmSpecification"]["ContainerEntrypoint"] = json!(["/bin/true"]);
    };
    for number in 0..20 {
        bench.start(&format!("crowd-{number}"), request("sources/x.tar.gz", quick));
    }
    for number in 0..20 {
        let job = bench.end(&format!("crowd-{number}"));
        assert_eq!(job.status, "Completed", "{job:#?}");
    }
    assert!(fs::read_dir(bench.data.path().join("jobs")).expect("listed").count() == 20);
}
