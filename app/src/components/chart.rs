//! Charts: the SVG comes from `charts`, on the server for the first paint and in the browser for every new point.
//!
//! The first drawing has the same fixed size on both sides, so hydration changes nothing; only where the place is much
//! narrower or wider (a phone) the browser draws it anew in its real size. `inner_html` takes our own SVG only: `charts`
//! escapes every text in it.

use charts::{ChartSeries, ChartSpec, PlotArea, Readout, Unit, XAxis, YScale};
use domain::{
    ids::RunId,
    series::{Point, Series, SeriesKey},
    time::Timestamp,
};
use leptos::{ev, html, prelude::*};

use super::{
    chart_file::{ChartFile, ChartFiles},
    chart_zoom::{self, Closer},
};

/// One curve of a chart.
#[derive(Clone)]
pub struct Line {
    pub label: String,
    pub color_index: usize,
    pub points: ArcRwSignal<Vec<Point>>,
    /// Where curves of several runs share a chart; else the page's own origin counts.
    pub clock: Option<RunClock>,
    /// Where its other points are read when somebody looks closer; without it all of them are here.
    pub source: Option<(RunId, SeriesKey)>,
}

/// When a run began, and what a second of it costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunClock {
    pub origin: Timestamp,
    /// 0: not known.
    pub dollars_per_second: f64,
}

/// The sizes of the first drawing; `chart.css` gives the frames the same shapes.
const WIDE: (u32, u32) = (560, 240);
const COMPACT: (u32, u32) = (340, 190);

/// How all charts of a page are drawn: the choices in the URL.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChartLook {
    pub x: XAxis,
    pub y_scale: YScale,
    pub smoothing: f64,
    /// Where relative time begins.
    pub origin: Option<Timestamp>,
    /// Only this part of the x axis.
    pub x_range: Option<(f64, f64)>,
}

/// The place that the pointer or the keys point at, in the unit of the x axis; charts of one grid share it.
#[derive(Clone, Copy)]
pub struct Cursor(pub RwSignal<Option<f64>>);

/// Runs `draw` on the lines as `charts` takes them, and tracks their points. What was read closer stands for the rest.
fn with_series<T>(
    lines: &[Line],
    closer: Closer,
    origin: Option<Timestamp>,
    draw: impl FnOnce(&[ChartSeries]) -> T,
) -> T {
    let guards: Vec<_> = lines.iter().map(|it| it.points.read()).collect();
    let points: Vec<_> = guards.iter().enumerate().map(|(place, it)| closer.points(place, it)).collect();
    let series: Vec<ChartSeries> = lines
        .iter()
        .zip(&points)
        .map(|(line, points)| ChartSeries {
            label: &line.label,
            color_index: line.color_index,
            points,
            origin: line.clock.map(|it| it.origin).or(origin),
            dollars_per_second: line.clock.map_or(0.0, |it| it.dollars_per_second),
        })
        .collect();
    draw(&series)
}

#[component]
pub fn ChartCard(
    #[prop(into)] title: String,
    #[prop(into)] lines: Signal<Vec<Line>>,
    #[prop(into)] look: Signal<ChartLook>,
    #[prop(default = Unit::Plain)] unit: Unit,
    /// For three beside each other.
    #[prop(optional)]
    is_compact: bool,
    cursor: Cursor,
    /// Called with the part of the axis that somebody wants to see, or none for the whole.
    #[prop(optional_no_strip)]
    on_zoom: Option<Callback<Option<(f64, f64)>>>,
) -> impl IntoView {
    let closer = chart_zoom::closer(lines, look);
    let size = RwSignal::new(if is_compact { COMPACT } else { WIDE });
    let spec = Memo::new(move |_| {
        let (width, height) = size.get();
        let look = look.get();
        ChartSpec {
            width,
            height,
            x: look.x,
            y_scale: look.y_scale,
            smoothing: look.smoothing,
            x_range: look.x_range,
            unit,
        }
    });
    let chart = Memo::new(move |_| {
        with_series(&lines.get(), closer, look.get().origin, |series| charts::chart_svg(&spec.get(), series))
    });
    let plot = Memo::new(move |_| chart.with(|it| it.plot));
    let readout = Memo::new(move |_| {
        let x = cursor.0.get()?;
        let plot = plot.get();
        (plot.x_min..=plot.x_max)
            .contains(&x)
            .then(|| {
                with_series(&lines.get(), closer, look.get().origin, |series| {
                    charts::readout_at(&spec.get(), series, &plot, x)
                })
            })
            .flatten()
    });
    let is_pointed = RwSignal::new(false);
    let frame = NodeRef::<html::Div>::new();
    browser::keep_size(frame, size);
    let point_to = move |event: &ev::PointerEvent| {
        let x = browser::pointer_x(frame, &plot.get_untracked(), event.client_x());
        if x.is_some() {
            is_pointed.set(true);
            cursor.0.set(x);
        }
        x
    };
    let leave = move || {
        is_pointed.set(false);
        cursor.0.set(None);
    };
    // Where a drag began; it ends with the part of the axis between.
    let dragged = RwSignal::new(None::<f64>);
    let zoom = move |range: Option<(f64, f64)>| {
        let is_new = range != look.get_untracked().x_range;
        if let Some(on_zoom) = on_zoom.filter(|_| is_new) {
            on_zoom.run(range);
        }
    };
    let on_down = move |event: ev::PointerEvent| {
        let x = point_to(&event);
        // A finger scrolls the page and reads values; a mouse or a pen also chooses a part.
        if on_zoom.is_some() && event.button() == 0 && event.pointer_type() != "touch" {
            dragged.set(x);
        }
    };
    let on_up = move |_| {
        let from = dragged.get_untracked();
        dragged.set(None);
        let (Some(from), Some(to)) = (from, cursor.0.get_untracked()) else { return };
        if let Some(range) = chart_zoom::chosen(&plot.get_untracked(), from, to) {
            zoom(Some(range));
        }
    };
    let selection = move || {
        let from = dragged.get()?;
        let shown = move || chart_zoom::percent(&plot.get(), from, cursor.0.get().unwrap_or(from));
        Some(view! {
            <div class="chart-selection" style:left=move || format!("{}%", shown().0) style:width=move || format!("{}%", shown().1)></div>
        })
    };
    let on_key = move |event: ev::KeyboardEvent| {
        // With these keys it is the browser's own.
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let place = move |forward: bool| {
            with_series(&lines.get_untracked(), closer, look.get_untracked().origin, |series| {
                next_place(&spec.get_untracked(), series, &plot.get_untracked(), cursor.0.get_untracked(), forward)
            })
        };
        let wanted = match event.key().as_str() {
            "ArrowRight" => place(true),
            "ArrowLeft" => place(false),
            "Home" => Some(plot.get_untracked().x_min),
            "End" => Some(plot.get_untracked().x_max),
            "Escape" => {
                leave();
                return;
            }
            key @ ("+" | "=" | "-" | "0") if on_zoom.is_some() => {
                event.prevent_default();
                let around = cursor.0.get_untracked();
                zoom(chart_zoom::keyed(&plot.get_untracked(), key, around, look.get_untracked().x_range));
                return;
            }
            _ => return,
        };
        event.prevent_default();
        is_pointed.set(true);
        if wanted.is_some() {
            cursor.0.set(wanted);
        }
    };
    let count = move || lines.with(|all| all.iter().map(|it| it.points.with(Vec::len)).sum::<usize>());
    let curves = Callback::new(move |()| {
        let of = |(place, line): (usize, Line)| {
            let points = untrack(|| line.points.with(|it| closer.points(place, it).into_owned()));
            (line.label, points)
        };
        lines.get_untracked().into_iter().enumerate().map(of).collect::<Vec<_>>()
    });
    let help = if on_zoom.is_some() { "arrow keys read values, plus and minus zoom" } else { "arrow keys read values" };
    let name = title.clone();
    let heading = title.clone();
    view! {
        <figure class="chart-card" class:is-compact=is_compact data-chart=title data-points=count>
            <figcaption class="chart-caption">
                <h3>{heading}</h3>
                <Legend lines readout unit/>
                <ChartFiles file=ChartFile { title: name.clone(), frame, curves }/>
            </figcaption>
            <div
                class="chart-frame"
                node_ref=frame
                tabindex="0"
                role="group"
                aria-label=format!("{name}: {help}")
                on:pointermove=move |event| _ = point_to(&event)
                on:pointerdown=on_down
                on:pointerup=on_up
                on:pointerleave=move |_| {
                    dragged.set(None);
                    leave();
                }
                on:dblclick=move |_| zoom(None)
                on:blur=move |_| leave()
                on:keydown=on_key
            >
                <div class="chart-plot" inner_html=move || chart.with(|it| it.svg.clone())></div>
                <div class="chart-over" inner_html=move || {
                    readout.with(|it| it.as_ref().map(|it| charts::overlay_svg(it, &plot.get())).unwrap_or_default())
                }></div>
                {selection}
                {move || {
                    (is_pointed.get()).then(|| readout.get()).flatten().map(|it| view! { <Tip readout=it plot=plot.get_untracked()/> })
                }}
            </div>
        </figure>
    }
}

/// The x of the next point in a direction; from no cursor, the last point.
fn next_place(
    spec: &ChartSpec,
    series: &[ChartSeries],
    plot: &PlotArea,
    from: Option<f64>,
    forward: bool,
) -> Option<f64> {
    let Some(from) = from else {
        return charts::readout_at(spec, series, plot, plot.x_max).map(|it| it.x);
    };
    let step = if forward { 1.0 } else { -1.0 };
    let mut pixel = plot.pixel_of_x(from) + step;
    while (plot.left..=plot.right).contains(&pixel) {
        let x = charts::readout_at(spec, series, plot, plot.x_at(pixel))?.x;
        if (x - from) * step > 0.0 {
            return Some(x);
        }
        pixel += step;
    }
    Some(from)
}

/// Every curve with its colour and its value: under the cursor, else the last.
#[component]
fn Legend(lines: Signal<Vec<Line>>, readout: Memo<Option<Readout>>, unit: Unit) -> impl IntoView {
    move || {
        let lines = lines.get();
        let at_cursor = readout.get();
        let is_alone = lines.len() == 1;
        let items = lines
            .into_iter()
            .enumerate()
            .map(|(index, line)| {
                let under = at_cursor.as_ref().and_then(|it| it.rows.iter().find(|row| row.series == index));
                let value = match under {
                    Some(row) => row.value_text.clone(),
                    None => line
                        .points
                        .with(|it| it.last().map(|it| charts::value_text(it.value, unit)))
                        .unwrap_or_default(),
                };
                view! {
                    <li class=charts::series_class(line.color_index)>
                        <span class="legend-dot" aria-hidden="true"></span>
                        <span class="legend-label" class:sr-only=is_alone>{line.label}</span>
                        <b>{value}</b>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="chart-legend">{items}</ul> }
    }
}

/// The values at the cursor, greatest first; on the side where the cursor is not.
#[component]
fn Tip(readout: Readout, plot: PlotArea) -> impl IntoView {
    let is_left = readout.x_pixel > f64::midpoint(plot.left, plot.right);
    let mut rows = readout.rows;
    rows.sort_by(|a, b| b.point.value.total_cmp(&a.point.value));
    let rows = rows
        .into_iter()
        .map(|row| {
            view! {
                <li class=charts::series_class(row.color_index)>
                    <span class="legend-dot" aria-hidden="true"></span>
                    <span class="legend-label">{row.label}</span>
                    <b>{row.value_text}</b>
                    {row.smoothed_text.map(|it| view! { <span class="dim">{format!("~{it}")}</span> })}
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="chart-tip" class:is-left=is_left role="status">
            <p>{readout.x_text}</p>
            <ul>{rows}</ul>
        </div>
    }
}

/// A curve the size of a word.
#[component]
pub fn Sparkline(series: Series) -> impl IntoView {
    view! { <div class="spark" inner_html=charts::sparkline_svg(&series.points, 300, 48, 0)></div> }
}

#[cfg(feature = "hydrate")]
mod browser {
    use charts::PlotArea;
    use leptos::{ev, html, prelude::*};

    /// Drawn anew when the place differs more than this from the drawing: below it, scaling cannot be seen.
    const TOLERANCE: f64 = 0.08;

    pub(super) fn keep_size(frame: NodeRef<html::Div>, size: RwSignal<(u32, u32)>) {
        let measure = move || {
            let Some(frame) = frame.get_untracked() else { return };
            let (width, height) = (frame.client_width().unsigned_abs(), frame.client_height().unsigned_abs());
            let (drawn_width, drawn_height) = size.get_untracked();
            let is_off = |real: u32, drawn: u32| (f64::from(real) / f64::from(drawn) - 1.0).abs() > TOLERANCE;
            if width > 0 && height > 0 && (is_off(width, drawn_width) || is_off(height, drawn_height)) {
                size.set((width, height));
            }
        };
        Effect::new(move |_| {
            frame.track();
            measure();
        });
        let handle = window_event_listener(ev::resize, move |_| measure());
        on_cleanup(move || handle.remove());
    }

    /// The pointer's place on the x axis.
    pub(super) fn pointer_x(frame: NodeRef<html::Div>, plot: &PlotArea, client_x: i32) -> Option<f64> {
        let frame = frame.get_untracked()?;
        let rect = frame.get_bounding_client_rect();
        (rect.width() > 0.0).then(|| plot.x_at((f64::from(client_x) - rect.left()) * plot.width / rect.width()))
    }
}

#[cfg(not(feature = "hydrate"))]
mod browser {
    use charts::PlotArea;
    use leptos::{html, prelude::*};

    pub(super) fn keep_size(_: NodeRef<html::Div>, _: RwSignal<(u32, u32)>) {}

    pub(super) fn pointer_x(_: NodeRef<html::Div>, _: &PlotArea, _: i32) -> Option<f64> {
        None
    }
}
