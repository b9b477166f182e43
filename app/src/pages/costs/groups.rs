//! The month's sums by what runs share; each leads to the runs that it is made of.

use domain::{
    costs::{CostGroup, CostGrouping, CostReview, Spend},
    ids::RunId,
    run::RunBadge,
};
use leptos::prelude::*;

use super::{grouped_digits, percent, permille, query::CostsQuery};
use crate::{
    components::{
        badge::badge_word,
        choice::choice_link,
        icon::{Glyph, Icon},
    },
    paths,
};

/// As it stands on the choice and in the trail.
pub(super) fn grouping_word(grouping: &CostGrouping) -> String {
    match grouping {
        CostGrouping::Experiment => "Experiment".to_owned(),
        CostGrouping::InstanceType => "Instance type".to_owned(),
        CostGrouping::Market => "Spot or on demand".to_owned(),
        CostGrouping::Status => "Status".to_owned(),
        CostGrouping::Run => "Run".to_owned(),
        CostGrouping::Tag(key) => format!("Tag {key}"),
    }
}

pub(super) fn key_word(grouping: &CostGrouping, key: &str) -> String {
    match (grouping, key) {
        (CostGrouping::Tag(_), "") => "without this tag".to_owned(),
        (CostGrouping::InstanceType, "") => "instance groups".to_owned(),
        (CostGrouping::Market, "on-demand") => "on demand".to_owned(),
        (CostGrouping::Status, key) => {
            RunBadge::parse(key).map_or_else(|| key.to_owned(), |it| badge_word(it).to_owned())
        }
        (_, key) => key.to_owned(),
    }
}

#[component]
pub(super) fn Groups(review: CostReview, query: CostsQuery) -> impl IntoView {
    let total = review.total;
    let largest = review.groups.iter().map(|it| it.spend.total()).max().unwrap_or_default();
    let rows = review
        .groups
        .into_iter()
        .map(|group| view! { <GroupRow group query=query.clone() total largest=largest.0/> })
        .collect_view();
    let what = grouping_word(&query.grouping);
    // The table of the whole month; the steps into the figures are the page's own.
    let download = query.filter.is_empty().then(|| {
        let href = paths::costs_table(&review.month.to_string(), &query.grouping.to_string());
        view! { <p><a class="button is-small" download="" href=href><Glyph icon=Icon::Download/>"CSV"</a></p> }
    });
    view! {
        <section class="costs-groups" aria-labelledby="costs-groups">
            <div class="section-head">
                <h2 id="costs-groups">"By "{what.to_lowercase()}</h2>
                <Choice tag_keys=review.tag_keys query/>
            </div>
            <div class="table-scroll">
                <table class="table costs-table">
                    <caption class="sr-only">"Costs by "{what.to_lowercase()}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{what}</th>
                            <th scope="col" class="is-number">"Spent"</th>
                            <th scope="col" class="is-number">"Share"</th>
                            <th scope="col" class="is-number">"Saved by spot"</th>
                            <th scope="col" class="is-number">"Runs"</th>
                            <th scope="col" class="is-number">"Per run"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                    <tfoot>
                        <tr>
                            <th scope="row">"Total"</th>
                            <td class="is-number" data-label="Spent">{total.total().to_string()}</td>
                            <td class="is-number" data-label="Share">"100%"</td>
                            <td class="is-number" data-label="Saved by spot">{total.saved_by_spot.to_string()}</td>
                            <td class="is-number" data-label="Runs">{grouped_digits(total.runs as u64)}</td>
                            <td class="is-number" data-label="Per run">{per_run(&total)}</td>
                        </tr>
                    </tfoot>
                </table>
            </div>
            {download}
        </section>
    }
}

/// Of the runs whose dollars are known.
fn per_run(spend: &Spend) -> String {
    match i64::try_from(spend.runs - spend.unpriced) {
        Ok(count @ 1..) => domain::money::NanoUsd(spend.total().0 / count).to_string(),
        _ => "—".to_owned(),
    }
}

#[component]
fn GroupRow(group: CostGroup, query: CostsQuery, total: Spend, largest: i64) -> impl IntoView {
    let CostGroup { key, label, spend } = group;
    let amount = spend.total();
    let name = match &key {
        None => view! { <span class="dim">{label}</span> }.into_any(),
        Some(key) if query.grouping == CostGrouping::Run => {
            let href = RunId::parse(key).map_or_else(|_| paths::RUNS.to_owned(), |id| paths::run(&id));
            view! { <a href=href>{label}</a> }.into_any()
        }
        Some(key) => {
            let word = key_word(&query.grouping, key);
            view! { <a href=query.of_group(key).href()>{word}</a> }.into_any()
        }
    };
    // An attribute of SVG, since the policy forbids inline styles.
    let width = if largest > 0 { (i128::from(amount.0) * 100 / i128::from(largest)).clamp(0, 100) } else { 0 };
    let unpriced = (spend.unpriced > 0).then(|| {
        view! { <small class="dim">{format!("{} unpriced", grouped_digits(spend.unpriced as u64))}</small> }
    });
    view! {
        <tr>
            <th scope="row" class="costs-name">{name}</th>
            <td class="is-number" data-label="Spent">
                <svg class="share-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="bar-settled" width=width.to_string() height="6"/>
                </svg>
                <b>{amount.to_string()}</b>
            </td>
            <td class="is-number" data-label="Share">{permille(amount, total.total()).map_or_else(|| "—".to_owned(), percent)}</td>
            <td class="is-number" data-label="Saved by spot">{spend.saved_by_spot.to_string()}</td>
            <td class="is-number" data-label="Runs">{grouped_digits(spend.runs as u64)}" "{unpriced}</td>
            <td class="is-number" data-label="Per run">{per_run(&spend)}</td>
        </tr>
    }
}

/// A plain GET form: the choice is the URL.
#[component]
fn Choice(tag_keys: Vec<String>, query: CostsQuery) -> impl IntoView {
    let mut choices = vec![
        CostGrouping::Experiment,
        CostGrouping::InstanceType,
        CostGrouping::Market,
        CostGrouping::Status,
        CostGrouping::Run,
    ];
    choices.extend(tag_keys.into_iter().map(CostGrouping::Tag));
    if !choices.contains(&query.grouping) {
        choices.push(query.grouping.clone());
    }
    let links = choices
        .into_iter()
        .map(|it| {
            let is_chosen = it == query.grouping;
            let word = grouping_word(&it);
            let href = CostsQuery { grouping: it, ..query.clone() }.href();
            choice_link(word, "true", move || href.clone(), move || is_chosen)
        })
        .collect_view();
    view! { <nav class="segmented costs-choice" aria-label="Put together by">{links}</nav> }
}
