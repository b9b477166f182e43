//! What the list of logged runs shows, as it stands in the URL.

use crate::{
    api::mlflow::TrackedQuery,
    paths::{self, Query, UrlQuery},
};

pub(super) fn read(query: &UrlQuery) -> TrackedQuery {
    let text = |name| query.get(name).unwrap_or_default().trim().to_owned();
    TrackedQuery {
        experiment_id: text("experiment").parse().ok(),
        filter: text("filter"),
        order: text("order"),
        page_token: text("page"),
    }
}

/// The page's URL in this state; defaults are left out.
pub(super) fn href(state: &TrackedQuery) -> String {
    let mut query = Query::default();
    query.push("experiment", state.experiment_id.map(|it| it.to_string()).as_deref());
    query.push("filter", Some(&state.filter));
    query.push("order", Some(&state.order));
    query.push("page", Some(&state.page_token));
    query.on(paths::MLFLOW)
}

/// How a column's link sorts: the largest first, and at the second press the smallest.
pub(super) fn order(state: &TrackedQuery, entity: &str, name: &str) -> TrackedQuery {
    let by = format!("{entity}.`{name}`");
    let down = format!("{by} DESC");
    let order = if state.order == down { format!("{by} ASC") } else { down };
    TrackedQuery { order, page_token: String::new(), ..state.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_survives_its_url() {
        let state = TrackedQuery {
            experiment_id: Some(7),
            filter: "metrics.`a b` < 0.1 and params.lr LIKE '%be%'".to_owned(),
            order: "metrics.`a b` DESC".to_owned(),
            page_token: "e30=".to_owned(),
        };
        let url = href(&state);
        let (_, query) = url.split_once('?').expect("a query");
        assert_eq!(read(&UrlQuery::parse(query)), state);
        assert_eq!(href(&TrackedQuery::default()), paths::MLFLOW);
    }

    #[test]
    fn a_column_sorts_one_way_and_then_the_other_from_the_first_page() {
        let first = order(&TrackedQuery { page_token: "x".to_owned(), ..TrackedQuery::default() }, "metrics", "loss");
        assert_eq!((first.order.as_str(), first.page_token.as_str()), ("metrics.`loss` DESC", ""));
        let second = order(&first, "metrics", "loss");
        assert_eq!(second.order, "metrics.`loss` ASC");
        assert_eq!(order(&second, "metrics", "loss").order, first.order);
    }
}
