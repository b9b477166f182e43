//! What the run list shows, as it stands in the URL. Forms send single fields (`experiment`, `field`, `add`, ..), which
//! become part of the search, the columns or the groups; links always carry the whole.

use crate::{
    api::runs::RunsQuery,
    paths::{self, Query, UrlQuery},
};
use domain::{
    ids::RunId,
    run_search::{Condition, Field, Op, Operand, Order, Test},
};

/// Conditions that have a control of their own beside the search: name in the form, and field.
const CHOICES: [(&str, Field); 2] = [("experiment", Field::Experiment), ("status", Field::Status)];

/// What the fields of a form beside the search showed when it was sent: only what was changed counts.
pub(super) const SHOWN: &str = "shown_";

pub fn read(params: &UrlQuery) -> RunsQuery {
    let text = |name: &str| params.get(name).unwrap_or_default().trim();
    let mut search = text("search").to_owned();
    for (name, field) in CHOICES {
        if text(name) != text(&format!("{SHOWN}{name}")) {
            search = chosen(&search, &field, text(name));
        }
    }
    if !text("field").is_empty() {
        search = joined(&search, &written(text("field"), text("op"), text("value")));
    }
    let mut faults = Vec::new();
    let mut fields = |name: &str| {
        let found = Field::parse_list(text(name));
        found.map_err(|fault| faults.push(fault.message)).unwrap_or_default()
    };
    let (listed, added) = (fields("columns"), fields("add"));
    let (grouped, also) = (fields("by"), fields("also_by"));
    let mut by = Vec::new();
    for field in grouped.into_iter().chain(also) {
        if !by.contains(&field) {
            by.push(field);
        }
    }
    let has_columns = !listed.is_empty() || !added.is_empty();
    let mut columns = Vec::new();
    // The name has its column always; alone it says that there is no other one.
    for field in listed.into_iter().chain(added).filter(|it| *it != Field::Name) {
        if !columns.contains(&field) {
            columns.push(field);
        }
    }
    let order = Order::parse_list(text("order")).map_err(|fault| faults.push(fault.message)).unwrap_or_default();
    RunsQuery {
        search,
        order,
        columns: has_columns.then_some(columns),
        by,
        base: RunId::parse(text("base")).ok(),
        page: text("page").parse().unwrap_or(1).max(1),
        faults,
    }
}

/// The page's URL in this state; defaults are left out.
pub fn href(state: &RunsQuery) -> String {
    let mut query = Query::default();
    for (name, value) in pairs(state) {
        query.push(name, Some(&value));
    }
    query.on(paths::RUNS)
}

/// The state's fields as a form sends them; what is not there is left out.
pub(super) fn pairs(state: &RunsQuery) -> Vec<(&'static str, String)> {
    let list = |fields: &[Field]| fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let orders = state.order.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let pairs = [
        ("search", state.search.clone()),
        ("order", orders),
        ("columns", state.columns.as_deref().map(columns_text).unwrap_or_default()),
        ("by", list(&state.by)),
        ("base", state.base.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("page", if state.page > 1 { state.page.to_string() } else { String::new() }),
    ];
    pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// Columns as they stand in the URL.
pub(super) fn columns_text(columns: &[Field]) -> String {
    let name = [Field::Name];
    let columns = if columns.is_empty() { &name[..] } else { columns };
    columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// The parts of a search that all must hold; the whole as one part when it is joined otherwise, nothing when it is wrong.
pub(super) fn terms(search: &str) -> Vec<Condition> {
    match Condition::parse(search) {
        Ok(Some(Condition::And(all))) => all,
        Ok(Some(one)) => vec![one],
        Ok(None) | Err(_) => Vec::new(),
    }
}

/// All of these must hold.
pub(super) fn search_of(mut terms: Vec<Condition>) -> String {
    match terms.len() {
        0 => String::new(),
        1 => terms.remove(0).to_string(),
        _ => Condition::And(terms).to_string(),
    }
}

/// The text that a term says the field must be.
fn wanted<'t>(term: &'t Condition, field: &Field) -> Option<&'t str> {
    match term {
        Condition::Test { field: it, test: Test::Compare { op: Op::Equal, value: Operand::Text(text) } } => {
            (it == field).then_some(text)
        }
        _ => None,
    }
}

/// What a choice beside the search says: the value that the field must have, if there is one.
pub(super) fn choice<'t>(terms: &'t [Condition], field: &Field) -> Option<&'t str> {
    terms.iter().find_map(|it| wanted(it, field))
}

/// The search with another choice; an empty value is none. A search that is wrong stays as it is, for its writer to mend.
fn chosen(search: &str, field: &Field, value: &str) -> String {
    if Condition::parse(search).is_err() {
        return search.to_owned();
    }
    let mut terms = terms(search);
    terms.retain(|it| wanted(it, field).is_none());
    let rest = search_of(terms);
    if value.is_empty() { rest } else { joined(&rest, &written(&field.to_string(), "=", value)) }
}

/// Both must hold.
fn joined(search: &str, condition: &str) -> String {
    match Condition::parse(search) {
        Ok(None) => condition.to_owned(),
        // What is joined by OR needs its parentheses, which the canonical text has.
        Ok(Some(known)) => match Condition::parse(condition) {
            Ok(Some(more)) => {
                let mut all = if let Condition::And(all) = known { all } else { vec![known] };
                all.push(more);
                search_of(all)
            }
            _ => format!("{search} {condition}"),
        },
        Err(_) => format!("{search} {condition}"),
    }
}

/// A condition out of a form's three fields. The value is taken as it was typed where the language reads it so, and as
/// text in quotes otherwise; what is wrong all the same is shown as any search that is wrong.
fn written(field: &str, op: &str, value: &str) -> String {
    match op {
        "is null" => return format!("{field} IS NULL"),
        "is not null" => return format!("{field} IS NOT NULL"),
        "contains" => {
            return format!("{field} ILIKE '%{}%'", value.replace('\'', "''"));
        }
        _ => {}
    }
    let op = if op.is_empty() { "=" } else { op };
    let plain = format!("{field} {op} {value}");
    let is_one = matches!(Condition::parse(&plain), Ok(Some(Condition::Test { .. })));
    if is_one { plain } else { format!("{field} {op} '{}'", value.replace('\'', "''")) }
}

/// How a column's heading sorts: this column alone, the largest first; at the second press the smallest; at the third
/// not. `is_more`: after those that sort already.
pub(super) fn sorted(state: &RunsQuery, field: &Field, is_more: bool) -> RunsQuery {
    let known = state.order.iter().find(|it| it.field == *field).map(|it| it.is_ascending);
    let next = match known {
        None => Some(Order { field: field.clone(), is_ascending: false }),
        Some(false) => Some(Order { field: field.clone(), is_ascending: true }),
        Some(true) => None,
    };
    let mut order = if is_more { state.order.clone() } else { Vec::new() };
    match (order.iter().position(|it| it.field == *field), next) {
        (Some(at), Some(next)) => order[at] = next,
        (Some(at), None) => _ = order.remove(at),
        (None, next) => order.extend(next),
    }
    RunsQuery { order, page: 1, ..state.clone() }
}

#[cfg(test)]
mod tests {
    use domain::run_search::Stat;

    use super::*;

    fn of(url: &str) -> RunsQuery {
        read(&UrlQuery::parse(url.split_once('?').map_or("", |it| it.1)))
    }

    fn search_in(url: &str) -> String {
        of(url).search
    }

    #[test]
    fn the_state_survives_its_url() {
        let loss = Field::metric("val loss", Stat::Min);
        let state = RunsQuery {
            search: "metrics.`val loss` < 0.1 AND (status = failed OR tags.team LIKE '%be+ %')".to_owned(),
            order: vec![
                Order { field: loss.clone(), is_ascending: true },
                Order { field: Field::Created, is_ascending: false },
            ],
            columns: Some(vec![Field::Status, loss, Field::Param("a,b".to_owned())]),
            by: vec![Field::Param("lr".to_owned())],
            base: RunId::parse("01J0000000000000000000000A").ok(),
            page: 3,
            faults: Vec::new(),
        };
        assert_eq!(of(&href(&state)), state);
        assert_eq!(href(&RunsQuery::default()), paths::RUNS);
        let bare = RunsQuery { columns: Some(Vec::new()), ..RunsQuery::default() };
        assert_eq!(of(&href(&bare)), bare, "no column but the name");
        let nonsense = of("/runs?columns=status,nonsense&order=(&page=0&base=x&add=metrics.loss");
        assert_eq!(nonsense.columns, Some(vec![Field::metric("loss", Stat::Last)]));
        assert_eq!((nonsense.page, nonsense.faults.len()), (1, 2), "what is left out is said: {:?}", nonsense.faults);
    }

    #[test]
    fn choices_beside_the_search_are_a_part_of_it() {
        assert_eq!(search_in("/runs?experiment=wine"), "experiment = wine");
        let more = search_in("/runs?search=cost%20%3E%205&experiment=wine&status=failed");
        assert_eq!(more, "cost > $5 AND experiment = wine AND status = failed");
        let both = "/runs?search=experiment%20%3D%20wine%20and%20status%20%3D%20failed";
        let changed = search_in(&format!("{both}&shown_experiment=wine&experiment=iris&shown_status=failed&status="));
        assert_eq!(changed, "experiment = iris", "the other choice wins");
        let typed = search_in(&format!("{both}&shown_experiment=&experiment=&shown_status=&status="));
        assert_eq!(typed, "experiment = wine and status = failed", "what was typed stays");
        let either = "/runs?search=experiment%20%3D%20wine%20or%20spot%20%3D%20true&status=failed";
        assert_eq!(search_in(either), "(experiment = wine OR spot = true) AND status = failed");
        let wrong = search_in("/runs?search=cost%20%3D%3D&experiment=wine");
        assert_eq!(wrong, "cost ==", "what is wrong is its writer's to mend");
        let name = "it's a \"name\"";
        let terms = terms(&search_in(&format!("/runs?experiment={}", paths::escape(name))));
        assert_eq!(choice(&terms, &Field::Experiment), Some(name));
    }

    #[test]
    fn a_condition_of_a_form_is_added_as_it_was_meant() {
        let added = |field: &str, op: &str, value: &str| {
            let (op, value) = (paths::escape(op), paths::escape(value));
            search_in(&format!("/runs?search=spot%20%3D%20true&field={field}&op={op}&value={value}"))
        };
        assert_eq!(added("metrics.loss", "<", "0.1"), "spot = true AND metrics.loss < 0.1");
        assert_eq!(added("duration", ">=", "2h"), "spot = true AND duration >= 2h");
        assert_eq!(added("tags.team", "=", "us and 'them'"), "spot = true AND tags.team = 'us and ''them'''");
        assert_eq!(added("params.lr", "is null", ""), "spot = true AND params.lr IS NULL");
        assert_eq!(added("name", "contains", "50%"), "spot = true AND name ILIKE '%50%%'");
        assert!(Condition::parse(&added("metrics.loss", "<", "low")).is_err(), "and says what is wrong");
    }

    #[test]
    fn a_heading_sorts_down_then_up_then_not() {
        let cost = |state: &RunsQuery, is_more| sorted(state, &Field::Cost, is_more);
        let texts = |state: &RunsQuery| state.order.iter().map(ToString::to_string).collect::<Vec<_>>();
        let down = cost(&RunsQuery { page: 4, ..RunsQuery::default() }, false);
        assert_eq!((texts(&down), down.page), (vec!["cost desc".to_owned()], 1));
        let up = cost(&down, false);
        assert_eq!(texts(&up), ["cost"]);
        assert_eq!(texts(&cost(&up, false)), [""; 0]);
        let two = sorted(&down, &Field::Created, true);
        assert_eq!(texts(&two), ["cost desc", "created desc"]);
        assert_eq!(texts(&cost(&two, true)), ["cost", "created desc"]);
        assert_eq!(texts(&sorted(&two, &Field::Created, false)), ["created"]);
    }
}
