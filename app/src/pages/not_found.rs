//! What there is where there is nothing.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{components::fault::Empty, paths};

#[component]
pub fn NotFound() -> impl IntoView {
    #[cfg(feature = "ssr")]
    let _ = crate::api::error::ApiError::NotFound.with_status();
    view! {
        <Title text="Not found"/>
        <Empty title="This track ends here" is_page=true>
            <p>"There is no page at this address. The run may belong to another Trainyard, or the address has a typo."</p>
            <p class="empty-actions">
                <a class="button is-primary" href=paths::OVERVIEW>"To the overview"</a>
                <a class="button" href=paths::RUNS>"All runs"</a>
            </p>
        </Empty>
    }
}
