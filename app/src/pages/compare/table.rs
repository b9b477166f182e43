//! What the runs were given and what came of it, a column each; rows in which all are equal are left out unless asked
//! for.

use domain::{
    compare::{CompareRow, MetricRow, MetricStat, member_rows, metric_rows, parameter_rows},
    run::Run,
};
use leptos::prelude::*;

use super::Page;
use crate::{
    components::{choice::choice_link, fault::Empty},
    model::rows,
    paths,
};

#[component]
pub(super) fn TableTab(page: Page) -> impl IntoView {
    let stat = Memo::new(move |_| page.query.with(|it| it.stat));
    let with_equal = Memo::new(move |_| page.query.with(|it| it.with_equal));
    let stats = MetricStat::ALL.map(|it| {
        choice_link(stat_word(it), "true", move || page.href(|query| query.stat = it), move || stat.get() == it)
    });
    let equal = [(false, "Only differences"), (true, "All rows")].map(|(value, word)| {
        let href = move || page.href(|query| query.with_equal = value);
        choice_link(word, "true", href, move || with_equal.get() == value)
    });
    let base = Memo::new(move |_| page.base());
    let figures = Memo::new(move |_| {
        page.state.metrics.with(|all| {
            let columns: Vec<_> = all.iter().map(Vec::as_slice).collect();
            kept(metric_rows(&columns, stat.get(), base.get()), with_equal.get(), MetricRow::differs)
        })
    });
    let texts = |rows: fn(&[Run]) -> Vec<CompareRow>| {
        Memo::new(move |_| page.state.runs.with(|all| kept(rows(all), with_equal.get(), CompareRow::differs)))
    };
    let (parameters, members) = (texts(|all| parameter_rows(all)), texts(|all| member_rows(all)));
    let count = page.state.runs.with_untracked(Vec::len);
    let text_section = move |title, rows: Memo<(Vec<CompareRow>, usize)>| {
        move || section(title, count, rows.get().0.into_iter().map(|it| text_row(it, base.get())).collect())
    };
    let is_empty = Memo::new(move |_| {
        figures.with(|it| it.0.is_empty())
            && parameters.with(|it| it.0.is_empty())
            && members.with(|it| it.0.is_empty())
    });
    let hidden = Memo::new(move |_| figures.with(|it| it.1) + parameters.with(|it| it.1) + members.with(|it| it.1));
    let note = move || match hidden.get() {
        0 => None,
        1 => Some("1 row in which all runs are equal is not shown.".to_owned()),
        more => Some(format!("{} rows in which all runs are equal are not shown.", rows::grouped_digits(more as u64))),
    };
    let body = move || {
        if is_empty.get() {
            return view! {
                <Empty title="No difference"><p>"These runs were given the same, and report the same."</p></Empty>
            }
            .into_any();
        }
        // Each part for itself: live values draw their own rows anew and no others.
        view! {
            <div class="table-scroll">
                <table class="compare-table">
                    <caption class="sr-only">"Runs side by side"</caption>
                    <thead>{move || view! { <Heads page base=base.get()/> }}</thead>
                    {move || section("Metrics", count, figures.get().0.into_iter().map(metric_row).collect())}
                    {text_section("Parameters", parameters)}
                    {text_section("Request", members)}
                </table>
            </div>
            {move || note().map(|it| view! { <p class="hint">{it}</p> })}
        }
        .into_any()
    };
    view! {
        <h2 class="sr-only">"Table"</h2>
        <div class="chart-tools">
            <div class="segmented" role="group" aria-label="Rows">{equal.into_iter().collect_view()}</div>
            <div class="segmented" role="group" aria-label="Which value of a metric">{stats.into_iter().collect_view()}</div>
        </div>
        {body}
    }
}

const fn stat_word(stat: MetricStat) -> &'static str {
    match stat {
        MetricStat::Last => "Last",
        MetricStat::Min => "Lowest",
        MetricStat::Max => "Highest",
    }
}

/// The rows to show, and how many are not.
fn kept<T>(mut rows: Vec<T>, with_equal: bool, differs: fn(&T) -> bool) -> (Vec<T>, usize) {
    let count = rows.len();
    rows.retain(|it| with_equal || differs(it));
    let hidden = count - rows.len();
    (rows, hidden)
}

#[component]
fn Heads(page: Page, base: usize) -> impl IntoView {
    let heads = page.state.runs.with_untracked(|all| {
        all.iter()
            .enumerate()
            .map(|(index, it)| {
                let label = page.state.labels.with_value(|all| all[index].full.clone());
                view! {
                    <th scope="col" class=format!("compare-head {}", charts::series_class(index))>
                        <span class="legend-dot" aria-hidden="true"></span>
                        <a href=paths::run(&it.id)>{label}</a>
                        {(index == base).then(|| view! { <span class="tag">"base"</span> })}
                    </th>
                }
            })
            .collect_view()
    });
    view! { <tr><th scope="col">"Quantity"</th>{heads}</tr> }
}

fn section(title: &'static str, columns: usize, rows: Vec<AnyView>) -> Option<AnyView> {
    (!rows.is_empty()).then(|| {
        view! {
            <tbody>
                <tr class="compare-section"><th scope="rowgroup" colspan=(columns + 1).to_string()>{title}</th></tr>
                {rows}
            </tbody>
        }
        .into_any()
    })
}

fn text_row(row: CompareRow, base: usize) -> AnyView {
    let of_base = row.cells.get(base).cloned().flatten();
    let cells = row
        .cells
        .into_iter()
        .map(|cell| {
            let is_other = cell != of_base;
            let text = cell.unwrap_or_else(|| "—".to_owned());
            view! { <td class:is-other=is_other><span class="compare-value">{text}</span></td> }
        })
        .collect_view();
    view! { <tr><th scope="row"><code>{row.name}</code></th>{cells}</tr> }.into_any()
}

fn metric_row(row: MetricRow) -> AnyView {
    let cells = row
        .cells
        .into_iter()
        .map(|cell| {
            let Some(cell) = cell else { return view! { <td class="is-number">"—"</td> }.into_any() };
            let mark = match (cell.is_lowest, cell.is_highest) {
                (true, _) => Some(("▼", "lowest")),
                (_, true) => Some(("▲", "highest")),
                _ => None,
            };
            let delta = cell.delta.map(|it| format!("{}{}", if it > 0.0 { "+" } else { "" }, rows::number(it)));
            view! {
                <td class="is-number">
                    {mark.map(|(glyph, word)| view! {
                        <span class="compare-mark" title=word><span aria-hidden="true">{glyph}</span><span class="sr-only">{word}" "</span></span>
                    })}
                    <b>{rows::number(cell.value)}</b>
                    {delta.map(|it| view! { <span class="compare-delta">{it}</span> })}
                </td>
            }
            .into_any()
        })
        .collect_view();
    view! { <tr><th scope="row"><code>{row.name}</code></th>{cells}</tr> }.into_any()
}
