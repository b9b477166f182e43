//! A git repository as the source of a launch: which commit runs, when its host is asked, and what is said when not.

use std::time::Duration;

use domain::{
    git_source::GitSource,
    job_draft::{FieldError, JobDraft},
    sweep::SweepDraft,
};
use services::{LaunchSubmitted, Services, SourceLimits, SweepSubmitted};

use crate::{git_host::GitHost, lab::Lab};

fn draft(lab: &Lab, host: &GitHost, reference: &str, folder: &str) -> JobDraft {
    let git = GitSource { url: host.url(), reference: reference.to_owned(), folder: folder.to_owned(), commit: None };
    JobDraft { source: "git".to_owned(), git, ..lab.draft() }
}

async fn refused(services: &Services, key: &str, draft: JobDraft) -> Vec<FieldError> {
    match services.launch_submit(key, draft, None).await.unwrap() {
        LaunchSubmitted::Run(id) => panic!("launched {id}"),
        LaunchSubmitted::Invalid { errors } => errors,
    }
}

/// The only error: its field, and what its message has to say.
async fn refused_for(services: &Services, draft: JobDraft, field: &str, words: &str) {
    let errors = refused(services, field, draft).await;
    let [error] = errors.as_slice() else { panic!("one error: {errors:?}") };
    assert_eq!(error.field, field, "{}", error.message);
    assert!(error.message.contains(words), "{}", error.message);
    assert!(!error.message.contains(char::is_control));
}

#[tokio::test]
async fn a_branch_is_launched_at_its_commit_and_the_run_says_which() {
    let lab = Lab::new().await;
    let host = GitHost::start().await;
    let commit =
        host.push(&[("train.py", "print('top')\n"), ("vision/train.py", "print('vision')\n"), ("README.md", "#\n")]);
    host.tag("v1");
    let id = lab.submit_without_source("key", draft(&lab, &host, "main", "./vision/")).await;
    let run = lab.run(&id).await;
    let origin = run.git_origin().unwrap();
    assert_eq!(
        (origin.url.as_str(), origin.commit.as_str(), origin.folder.as_str()),
        (&*host.url(), &*commit, "vision")
    );
    let source = lab.services.run_source_meta_get(&id).await.unwrap();
    assert_eq!(source.entries.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(), ["train.py"], "the folder alone");
    assert_eq!((run.entry_point(), source.file_name.as_str()), (Some("train.py"), "models.tar.gz"));
    lab.services.dispatch_once().await.unwrap();
    let uri = run.request["HyperParameters"]["sagemaker_submit_directory"].as_str().unwrap().to_owned();
    assert!(lab.cloud.state().objects.contains_key(&uri), "it is where the job looks for it");

    // The default branch and an annotated tag are the same commit, and equal files are one archive.
    for (key, reference) in [("default", ""), ("tag", "v1"), ("hash", &*commit)] {
        let id = lab.submit_without_source(key, draft(&lab, &host, reference, "vision")).await;
        let other = lab.run(&id).await;
        assert_eq!((other.git_origin(), &other.source_sha256), (Some(origin.clone()), &run.source_sha256));
    }
}

#[tokio::test]
async fn an_open_form_asks_again_and_a_launched_one_never() {
    let lab = Lab::new().await;
    let mut host = GitHost::start().await;
    host.push(&[("other.py", "print()\n")]);
    let form = draft(&lab, &host, "main", "");
    let errors = refused(&lab.services, "key", form.clone()).await;
    assert_eq!(errors[0].field, "entry_point");
    // Somebody pushes the fix: the same form goes through.
    let fixed = host.push(&[("train.py", "print('fixed')\n")]);
    let id = lab.submit_without_source("key", form.clone()).await;
    assert_eq!(lab.run(&id).await.git_origin().unwrap().commit, fixed);

    host.push(&[("train.py", "print('later')\n")]);
    let asked = host.asked();
    assert_eq!(lab.submit_without_source("key", form.clone()).await, id, "the branch has moved, the form has not");
    let other = JobDraft { git: GitSource { reference: "dev".to_owned(), ..form.git.clone() }, ..form.clone() };
    let errors = refused(&lab.services, "key", other).await;
    assert_eq!(errors.iter().map(|it| it.field.as_str()).collect::<Vec<_>>(), ["git_ref"]);
    assert!(errors[0].message.contains("launched already"), "{}", errors[0].message);
    assert_eq!(
        refused(&lab.services, "key", JobDraft { experiment: "x".to_owned(), ..form.clone() }).await[0].field,
        "experiment"
    );
    assert_eq!(host.asked(), asked, "nobody asked the host");

    // The clone is the old commit, relaunched without its host.
    host.close().await;
    let clone = lab.services.launch_clone(&id).await.unwrap();
    assert_eq!((clone.source.as_str(), clone.git.reference.as_str()), ("git", fixed.as_str()));
    let check = lab.services.relaunch_check(&id).await.unwrap();
    assert!(check.items.iter().any(|it| it.summary.contains(&fixed)), "{:?}", check.items);
    let LaunchSubmitted::Run(again) = lab.services.run_relaunch(&id, "again").await.unwrap() else { panic!("refused") };
    let (first, again) = (lab.run(&id).await, lab.run(&again).await);
    assert_eq!((again.git_origin(), &again.source_sha256), (first.git_origin(), &first.source_sha256));
    assert_eq!(JobDraft::of_run(&again).unwrap(), JobDraft::of_run(&first).unwrap(), "it repeats the first");
    let elsewhere = GitSource { folder: "sub".to_owned(), ..clone.git.clone() };
    let errors = refused(&lab.services, "new", JobDraft { git: elsewhere, ..clone }).await;
    assert_eq!(errors[0].field, "git_url", "another folder has to be fetched");
}

#[tokio::test]
async fn fifty_presses_of_a_form_are_one_run() {
    let lab = Lab::new().await;
    let host = GitHost::start().await;
    host.push(&[("train.py", "print(1)\n")]);
    let press = || {
        let (services, draft) = (lab.services.clone(), draft(&lab, &host, "main", ""));
        tokio::spawn(async move { services.launch_submit("one key", draft, None).await.unwrap() })
    };
    let first = press();
    let mut presses = Vec::new();
    for number in 0..4 {
        host.push(&[("train.py", &format!("print({number})\n"))]);
        presses.push(press());
    }
    let LaunchSubmitted::Run(id) = first.await.unwrap() else { panic!("refused") };
    for press in presses {
        assert_eq!(press.await.unwrap(), LaunchSubmitted::Run(id.clone()), "whatever commit it found");
    }
}

#[tokio::test]
async fn what_cannot_be_fetched_is_named_beside_its_field_and_nothing_is_launched() {
    let mut lab = Lab::new().await;
    let mut host = GitHost::start().await;
    refused_for(&lab.services, draft(&lab, &host, "", ""), "git_url", "no commit yet").await;
    let commit = host.push(&[("vision/train.py", "print()\n")]);
    let services = &lab.services;
    refused_for(services, draft(&lab, &host, "nope", ""), "git_ref", "`nope`: check its name").await;
    refused_for(services, draft(&lab, &host, &commit[..8], ""), "git_ref", "full hash").await;
    refused_for(services, draft(&lab, &host, &"0".repeat(40), ""), "git_ref", "default branch").await;
    refused_for(services, draft(&lab, &host, "main", "speech"), "git_folder", "`vision`").await;
    refused_for(services, draft(&lab, &host, "main", "vision/train.py"), "git_folder", "no folder").await;
    let missing = GitSource { url: host.url().replace("models", "other"), ..GitSource::default() };
    refused_for(services, JobDraft { git: missing, ..draft(&lab, &host, "", "") }, "git_url", "not found").await;
    refused_for(services, draft(&lab, &host, "main", ""), "entry_point", "`vision/train.py`").await;

    let no_git = lab.second_server(|it| it.git.program = "/no/such/git".into());
    refused_for(&no_git, draft(&lab, &host, "main", "vision"), "git_url", "no program `git`").await;
    let hurried = lab.second_server(|it| it.git.timeout = Duration::ZERO);
    refused_for(&hurried, draft(&lab, &host, "main", "vision"), "git_url", "within 0 seconds").await;
    let small = SourceLimits { unpacked_bytes: 1_000, ..SourceLimits::default() };
    let small = lab.second_server(|it| it.source_limits = small);
    refused_for(&small, draft(&lab, &host, "main", "vision"), "git_url", "larger than 1000 bytes").await;

    std::os::unix::fs::symlink("train.py", host.work().join("vision/link.py")).unwrap();
    host.commit();
    refused_for(&lab.services, draft(&lab, &host, "main", "vision"), "git_folder", "symbolic link").await;
    host.close().await;
    refused_for(&lab.services, draft(&lab, &host, "main", "vision"), "git_url", "git says: ").await;
    assert_eq!(lab.cloud.creates(), 0);
}

#[tokio::test]
async fn a_host_that_gives_no_single_commits_gives_its_branch() {
    let lab = Lab::new().await;
    let host = GitHost::start().await;
    let old = host.push(&[("train.py", "print('old')\n")]);
    host.push(&[("train.py", "print('new')\n")]);
    host.become_old();
    let id = lab.submit_without_source("key", draft(&lab, &host, &old, "")).await;
    assert_eq!(lab.run(&id).await.git_origin().unwrap().commit, old);
    let source = lab.services.run_source_meta_get(&id).await.unwrap();
    assert_eq!(source.entries[0].size_bytes, "print('old')\n".len() as u64);
}

#[tokio::test]
async fn every_trial_of_a_sweep_runs_the_commit_that_was_judged() {
    let lab = Lab::new().await;
    let mut host = GitHost::start().await;
    let commit = host.push(&[("train.py", "print()\n")]);
    let errors = lab.services.sweep_draft_submit("form", draft(&lab, &host, "main", ""), None).await.unwrap();
    assert_eq!(errors, []);
    host.push(&[("train.py", "print('later')\n")]);
    host.close().await;
    let form = SweepDraft { parameters: vec![("epochs".to_owned(), "1,2".to_owned())], ..SweepDraft::default() };
    let SweepSubmitted::Sweep(id) = lab.services.sweep_submit("form", &form).await.unwrap() else { panic!("refused") };
    lab.services.task_sweeps().await.unwrap();
    let sweep = lab.services.sweep_get(&id).await.unwrap().unwrap();
    assert!(!sweep.runs.is_empty(), "{:?}", sweep.sweep.message);
    assert!(sweep.runs.iter().all(|it| it.git_origin().is_some_and(|it| it.commit == commit)));
}
