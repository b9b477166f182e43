//! The run list's forms: `POST /runs/bulk` does something with the ticked runs, `POST /runs/views` keeps a state of the list
//! under a name, `POST /runs/views/{id}/delete` forgets it. Each leads back to the list.

use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    ids::RunId,
    run_search::{RunView, RunViewId, RunViewName},
};
use serde::Deserialize;

use super::{
    Web,
    error::{Problem, Wants},
    launch::see_other,
};

/// The fields of the form, `run` once for each ticked run.
pub(super) async fn bulk(State(web): State<Web>, wants: Wants, Form(fields): Form<Vec<(String, String)>>) -> Response {
    let first = |name: &str| fields.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    let runs = fields.iter().filter(|(name, _)| name == "run").map(|(_, value)| RunId::parse(value));
    let Ok(runs) = runs.collect::<Result<Vec<RunId>, _>>() else {
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "`run` is no run's id.").response(wants);
    };
    let done = match first("action") {
        Some("stop") => web.services.run_stop_many(&runs).await.map(|_| ()),
        Some("archive") => web.services.run_archive(&runs, true).await.map(|_| ()),
        Some("unarchive") => web.services.run_archive(&runs, false).await.map(|_| ()),
        _ => {
            let message = "`action` is `stop`, `archive` or `unarchive`.";
            return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, message).response(wants);
        }
    };
    match done {
        Ok(()) => see_other(back(first("next"))),
        Err(failure) => Problem::of(&failure).response(wants),
    }
}

/// The list as it was; another address is not followed.
fn back(next: Option<&str>) -> &str {
    let is_list = |it: &&str| *it == app::paths::RUNS || it.starts_with("/runs?");
    next.filter(is_list).unwrap_or(app::paths::RUNS)
}

#[derive(Deserialize)]
pub(super) struct ViewForm {
    name: String,
    /// The page's URL behind its `?`.
    #[serde(default)]
    query: String,
}

pub(super) async fn view_keep(State(web): State<Web>, wants: Wants, Form(form): Form<ViewForm>) -> Response {
    let parsed = RunViewName::parse(&form.name).and_then(|name| Ok((name, RunView::query_parse(&form.query)?)));
    let (name, query) = match parsed {
        Ok(parsed) => parsed,
        Err(wrong) => return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{wrong}.")).response(wants),
    };
    match web.services.run_view_put(name, query).await {
        Ok(view) => see_other(&app::paths::runs_view(&view.query)),
        Err(failure) => Problem::of(&failure).response(wants),
    }
}

#[derive(Deserialize)]
pub(super) struct NextForm {
    #[serde(default)]
    next: Option<String>,
}

pub(super) async fn view_delete(
    State(web): State<Web>,
    Path(id): Path<String>,
    wants: Wants,
    Form(form): Form<NextForm>,
) -> Response {
    let Ok(id) = RunViewId::parse(&id) else { return Problem::not_found().response(wants) };
    match web.services.run_view_delete(&id).await {
        Ok(()) => see_other(back(form.next.as_deref())),
        Err(failure) => Problem::of(&failure).response(wants),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_led_back_to_the_list_and_nowhere_else() {
        assert_eq!(back(Some("/runs?search=a%20b")), "/runs?search=a%20b");
        for other in
            [None, Some(""), Some("https://evil.example"), Some("//evil.example"), Some("/runs/x"), Some("/costs")]
        {
            assert_eq!(back(other), "/runs", "{other:?}");
        }
    }
}
