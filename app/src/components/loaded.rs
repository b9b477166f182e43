//! A page's data: shown when it is there; in its place what there is instead, when it cannot be had.

use leptos::prelude::*;

use super::fault::Fault;
use crate::{api::error::ApiError, pages::not_found::NotFound};

/// While other data is on its way the page stays as it was.
#[component]
pub fn Loaded<T>(data: Resource<Result<T, ApiError>>, show: fn(T) -> AnyView) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
{
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(data) => show(data),
                    Err(ApiError::NotFound) => view! { <NotFound/> }.into_any(),
                    Err(error) => view! { <Fault error/> }.into_any(),
                }
            })}
        </Transition>
    }
}
