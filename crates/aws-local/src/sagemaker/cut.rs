//! One page of a sorted list, for operations whose filters all apply before the page is cut.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wire::ApiError;
use crate::{field, page};

/// What a list is sorted by; within one list all keys are of one kind. Absent values come first.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
pub(super) enum SortKey {
    Absent,
    Time(i64),
    Number(f64),
    Text(String),
}

/// The order when the request names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

/// Where the next page begins: after the entry of this key and name.
#[derive(Serialize, Deserialize)]
struct Place {
    sort_by: String,
    descending: bool,
    key: SortKey,
    name: String,
}

pub(super) struct Page<T> {
    pub items: Vec<T>,
    pub next_token: Option<Value>,
}

/// Sorts entries by (key, name) in the order that `SortOrder` says and cuts the page that `NextToken` and `MaxResults` ask
/// for.
pub(super) fn cut<T>(
    mut entries: Vec<(SortKey, String, T)>,
    input: &Value,
    sort_by: &str,
    unless_given: Order,
) -> Result<Page<T>, ApiError> {
    let descending =
        field::text(input, "SortOrder").map_or(unless_given == Order::Descending, |order| order == "Descending");
    let order = |left: (&SortKey, &str), right: (&SortKey, &str)| {
        let ascending =
            left.0.partial_cmp(right.0).unwrap_or(std::cmp::Ordering::Equal).then_with(|| left.1.cmp(right.1));
        if descending { ascending.reverse() } else { ascending }
    };
    if let Some(token) = field::text(input, "NextToken") {
        let place = page::decode::<Place>(token)
            .filter(|place| place.sort_by == sort_by && place.descending == descending)
            .ok_or_else(|| ApiError::validation("Invalid NextToken: it belongs to another request."))?;
        entries.retain(|(key, name, _)| order((&place.key, &place.name), (key, name)).is_lt());
    }
    entries.sort_by(|left, right| order((&left.0, &left.1), (&right.0, &right.1)));
    let limit = usize::try_from(field::integer(input, "MaxResults").unwrap_or(10)).unwrap_or(10);
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next_token = entries.last().filter(|_| more).map(|(key, name, _)| {
        page::encode(&Place { sort_by: sort_by.to_owned(), descending, key: key.clone(), name: name.clone() }).into()
    });
    Ok(Page { items: entries.into_iter().map(|(_, _, item)| item).collect(), next_token })
}
