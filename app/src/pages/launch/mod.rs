//! `/launch`: the form that makes a training job, in SageMaker's own field names.
//!
//! It is a plain multipart form: it works before and without the script. With it, errors appear while typing (from
//! `JobSpec::parse`, the same parser that the server uses), rows come and go, the estimate moves, and form and JSON
//! follow each other.

mod advice;
mod changes;
mod channel_check;
mod channels;
mod estimate;
mod form;
mod image;
mod instance;
mod json;
mod log_source;
mod policy;
mod presets;
mod proposals;
mod quota;
mod quote;
mod sections;
mod source;
mod state;
mod workbench;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    api::launch::{LaunchQuery, launch_form_get},
    components::{
        fault::Fault,
        layout::{SiteContext, is_local_engine},
    },
};

#[component]
pub fn Launch() -> impl IntoView {
    let query = use_query_map();
    let wanted = Memo::new(move |_| {
        query.with(|it| LaunchQuery {
            draft_key: it.get("draft"),
            sample: it.get("sample"),
            clone: it.get("clone"),
            preset: it.get("preset"),
        })
    });
    let form = Resource::new_blocking(move || wanted.get(), launch_form_get);
    let site = use_context::<SiteContext>();
    let was_filled = StoredValue::new(false);
    view! {
        <Title text="Launch"/>
        <div class="page-head">
            <h1>"Launch a training job"</h1>
            <p class="page-lead">"The fields carry SageMaker's own names: what runs here runs there."</p>
        </div>
        <Transition>
            {move || Suspend::new(async move {
                let is_local = is_local_engine(site).await;
                match form.await {
                    Ok(form) => {
                        let is_refilled = was_filled.get_value();
                        was_filled.set_value(true);
                        view! { <form::LaunchForm form is_local is_refilled/> }.into_any()
                    }
                    Err(error) => view! { <Fault error/> }.into_any(),
                }
            })}
        </Transition>
    }
}
