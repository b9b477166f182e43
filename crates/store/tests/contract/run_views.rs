//! Named views of the list of runs.

use domain::run_search::{RunView, RunViewId, RunViewName};

use crate::{harness::contract, samples::*};

fn view(number: u32, name: &str, query: &str) -> RunView {
    RunView {
        id: RunViewId::new(after(i64::from(number)), u128::from(number)),
        name: RunViewName::parse(name).unwrap(),
        query: query.to_owned(),
        created_at: after(i64::from(number)),
    }
}

contract! {
    async fn a_view_is_kept_replaced_by_name_and_deleted(store) {
        let (best, failed) = (view(1, "Best é", "order=metrics.loss"), view(2, "All failed", "search=status+%3D+failed"));
        assert_eq!(store.run_view_put(&best).await.unwrap(), best);
        store.run_view_put(&failed).await.unwrap();
        assert_eq!(store.run_view_list().await.unwrap(), [failed.clone(), best.clone()]);
        let newer = store.run_view_put(&view(3, "Best é", "order=cost")).await.unwrap();
        assert_eq!(newer, RunView { query: "order=cost".to_owned(), ..best.clone() });
        assert!(store.run_view_delete(&best.id).await.unwrap());
        assert!(!store.run_view_delete(&best.id).await.unwrap());
        assert_eq!(store.run_view_list().await.unwrap(), [failed]);
    }
}
