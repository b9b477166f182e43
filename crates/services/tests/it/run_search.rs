//! What is done to many runs at once, and a team's views.

use domain::{
    run_search::{Condition, Field, RunView, RunViewName},
    time::Timestamp,
};
use services::{ArchiveOutcome, ServiceError, StopOutcome};

use crate::lab::Lab;

#[tokio::test]
async fn each_of_many_runs_has_its_outcome() {
    let lab = Lab::new().await;
    let (first, second) = (lab.submit("key", lab.draft()).await, lab.submit("other", lab.draft()).await);
    let missing = domain::ids::RunId::new(Timestamp::from_unix_millis(1), 1);
    lab.services.run_stop(&first).await.unwrap();
    let archived = lab.services.run_archive(&[second.clone(), missing.clone(), first.clone()], true).await.unwrap();
    let expected = [
        (second.clone(), ArchiveOutcome::NotOver),
        (missing.clone(), ArchiveOutcome::Missing),
        (first.clone(), ArchiveOutcome::Done),
    ];
    assert_eq!(archived, expected);
    let stopped = lab.services.run_stop_many(&[first.clone(), missing.clone(), second.clone()]).await.unwrap();
    let expected =
        [(first.clone(), StopOutcome::Over), (missing, StopOutcome::Missing), (second.clone(), StopOutcome::Stopping)];
    assert_eq!(stopped, expected);
    let condition = Condition::parse("archived = true OR status = stopped").unwrap();
    let mut newest_first = [first, second];
    newest_first.sort_by(|a, b| b.cmp(a));
    assert_eq!(lab.services.run_search_ids(condition.as_ref(), &[]).await.unwrap(), newest_first);
    let groups = lab.services.run_groups(condition.as_ref(), &[Field::Archived], &[Field::Cost]).await.unwrap();
    assert_eq!((groups.run_total, groups.group_total), (2, 2));
}

#[tokio::test]
async fn a_view_belongs_to_its_name() {
    let lab = Lab::new().await;
    let name = RunViewName::parse("best").unwrap();
    let put = async |query: &str| {
        lab.services.run_view_put(name.clone(), RunView::query_parse(query).unwrap()).await.unwrap()
    };
    let (first, second) = (put("?order=cost").await, put("order=duration").await);
    assert_eq!((&first.query, &second.query, &first.id), (&"order=cost".into(), &"order=duration".into(), &second.id));
    assert_eq!(lab.services.run_view_list().await.unwrap(), [second]);
    lab.services.run_view_delete(&first.id).await.unwrap();
    assert!(matches!(lab.services.run_view_delete(&first.id).await, Err(ServiceError::NotFound { what: "view" })));
}
