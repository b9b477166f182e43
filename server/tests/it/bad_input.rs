//! What must not be launched: the form names the field, keeps what was typed, and nothing reaches the engine.

use std::io::Write as _;

use domain::run::RunFilter;
use serde_json::Value;

use crate::harness::{LaunchForm, QUICK_SCRIPT, TestApp};

const INSTANCE_TYPE: &str = "ResourceConfig.InstanceType";
const INSTANCE_COUNT: &str = "ResourceConfig.InstanceCount";
const SPOT: &str = "EnableManagedSpotTraining";
const MAX_WAIT: &str = "StoppingCondition.MaxWaitTimeInSeconds";
const METRICS: &str = "AlgorithmSpecification.MetricDefinitions";

/// A `tar.gz` with one entry of this name; the name is written as it is.
fn archive_with(name: &str, kind: tar::EntryType) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_gnu_mut().expect("a GNU header").name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(0);
    header.set_mode(0o644);
    header.set_entry_type(kind);
    if kind != tar::EntryType::Regular {
        header.as_gnu_mut().expect("a GNU header").linkname[..11].copy_from_slice(b"/etc/passwd");
    }
    header.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append(&header, std::io::empty()).expect("appended");
    let bytes = archive.into_inner().expect("an archive");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&bytes).expect("packed");
    packed.finish().expect("packed")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_is_named_at_its_field_and_nothing_is_launched() {
    let app = TestApp::start().await;
    let good = || LaunchForm::script(QUICK_SCRIPT);
    let many = (0..101).fold(good(), |form, number| {
        let row = format!("HyperParameters[{number}]");
        form.set(&format!("{row}.name"), &format!("p{number}")).set(&format!("{row}.value"), "1")
    });
    let regex = format!("{METRICS}[0].Regex");
    let cases: Vec<(&str, LaunchForm, &str)> = vec![
        ("an unknown instance type", good().set(INSTANCE_TYPE, "ml.huge"), INSTANCE_TYPE),
        ("a name that is too long", good().set("job_name", &"a".repeat(64)), "job_name"),
        ("spot without a maximal wait", good().add(SPOT, "true"), MAX_WAIT),
        ("spot with a wait below the runtime", good().add(SPOT, "true").set(MAX_WAIT, "10"), MAX_WAIT),
        ("101 hyperparameters", many, "HyperParameters"),
        ("a value of 2,501 characters", good().set("HyperParameters[0].value", &"x".repeat(2_501)), "HyperParameters"),
        ("a regex without a group", good().set(&regex, "loss=[0-9]+"), METRICS),
        ("a regex that is none", good().set(&regex, "loss=([0-9"), METRICS),
        ("no instance at all", good().set(INSTANCE_COUNT, "0"), INSTANCE_COUNT),
        ("a member that SageMaker has not", good().set("ResourceConfig.Colour", "red"), "ResourceConfig.Colour"),
        (
            "an archive that climbs out",
            good().file("s.tar.gz", archive_with("../train.py", tar::EntryType::Regular)),
            "source_file",
        ),
        (
            "an archive with a link",
            good().file("s.tar.gz", archive_with("train.py", tar::EntryType::Symlink)),
            "source_file",
        ),
        ("an empty upload", good().file("train.py", Vec::new()), "source_file"),
        ("a script that is no text", good().file("train.py", vec![0xff, 0xfe, 0x00]), "source_file"),
        ("an archive that is none", good().file("s.zip", b"not a zip".to_vec()), "source_file"),
    ];
    for (what, form, field) in cases {
        let refused = app.try_launch(form).await;
        let Err((status, body)) = refused else { panic!("{what} was launched") };
        assert_eq!(status, 422, "{what}: {body}");
        let fields: Vec<&str> =
            body["errors"].as_array().into_iter().flatten().filter_map(|it| it["field"].as_str()).collect();
        assert!(fields.iter().any(|it| it.starts_with(field)), "{what}: {body}");
    }
    let runs = app.services.run_list(&RunFilter::default()).await.expect("a list");
    assert_eq!(runs.total, 0, "nothing was launched");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_over_the_limit_gets_an_answer_and_no_reset() {
    let app = TestApp::start().await;
    let limit = usize::try_from(app.services.max_upload_bytes()).expect("fits");
    let form = LaunchForm::script("").file("big.tar.gz", vec![7; limit + 40 * 1024 * 1024]);
    let Err((status, body)) = app.try_launch(form).await else { panic!("launched") };
    assert_eq!(status, 422);
    assert!(body["errors"][0]["field"].as_str().is_some_and(|it| it.starts_with("source")), "{body}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_comes_back_as_it_was_typed() {
    let app = TestApp::start().await;
    let form = LaunchForm::script(QUICK_SCRIPT)
        .set("idempotency_key", "kept")
        .set("experiment", "Wine & <cheese>")
        .set(INSTANCE_TYPE, "ml.huge");
    let answer =
        app.post("/launch").header("accept", "text/html").multipart(form.multipart()).send().await.expect("an answer");
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/launch?draft=kept");
    let html = app.get("/launch?draft=kept").send().await.expect("an answer").text().await.expect("text");
    assert!(html.contains("Wine &amp; &lt;cheese&gt;"), "what was typed is there, escaped");
    assert!(!html.contains("<cheese>"), "and never as markup");
    let form: Value = app.call("launch_form_get", serde_json::json!({ "wanted": { "draft_key": "kept" } })).await;
    assert_eq!(form["draft"]["fields"][INSTANCE_TYPE], "ml.huge");
    assert!(form["errors"].as_array().is_some_and(|it| it.iter().any(|one| one["field"] == INSTANCE_TYPE)), "{form}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_politely() {
    let app = TestApp::start().await;
    for (path, status) in [
        ("/runs/not-an-id", 404),
        ("/runs/01ARZ3NDEKTSV4RRFFQ69G5FAV", 404),
        ("/runs/01ARZ3NDEKTSV4RRFFQ69G5FAV/model.tar.gz", 404),
        ("/runs/..%2f..%2fetc%2fpasswd/model.tar.gz", 404),
        ("/pkg/../server/Cargo.toml", 404),
        ("/pkg/..%2f..%2fCargo.toml", 404),
        ("/pkg/%252e%252e/Cargo.toml", 404),
        ("/live", 400),
        ("/live?topic=everything", 400),
        ("/live?topic=run:..", 400),
        ("/no/such/page", 404),
    ] {
        let answer = app.get(path).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
    let long = format!("/runs?name={}", "x".repeat(9_000));
    assert_eq!(app.get(&long).send().await.expect("an answer").status(), 414);
    let other = app.post("/launch").header("content-type", "text/plain").body("x").send().await.expect("an answer");
    assert_eq!(other.status(), 415);
    app.stop().await;
}
