//! A database of its own for every test, of either kind.

use std::ops::Deref;

use store::Store;
use testkit::postgres::Cluster;

/// An open store that cleans up behind itself.
pub(crate) struct TestStore {
    store: Store,
    pub(crate) url: String,
    // SQLite's folder goes with the test; PostgreSQL's goes with the process.
    _folder: Option<tempfile::TempDir>,
}

impl TestStore {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("trainyard.db").display());
        Self { store: Store::connect(&url).await.unwrap(), url, _folder: Some(folder) }
    }

    pub(crate) async fn postgres() -> Self {
        let url = Cluster::shared().create_database();
        Self { store: Store::connect(&url).await.unwrap(), url, _folder: None }
    }

    /// A second server on the same database.
    pub(crate) async fn second(&self) -> Store {
        Store::connect(&self.url).await.unwrap()
    }
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// `contract! { async fn name(store) { .. } ... }` -> `name::sqlite` and `name::postgres`; `store` is a `TestStore`.
macro_rules! contract {
    ($($(#[$doc:meta])* async fn $name:ident($store:ident) $body:block)*) => {$(
        $(#[$doc])*
        async fn $name($store: $crate::harness::TestStore) $body

        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name($crate::harness::TestStore::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name($crate::harness::TestStore::postgres().await).await;
            }
        }
    )*};
}
pub(crate) use contract;
