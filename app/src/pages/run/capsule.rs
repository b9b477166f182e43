//! What the run was made of, and whether it can be, and was, repeated.

use domain::{
    capsule::{ChannelManifest, MetricComparison, Reproduction, SOURCE_CHANNEL, Tolerance},
    run::Run,
};
use leptos::prelude::*;

use super::{Page, query::Tab};
use crate::{
    api::capsule::{CapsuleView, ReproductionView, SHOWN_OBJECTS, capsule_get},
    components::{
        change_list::ChangeList,
        choice::choice_link,
        fault::Fault,
        git_origin::GitFacts,
        icon::{Glyph, Icon},
        timeline::CopyLine,
    },
    model::rows::{bytes, grouped_digits, number},
    paths,
};

#[component]
pub(super) fn CapsuleTab(page: Page) -> impl IntoView {
    // Asked again when the run changes its state: the verdict comes with the end.
    let key = Memo::new(move |_| (page.state.run.with(Run::badge), page.query.with(|it| it.tolerance)));
    let view =
        Resource::new_blocking(move || key.get(), move |(_, tolerance)| capsule_get(page.id.get_value(), tolerance));
    view! {
        <Repeat page/>
        <Transition>
            {move || Suspend::new(async move {
                match view.await {
                    Ok(view) => view! { <Capsule page view/> }.into_any(),
                    Err(error) => view! { <Fault error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// What a person can do with it.
#[component]
fn Repeat(page: Page) -> impl IntoView {
    let run = page.state.run.get_untracked();
    view! {
        <section class="panel" aria-labelledby="c-repeat">
            <h2 id="c-repeat" class="panel-title">"Repeat this run"</h2>
            <p class="capsule-actions">
                <a class="button is-primary" href=paths::run_relaunch(&run.id)><Glyph icon=Icon::Repeat/>"Relaunch"</a>
                <a class="button" href=paths::launch_clone(&run.id)><Glyph icon=Icon::Copy/>"Clone and change"</a>
                <a class="button" download="" href=paths::run_capsule(&run.id)>
                    <Glyph icon=Icon::Download/>"Download the capsule"
                </a>
            </p>
            <p class="hint">
                "The capsule is one archive: the request, the source, what the inputs held, the metrics, and how to repeat it without Trainyard."
            </p>
            <form class="inline-form" method="get" action=paths::run_diff_base(&run.id)>
                <label for="diff-with">"Compare with"</label>
                <input id="diff-with" type="text" name="with" required="" placeholder="job name or run id" autocomplete="off"/>
                <button class="button" type="submit">"Compare"</button>
            </form>
        </section>
    }
}

#[component]
fn Capsule(page: Page, view: CapsuleView) -> impl IntoView {
    let run = page.state.run.get_untracked();
    let recorded = view.recorded_at.map(|at| {
        let seconds = at.seconds_since(run.created_at).max(0.0) as u64;
        format!("Listed {} s after the launch.", grouped_digits(seconds))
    });
    let channels = view.channels.into_iter().map(|it| view! { <Channel it/> }).collect::<Vec<_>>();
    let inputs = match (&recorded, channels.is_empty()) {
        (None, _) => view! { <p class="dim">"What its inputs held is not recorded for this run."</p> }.into_any(),
        (Some(_), true) => view! { <p class="dim">"The job has no input channel."</p> }.into_any(),
        (Some(_), false) => channels.collect_view().into_any(),
    };
    view! {
        {view.reproduction.map(|it| view! { <Parent page it/> })}
        <section class="panel" aria-labelledby="c-inputs">
            <div class="panel-head">
                <h2 id="c-inputs" class="panel-title">"Inputs"</h2>
                <span class="dim">{recorded}</span>
            </div>
            {inputs}
        </section>
        <section class="panel" aria-labelledby="c-rest">
            <h2 id="c-rest" class="panel-title">"Everything else"</h2>
            <dl class="identity">
                <dt>"Source"</dt>
                <dd>
                    {match run.source_sha256.clone() {
                        Some(sha256) => view! { <CopyLine text=sha256 what="SHA-256 of the source archive"/> }.into_any(),
                        None => view! { <span class="dim">"not held by Trainyard"</span> }.into_any(),
                    }}
                </dd>
                {run.git_origin().map(|origin| view! { <GitFacts origin/> })}
                <dt>"Image"</dt>
                <dd>
                    {match run.training_image().map(str::to_owned) {
                        Some(image) => view! { <CopyLine text=image what="image"/> }.into_any(),
                        None => view! { <span class="dim">"that of the algorithm"</span> }.into_any(),
                    }}
                </dd>
                <dt>"Price of an instance"</dt>
                <dd>
                    {match run.price.as_ref() {
                        Some(it) => format!("{} an hour, {} ({})", it.price_nanousd_per_hour, it.date, it.source),
                        None => "unpriced".to_owned(),
                    }}
                </dd>
                <dt>"Request"</dt>
                <dd><CopyLine text=run.fingerprint.clone() what="SHA-256 of the request"/></dd>
            </dl>
            <p>
                <a href=move || page.href(|query| query.tab = Tab::Config) data-noscroll="">"All parameters"</a>
                " · "
                <a href=move || page.href(|query| query.tab = Tab::Files) data-noscroll="">"Files"</a>
            </p>
        </section>
    }
}

#[component]
fn Channel(it: ChannelManifest) -> impl IntoView {
    let title = if it.channel == SOURCE_CHANNEL { "Source in S3".to_owned() } else { it.channel.clone() };
    let body = if let Some(fault) = it.fault {
        view! { <p class="dim">{fault}</p> }.into_any()
    } else {
        let count = grouped_digits(it.object_count);
        let more = it.object_count.saturating_sub(it.objects.len() as u64);
        let rows = it
            .objects
            .into_iter()
            .map(|it| {
                view! {
                    <tr>
                        <th scope="row"><code>{it.key}</code></th>
                        <td class="is-number">{bytes(it.size_bytes)}</td>
                        <td><code>{it.e_tag}</code></td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <p>
                {if it.is_whole { String::new() } else { "more than ".to_owned() }}
                {count}{if it.object_count == 1 { " object, " } else { " objects, " }}{bytes(it.size_bytes)}
            </p>
            <CopyLine text=it.sha256 what="SHA-256 of the list"/>
            <details>
                <summary>{if more > 0 { format!("The first {SHOWN_OBJECTS}") } else { "Which".to_owned() }}</summary>
                <div class="pairs-scroll" tabindex="0" role="region" aria-label=format!("Objects of {title}")>
                    <table class="pairs">
                        <thead>
                            <tr>
                                <th scope="col">"Key"</th>
                                <th scope="col" class="is-number">"Size"</th>
                                <th scope="col">"ETag"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </details>
        }
        .into_any()
    };
    view! {
        <div class="manifest">
            <h3>{title.clone()}</h3>
            <p class="dim"><code>{it.uri}</code></p>
            {body}
        </div>
    }
}

/// The run beside the one that it was made from.
#[component]
fn Parent(page: Page, it: ReproductionView) -> impl IntoView {
    let id = page.id.get_value();
    let diff = paths::run_diff(&id, &it.parent);
    let body = match (it.changes.is_empty(), it.verdict) {
        (false, _) => view! {
            <p>"It changes the run that it was cloned from:"</p>
            <ChangeList changes=it.changes/>
        }
        .into_any(),
        (true, None) => view! {
            <p>"The same request. The verdict comes when both runs have ended."</p>
        }
        .into_any(),
        (true, Some(verdict)) => view! { <Verdict page verdict/> }.into_any(),
    };
    view! {
        <section class="panel" aria-labelledby="c-parent">
            <div class="panel-head">
                <h2 id="c-parent" class="panel-title">"Beside "<a href=paths::run(&it.parent)>{it.parent_name}</a></h2>
                <a href=diff>"All differences"</a>
            </div>
            {body}
        </section>
    }
}

#[component]
fn Verdict(page: Page, verdict: Reproduction) -> impl IntoView {
    let (class, icon, word) = match verdict.is_reproduced() {
        Some(true) => ("verdict is-good", Icon::Check, "Reproduced"),
        Some(false) => ("verdict is-bad", Icon::Cross, "Not reproduced"),
        None => ("verdict", Icon::Question, "No verdict: the first run reported no metric"),
    };
    let current = verdict.tolerance;
    let choices = Tolerance::CHOICES.map(|choice| {
        let word = if choice == Tolerance::EXACT { "exact".to_owned() } else { format!("{} %", choice.word()) };
        choice_link(word, "true", move || page.href(|query| query.tolerance = choice), move || choice == current)
    });
    let only = |list: Vec<String>, whose: &str| {
        (!list.is_empty()).then(|| view! { <p>{format!("Only {whose} reported: {}.", list.join(", "))}</p> })
    };
    let rows = verdict.metrics.into_iter().map(|it| view! { <MetricRow it/> }).collect_view();
    view! {
        <p class=class><Glyph icon/>{word}</p>
        <p class="tolerances">
            <span>"Tolerance, of the larger value:"</span>
            {choices.into_iter().collect_view()}
        </p>
        <div class="pairs-scroll" tabindex="0" role="region" aria-label="Metrics of both runs">
            <table class="pairs metrics-table verdict-table">
                <thead>
                    <tr>
                        <th scope="col">"Metric"</th>
                        <th scope="col" class="is-number">"Then"</th>
                        <th scope="col" class="is-number">"Now"</th>
                        <th scope="col">"Curve"</th>
                        <th scope="col">"Verdict"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {only(verdict.only_then, "the first run")}
        {only(verdict.only_now, "this run")}
    }
}

#[component]
fn MetricRow(it: MetricComparison) -> impl IntoView {
    let curve = match (it.common_steps, it.differing_steps, it.first_differing_step) {
        (steps, 0, _) => format!("within at all {} steps", grouped_digits(steps)),
        (steps, differing, first) => format!(
            "apart at {} of {} steps, first at {}",
            grouped_digits(differing),
            grouped_digits(steps),
            first.unwrap_or_default()
        ),
    };
    view! {
        <tr>
            <th scope="row">{it.label}</th>
            <td class="is-number">{number(it.then)}</td>
            <td class="is-number">{number(it.now)}</td>
            <td>{curve}</td>
            <td>{if it.is_within { "within" } else { "differs" }}</td>
        </tr>
    }
}
