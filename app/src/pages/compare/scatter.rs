//! Any two quantities of the runs against each other; with money or time along the bottom, the runs that no other beats
//! are joined by a line.

use charts::{ScatterAxis, ScatterDot, ScatterSpec, scatter_svg};
use domain::{
    compare::{MetricStat, parameter_rows, pareto_front},
    sweep::Goal,
};
use leptos::prelude::*;

use super::{Page, quantity::Quantity, query::CompareQuery};
use crate::{
    components::{choice::hidden_fields, fault::Empty, search_form::SearchForm},
    paths,
};

const SIZE: (u32, u32) = (880, 420);

/// What the page shows, chosen or by default: a metric against what it cost.
#[derive(Clone, PartialEq)]
struct Axes {
    x: Quantity,
    y: Quantity,
    goal: Goal,
}

impl Axes {
    /// `None`: there is no metric to show.
    fn of(query: &CompareQuery, metrics: &[String]) -> Option<Self> {
        let first = || {
            let loss = metrics.iter().find(|it| it.to_lowercase().contains("loss"));
            Some(Quantity::Metric(loss.or(metrics.first())?.clone()))
        };
        let y = query.scatter_y.clone().or_else(first)?;
        let goal = query.goal.unwrap_or_else(|| Goal::of_name(&y.name()));
        Some(Self { x: query.scatter_x.clone().unwrap_or(Quantity::Cost), y, goal })
    }
}

#[component]
pub(super) fn ScatterTab(page: Page) -> impl IntoView {
    let metrics = Memo::new(move |_| page.state.metric_names());
    let axes = Memo::new(move |_| metrics.with(|metrics| page.query.with(|query| Axes::of(query, metrics))));
    let stat = Memo::new(move |_| page.query.with(|it| it.stat));
    // Apart from the plane: a live value must not take a choice away that is being made.
    let body = move || {
        let Some(axes) = axes.get() else {
            return view! {
                <Empty title="Nothing to draw yet"><p>"None of these runs has reported a metric so far."</p></Empty>
            }
            .into_any();
        };
        let drawn = axes.clone();
        let plane = move || plane(page, &drawn, stat.get());
        view! { <Choices page metrics=metrics.get() axes/>{plane} }.into_any()
    };
    view! { <h2 class="sr-only">"Scatter"</h2>{body} }
}

fn plane(page: Page, axes: &Axes, stat: MetricStat) -> AnyView {
    let (runs, metrics) = (page.state.runs.read(), page.state.metrics.read());
    let now = page.state.now.get_untracked();
    let hrefs: Vec<String> = runs.iter().map(|it| paths::run(&it.id)).collect();
    let labels = page.state.labels.get_value();
    let dots: Vec<ScatterDot> = runs
        .iter()
        .enumerate()
        .filter_map(|(index, it)| {
            let value = |quantity: &Quantity| quantity.of(it, metrics.get(index)?, stat, now);
            let (x, y) = (value(&axes.x)?, value(&axes.y)?);
            let label = labels.get(index).map_or("", |it| it.full.as_str());
            Some(ScatterDot { label, color_index: index, x, y, href: &hrefs[index] })
        })
        .collect();
    let is_price = matches!(axes.x, Quantity::Cost | Quantity::Duration);
    let points: Vec<(f64, f64)> = dots.iter().map(|it| (it.x, it.y)).collect();
    let front = if is_price { pareto_front(&points, axes.goal) } else { Vec::new() };
    let axis = |it: &Quantity| ScatterAxis { name: it.name(), unit: it.unit() };
    let spec = ScatterSpec { width: SIZE.0, height: SIZE.1, x: axis(&axes.x), y: axis(&axes.y) };
    let missing = runs.len() - dots.len();
    let note = match missing {
        0 => None,
        1 => Some("1 run has not both values and is not drawn.".to_owned()),
        more => Some(format!("{more} runs have not both values and are not drawn.")),
    };
    let explanation = is_price.then(|| {
        let (word, than) = if axes.x == Quantity::Cost { ("cheaper", "cost") } else { ("quicker", "duration") };
        format!(
            "The line joins the runs that no other beats: none is {word} and better at once ({than} against {}).",
            axes.y.name()
        )
    });
    view! {
        <figure class="chart-card scatter-card" data-dots=dots.len()>
            <figcaption class="chart-caption"><h3>{format!("{} against {}", axes.y.name(), axes.x.name())}</h3></figcaption>
            <div class="scatter-frame" inner_html=scatter_svg(&spec, &dots, &front)></div>
            {explanation.map(|it| view! { <p class="hint">{it}</p> })}
            {note.map(|it| view! { <p class="hint">{it}</p> })}
        </figure>
    }
    .into_any()
}

/// A plain GET form: the choice is the URL.
#[component]
fn Choices(page: Page, metrics: Vec<String>, axes: Axes) -> impl IntoView {
    let parameters = page.state.runs.with_untracked(|all| parameter_rows(all.iter()));
    let quantities: Vec<Quantity> = [Quantity::Cost, Quantity::Duration]
        .into_iter()
        .chain(metrics.into_iter().map(Quantity::Metric))
        .chain(parameters.into_iter().map(|it| Quantity::Parameter(it.name)))
        .collect();
    let options = |chosen: &Quantity| {
        quantities
            .iter()
            .map(|it| view! { <option value=it.to_string() selected=it == chosen>{it.name()}</option> })
            .collect_view()
    };
    let (x_options, y_options) = (options(&axes.x), options(&axes.y));
    let kept = CompareQuery { scatter_x: None, scatter_y: None, goal: None, ..page.query.get_untracked() };
    let hidden = hidden_fields(kept.pairs().into_iter().chain(kept.chart.pairs()).collect());
    view! {
        <SearchForm
            action=paths::COMPARE class="filter scatter-choices"
            fields=&[
                "run", "experiment", "base", "tab", "metric", "value", "equal", "sx", "sy", "goal", "x", "log", "smooth",
            ]
        >
            {hidden}
            <label class="filter-field"><span>"Across"</span><select name="sx">{x_options}</select></label>
            <label class="filter-field"><span>"Up"</span><select name="sy">{y_options}</select></label>
            <label class="filter-field">
                <span>"Better is"</span>
                <select name="goal">
                    <option value="min" selected=axes.goal == Goal::Minimize>"lower"</option>
                    <option value="max" selected=axes.goal == Goal::Maximize>"higher"</option>
                </select>
            </label>
            <button type="submit" class="button">"Show"</button>
        </SearchForm>
    }
}
