//! A chart as a file: the picture that is seen, as SVG or PNG, and its points as CSV. Made in the browser, because only it
//! knows the colours of the theme and the width of the window; it appears with the script that makes it work.

use domain::{series::Point, spreadsheet::quoted_cell};
use leptos::{html, prelude::*};

use super::icon::{Glyph, Icon};

/// What a chart's file is made of.
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "files are made in the browser"))]
#[derive(Clone)]
pub struct ChartFile {
    pub title: String,
    /// Holds the chart's SVG.
    pub frame: NodeRef<html::Div>,
    /// Names, and points as far as the page holds them.
    pub curves: Callback<(), Vec<(String, Vec<Point>)>>,
}

#[component]
pub fn ChartFiles(file: ChartFile) -> impl IntoView {
    let file = StoredValue::new(file);
    let name = file.with_value(|it| it.title.clone());
    view! {
        <details class="chart-files needs-js">
            <summary class="button is-quiet is-small" title="Save this chart" aria-label=format!("Save the chart {name}")>
                <Glyph icon=Icon::Download/>
            </summary>
            <div class="confirm-body">
                <button type="button" class="button is-small" on:click=move |_| file.with_value(browser::save_svg)>"SVG"</button>
                <button type="button" class="button is-small" on:click=move |_| file.with_value(browser::save_png)>"PNG"</button>
                <button type="button" class="button is-small" on:click=move |_| file.with_value(browser::save_csv)>"CSV"</button>
            </div>
        </details>
    }
}

/// A row per point. Numbers are written so that they can be read back to the bit.
#[cfg_attr(not(any(feature = "hydrate", test)), expect(dead_code, reason = "files are made in the browser"))]
fn csv_text(curves: &[(String, Vec<Point>)]) -> String {
    use std::fmt::Write as _;

    let mut text = "curve,step,time,value\r\n".to_owned();
    for (name, points) in curves {
        let name = quoted_cell(name);
        for point in points {
            let _ = write!(text, "{name},{},{},{}\r\n", point.step, point.at.to_rfc3339(), point.value);
        }
    }
    text
}

/// `val/loss` -> `val-loss`.
#[cfg_attr(not(any(feature = "hydrate", test)), expect(dead_code, reason = "files are made in the browser"))]
fn file_name(title: &str, ending: &str) -> String {
    let plain: String = title.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let plain = plain.trim_matches(|c| c == '-' || c == '.');
    format!("{}.{ending}", if plain.is_empty() { "chart" } else { plain })
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::fmt::Write as _;

    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};
    use web_sys::{
        Blob, BlobPropertyBag, CanvasRenderingContext2d, CssStyleDeclaration, Element, HtmlAnchorElement,
        HtmlCanvasElement, HtmlImageElement, Url, XmlSerializer,
    };

    use super::{ChartFile, csv_text, file_name};

    /// What of the style sheet a picture needs once it stands alone.
    const STYLES: [&str; 14] = [
        "fill",
        "fill-opacity",
        "stroke",
        "stroke-width",
        "stroke-opacity",
        "stroke-dasharray",
        "stroke-linejoin",
        "stroke-linecap",
        "opacity",
        "display",
        "font-family",
        "font-size",
        "font-weight",
        "text-anchor",
    ];
    /// Of the heading above the picture, in its own units.
    const HEAD_HEIGHT: f64 = 44.0;
    /// Curves that are named above the picture; there is one line for them.
    const MAX_NAMES: usize = 8;
    /// Pixels of a PNG per unit: sharp on paper.
    const PNG_SCALE: f64 = 2.0;

    pub(super) fn save_svg(file: &ChartFile) {
        if let Some(picture) = Picture::of(file) {
            save(&picture.svg, "image/svg+xml", &file_name(&file.title, "svg"));
        }
    }

    pub(super) fn save_csv(file: &ChartFile) {
        save(&csv_text(&file.curves.run(())), "text/csv;charset=utf-8", &file_name(&file.title, "csv"));
    }

    pub(super) fn save_png(file: &ChartFile) {
        let Some(picture) = Picture::of(file) else { return };
        let name = file_name(&file.title, "png");
        // Failing means that the browser cannot draw it; then nothing is saved.
        let _ = draw(picture, name);
    }

    struct Picture {
        svg: String,
        width: f64,
        height: f64,
    }

    impl Picture {
        fn of(file: &ChartFile) -> Option<Self> {
            let frame = file.frame.get_untracked()?;
            let (chart, card) = (frame.query_selector(".chart-plot svg").ok()??, frame.closest(".chart-card").ok()??);
            let view: Vec<f64> =
                chart.get_attribute("viewBox")?.split_whitespace().filter_map(|it| it.parse().ok()).collect();
            let [_, _, width, chart_height] = view[..] else { return None };
            let alone = chart.clone_node_with_deep(true).ok()?.unchecked_into::<Element>();
            style_alone(&chart, &alone)?;
            let parts = (chart.query_selector_all("*").ok()?, alone.query_selector_all("*").ok()?);
            for index in 0..parts.0.length().min(parts.1.length()) {
                let (seen, copy) = (parts.0.item(index)?.unchecked_into(), parts.1.item(index)?.unchecked_into());
                style_alone(&seen, &copy)?;
            }
            for (name, value) in [("y", HEAD_HEIGHT), ("width", width), ("height", chart_height)] {
                alone.set_attribute(name, &value.to_string()).ok()?;
            }
            let height = chart_height + HEAD_HEIGHT;
            let svg = format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\
                 <rect width=\"100%\" height=\"100%\" fill=\"{}\"/>{}{}</svg>",
                style_of(&card)?.get_property_value("background-color").ok()?,
                head(file, &card)?,
                XmlSerializer::new().ok()?.serialize_to_string(&alone).ok()?,
            );
            Some(Self { svg, width, height })
        }
    }

    /// The title, and below it each curve's name in its colour.
    fn head(file: &ChartFile, card: &Element) -> Option<String> {
        let style = style_of(card)?;
        let (ink, font) = (style.get_property_value("color").ok()?, style.get_property_value("font-family").ok()?);
        let text = |content: &str| content.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let attribute = |content: &str| text(content).replace('"', "&quot;");
        let mut names = String::new();
        let items = card.query_selector_all(".chart-legend li").ok()?;
        let curves = file.curves.run(());
        for (index, (name, _)) in curves.iter().enumerate().take(MAX_NAMES) {
            // The dot has the colour of the curve.
            let dot = items.item(u32::try_from(index).ok()?)?.unchecked_into::<Element>().first_element_child()?;
            let color = style_of(&dot)?.get_property_value("background-color").ok()?;
            let _ = write!(names, "<tspan fill=\"{}\" dx=\"10\">{}</tspan>", attribute(&color), text(name));
        }
        if curves.len() > MAX_NAMES {
            let _ = write!(names, "<tspan dx=\"10\">+{}</tspan>", curves.len() - MAX_NAMES);
        }
        Some(format!(
            "<g font-family=\"{}\" fill=\"{}\"><text x=\"10\" y=\"18\" font-size=\"13\" font-weight=\"600\">{}</text>\
             <text y=\"36\" font-size=\"11\">{names}</text></g>",
            attribute(&font),
            attribute(&ink),
            text(&file.title),
        ))
    }

    fn style_of(element: &Element) -> Option<CssStyleDeclaration> {
        window().get_computed_style(element).ok()?
    }

    /// Puts into attributes what came from the style sheet.
    fn style_alone(seen: &Element, copy: &Element) -> Option<()> {
        let style = style_of(seen)?;
        for name in STYLES {
            let value = style.get_property_value(name).ok()?;
            if !value.is_empty() {
                copy.set_attribute(name, &value).ok()?;
            }
        }
        copy.remove_attribute("class").ok()
    }

    fn draw(picture: Picture, name: String) -> Result<(), JsValue> {
        let Picture { svg, width, height } = picture;
        let image = HtmlImageElement::new()?;
        let drawn = image.clone();
        let on_load = Closure::once_into_js(move || {
            let document = document();
            let canvas: HtmlCanvasElement = document.create_element("canvas")?.dyn_into()?;
            canvas.set_width((width * PNG_SCALE) as u32);
            canvas.set_height((height * PNG_SCALE) as u32);
            let context = canvas.get_context("2d")?.ok_or(JsValue::NULL)?.dyn_into::<CanvasRenderingContext2d>()?;
            context.draw_image_with_html_image_element_and_dw_and_dh(
                &drawn,
                0.0,
                0.0,
                width * PNG_SCALE,
                height * PNG_SCALE,
            )?;
            click(&canvas.to_data_url()?, &name)
        });
        image.set_onload(Some(on_load.unchecked_ref()));
        image.set_src(&format!("data:image/svg+xml,{}", String::from(js_sys::encode_uri_component(&svg))));
        Ok(())
    }

    fn save(text: &str, kind: &str, name: &str) {
        let options = BlobPropertyBag::new();
        options.set_type(kind);
        let parts = js_sys::Array::of1(&JsValue::from_str(text));
        let url = Blob::new_with_str_sequence_and_options(&parts, &options)
            .and_then(|it| Url::create_object_url_with_blob(&it));
        if let Ok(url) = url {
            // Failing means that the browser forbids downloads; then nothing is saved.
            let _ = click(&url, name);
            let _ = Url::revoke_object_url(&url);
        }
    }

    /// The browser saves what a link with `download` leads to.
    fn click(url: &str, name: &str) -> Result<(), JsValue> {
        let link: HtmlAnchorElement = document().create_element("a")?.dyn_into()?;
        link.set_href(url);
        link.set_download(name);
        link.click();
        Ok(())
    }
}

#[cfg(not(feature = "hydrate"))]
mod browser {
    use super::ChartFile;

    pub(super) fn save_svg(_: &ChartFile) {}

    pub(super) fn save_png(_: &ChartFile) {}

    pub(super) fn save_csv(_: &ChartFile) {}
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;

    #[test]
    fn points_are_written_to_the_bit_and_names_are_safe_in_spreadsheets() {
        let at = Timestamp::from_unix_millis(1_790_000_000_500);
        let point = |step, value| Point { step, at, value };
        let curves = [("=1+1, \"x\"".to_owned(), vec![point(1, 0.1 + 0.2), point(2, f64::NAN)])];
        let text = csv_text(&curves);
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(lines[0], "curve,step,time,value");
        assert!(
            lines[1].starts_with("\"'=1+1, \"\"x\"\"\",1,2026-") && lines[1].ends_with(",0.30000000000000004"),
            "{text}"
        );
        assert!(lines[2].ends_with(",NaN"));
    }

    #[test]
    fn a_title_becomes_a_file_name() {
        assert_eq!(file_name("val/loss (mean)", "svg"), "val-loss--mean.svg");
        assert_eq!(file_name("../..", "csv"), "chart.csv");
    }
}
