//! `/costs`: what a month's training cost, by day and by whatever runs share; every sum leads to what it is made of.

mod budgets;
mod groups;
mod query;

use charts::{Bar, BarSpec, Unit, bars_svg};
use domain::{
    costs::{CostGrouping, Month, Spend},
    ids::RunId,
    money::NanoUsd,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::query::CostsQuery;
use crate::{
    api::costs::{CostsView, costs_get},
    components::{
        fault::{Empty, Fault},
        layout::{SiteContext, is_local_engine},
    },
    model::{rows::grouped_digits, spend::dollars},
    paths,
};

const BARS: (u32, u32) = (1_080, 220);

#[component]
pub fn Costs() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(CostsQuery::read));
    let site = use_context::<SiteContext>();
    let data = Resource::new_blocking(
        move || query.get(),
        move |query| async move {
            let is_local = is_local_engine(site).await;
            let view = costs_get(query.month, query.grouping, query.filter).await;
            view.map(|view| (view, is_local))
        },
    );
    view! {
        <Title text="Costs"/>
        <Transition>
            {move || Suspend::new(async move {
                match data.await {
                    Ok((view, is_local)) => view! { <Screen view query=query.get_untracked() is_local/> }.into_any(),
                    Err(error) => view! { <h1>"Costs"</h1><Fault error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Screen(view: CostsView, query: CostsQuery, is_local: bool) -> impl IntoView {
    let CostsView { now, review, budgets } = view;
    let is_now = review.month == Month::of(now);
    let at = |month: Option<Month>| month.map(|it| CostsQuery { month: Some(it), ..query.clone() }.href());
    let (earlier, later) = (at(review.month.previous()), at(review.month.next().filter(|_| !is_now)));
    let heading = review.month.words();
    let note = if is_local {
        "What SageMaker would have asked: the local engine bills nothing. "
    } else {
        "Estimated from SageMaker's own seconds, not read from the bill. "
    };
    let body = if review.total.runs == 0 {
        view! {
            <Empty title="Nothing was spent">
                <p>"No run of this choice was at work in this month."</p>
                <p class="empty-actions"><a class="button" href=paths::COSTS>"This month, all runs"</a></p>
            </Empty>
        }
        .into_any()
    } else {
        view! {
            <Figures total=review.total previous=review.previous/>
            <Days month=review.month days=review.days.clone()/>
            <groups::Groups review query=query.clone()/>
        }
        .into_any()
    };
    view! {
        <div class="page-head costs-head">
            <div>
                <h1>"Costs"</h1>
                <p class="page-lead">
                    {note}"Instances' billable seconds at the on-demand price of each run; storage, transfer, discounts and "
                    "taxes are not included."
                </p>
            </div>
            <nav class="month-nav" aria-label="Month">
                {earlier.map(|href| view! { <a class="button is-small" href=href rel="prev" data-noscroll="">"Earlier"</a> })}
                <strong>{heading}</strong>
                {later.map(|href| view! { <a class="button is-small" href=href rel="next" data-noscroll="">"Later"</a> })}
            </nav>
        </div>
        <Trail query/>
        {(!budgets.is_empty()).then(|| view! { <budgets::Budgets budgets/> })}
        {body}
    }
}

/// The steps that led here, each a way back.
#[component]
fn Trail(query: CostsQuery) -> impl IntoView {
    let steps = query
        .filter
        .iter()
        .enumerate()
        .map(|(index, (grouping, key))| {
            let up = CostsQuery {
                filter: query.filter[..index].to_vec(),
                grouping: grouping.clone(),
                month: query.month,
            };
            let what = groups::grouping_word(grouping);
            let name = groups::key_word(grouping, key);
            let link = (*grouping == CostGrouping::Run)
                .then(|| RunId::parse(key).ok())
                .flatten()
                .map(|id| view! { <a href=paths::run(&id)>"Open the run"</a> });
            view! {
                <li class="tag trail-step">
                    <span class="dim">{what}": "</span>{name}
                    <a href=up.href() title="Leave this choice" data-noscroll=""><span aria-hidden="true">"×"</span><span class="sr-only">"Leave this choice"</span></a>
                </li>
                {link}
            }
        })
        .collect_view();
    (!query.filter.is_empty()).then(|| view! { <ul class="trail" aria-label="Only these runs">{steps}</ul> })
}

#[component]
fn Figures(total: Spend, previous: Option<Spend>) -> impl IntoView {
    let Spend { settled, running, saved_by_spot, runs, unpriced } = total;
    let total = total.total();
    let previous = previous.filter(|it| it.runs > 0).map(|it| it.total());
    let change =
        previous.map_or_else(|| "nothing in the month before".to_owned(), |before| change_words(before, total));
    let share = permille(saved_by_spot, total + saved_by_spot).filter(|it| *it > 0);
    let saved_note = share.map(|it| format!("{} of the on-demand price", percent(it))).unwrap_or_default();
    let runs_note = match unpriced {
        0 => "all of them priced".to_owned(),
        count => format!("{} of unknown cost, in no sum", grouped_digits(count as u64)),
    };
    view! {
        <dl class="facts costs-facts">
            <Figure name="spent" label="Spent" value=total.to_string() note=change is_money=true/>
            <Figure name="settled" label="Final" value=settled.to_string() note="from billable seconds"/>
            <Figure name="running" label="Still running" value=running.to_string() note="so far, at most"/>
            <Figure name="saved" label="Saved by spot" value=saved_by_spot.to_string() note=saved_note/>
            <Figure name="runs" label="Runs" value=grouped_digits(runs as u64) note=runs_note/>
        </dl>
    }
}

#[component]
fn Figure(
    name: &'static str,
    label: &'static str,
    value: String,
    #[prop(into)] note: String,
    #[prop(optional)] is_money: bool,
) -> impl IntoView {
    view! {
        <div class="fact" class:fact-money=is_money data-fact=name>
            <dt>{label}</dt>
            <dd><span class="fact-value">{value}</span><small>{note}</small></dd>
        </div>
    }
}

/// `part / whole` in tenths of a percent, rounded half up; `None` of nothing.
fn permille(part: NanoUsd, whole: NanoUsd) -> Option<i64> {
    let (part, whole) = (i128::from(part.0), i128::from(whole.0));
    (whole > 0).then(|| i64::try_from((part * 1_000 + whole / 2) / whole).unwrap_or(i64::MAX))
}

fn percent(permille: i64) -> String {
    match permille % 10 {
        0 => format!("{}%", permille / 10),
        tenth => format!("{}.{}%", permille / 10, tenth.abs()),
    }
}

/// `12% more than the month before ($3.10)`.
fn change_words(before: NanoUsd, now: NanoUsd) -> String {
    let change = if now >= before { permille(now - before, before) } else { permille(before - now, before) };
    match change {
        None => "nothing known in the month before".to_owned(),
        Some(0) => format!("as in the month before ({before})"),
        Some(it) => {
            let word = if now > before { "more" } else { "less" };
            format!("{} {word} than the month before ({before})", percent(it))
        }
    }
}

#[component]
fn Days(month: Month, days: Vec<Spend>) -> impl IntoView {
    let bars: Vec<Bar> = (1..)
        .zip(&days)
        .map(|(day, spend)| Bar {
            tick: if day == 1 || day % 5 == 0 { day.to_string() } else { String::new() },
            title: format!("{month}-{day:02}: {} ({} runs)", spend.total(), spend.runs),
            parts: vec![dollars(spend.settled), dollars(spend.running)],
        })
        .collect();
    let spec = BarSpec {
        width: BARS.0,
        height: BARS.1,
        unit: Unit::Dollars,
        label: format!("Dollars on each day of {}", month.words()),
        part_classes: &["bar bar-settled", "bar bar-running"],
    };
    view! {
        <figure class="chart-card" data-days=bars.len()>
            <figcaption class="chart-caption">
                <h2>"By day"</h2>
                <ul class="chart-legend">
                    <li><span class="legend-dot bar-settled" aria-hidden="true"></span>"final"</li>
                    <li><span class="legend-dot bar-running" aria-hidden="true"></span>"still running"</li>
                </ul>
            </figcaption>
            <div class="bars-frame" inner_html=bars_svg(&spec, &bars)></div>
        </figure>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_changes_are_rounded_once() {
        let usd = |dollars: i64| NanoUsd(dollars * NanoUsd::ONE_DOLLAR);
        assert_eq!(permille(usd(1), usd(3)).map(percent).as_deref(), Some("33.3%"));
        assert_eq!(permille(usd(0), usd(0)), None);
        assert_eq!(change_words(usd(10), usd(15)), "50% more than the month before ($10.00)");
        assert_eq!(change_words(usd(10), usd(5)), "50% less than the month before ($10.00)");
        assert_eq!(change_words(usd(10), usd(10)), "as in the month before ($10.00)");
    }
}
