//! Follows the grid's scrolling in the browser. On a phone the rows are cards of many heights: they are not followed.

use leptos::{html, prelude::*};

use super::window::Rows;

/// From the first paint in the browser on; on the server nothing scrolls.
pub(super) fn follow(place: NodeRef<html::Div>, rows: Rows) {
    #[cfg(feature = "hydrate")]
    browser::follow(place, rows);
    #[cfg(not(feature = "hydrate"))]
    let _ = (place, rows);
}

/// The rows that are seen now.
pub(super) fn look(place: NodeRef<html::Div>, rows: Rows) {
    #[cfg(feature = "hydrate")]
    browser::look(place, rows);
    #[cfg(not(feature = "hydrate"))]
    let _ = (place, rows);
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::{ev, html, prelude::*};

    use super::Rows;

    /// As in `style/pages/runs.css`.
    const WIDE: &str = "(min-width: 48.01rem)";

    pub(super) fn follow(place: NodeRef<html::Div>, rows: Rows) {
        Effect::new(move |_| {
            place.track();
            // How many there are decides what is seen, too.
            rows.total.track();
            request_animation_frame(move || look(place, rows));
        });
        let resized = window_event_listener(ev::resize, move |_| look(place, rows));
        on_cleanup(move || resized.remove());
    }

    pub(super) fn look(place: NodeRef<html::Div>, rows: Rows) {
        // The page may be gone since it was asked for.
        let (Some(Some(element)), Some(was_scrolled)) =
            (place.try_get_untracked(), rows.is_scrolled.try_get_untracked())
        else {
            return;
        };
        let is_wide = window().match_media(WIDE).ok().flatten().is_some_and(|it| it.matches());
        match (is_wide, was_scrolled) {
            (false, false) => {}
            (false, true) => rows.unscroll(),
            (true, false) => {
                let first = rows.range.with_untracked(|it| it.start);
                rows.is_scrolled.set(true);
                // The space above is there at the next frame; then the URL's page has its place.
                request_animation_frame(move || {
                    let top = rows.row_px.try_get_untracked().unwrap_or_default() * first as f64;
                    element.set_scroll_top(top as i32);
                    look(place, rows);
                });
            }
            (true, true) => {
                let row = element.query_selector("tr.grid-row").ok().flatten();
                let height = row.map(|it| it.get_bounding_client_rect().height()).filter(|it| *it > 1.0);
                let row_px = height.unwrap_or_else(|| rows.row_px.get_untracked());
                if (row_px - rows.row_px.get_untracked()).abs() > 0.01 {
                    rows.row_px.set(row_px);
                }
                let first = (f64::from(element.scroll_top()) / row_px).max(0.0) as u64;
                let count = (f64::from(element.client_height()) / row_px).ceil() as u64 + 1;
                rows.scroll(first, count);
            }
        }
    }
}
