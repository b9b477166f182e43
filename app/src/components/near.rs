//! Tells when a part of the page comes near the window: what nobody looks at is not read.

use leptos::{html, prelude::*};

/// Sets `is_near`, once, when the place is in the window or less than a window's height away from it.
pub fn when_near(place: NodeRef<html::Div>, is_near: RwSignal<bool>) {
    #[cfg(feature = "hydrate")]
    browser::when_near(place, is_near);
    #[cfg(not(feature = "hydrate"))]
    let _ = (place, is_near);
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::{html, prelude::*};
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};
    use web_sys::{IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

    struct Watch {
        observer: IntersectionObserver,
        _callback: Closure<dyn Fn(js_sys::Array)>,
    }

    impl Drop for Watch {
        fn drop(&mut self) {
            self.observer.disconnect();
        }
    }

    pub(super) fn when_near(place: NodeRef<html::Div>, is_near: RwSignal<bool>) {
        let watch = StoredValue::new_local(None::<Watch>);
        Effect::new(move |_| {
            let Some(place) = place.get() else { return };
            if is_near.get_untracked() {
                return;
            }
            let callback: Closure<dyn Fn(js_sys::Array)> = Closure::new(move |entries: js_sys::Array| {
                let is_seen = |it: JsValue| it.unchecked_into::<IntersectionObserverEntry>().is_intersecting();
                if entries.iter().any(is_seen) {
                    is_near.try_set(true);
                    watch.try_set_value(None);
                }
            });
            let options = IntersectionObserverInit::new();
            options.set_root_margin("100% 0px");
            // A browser without it shows everything at once.
            let Ok(observer) = IntersectionObserver::new_with_options(callback.as_ref().unchecked_ref(), &options)
            else {
                is_near.set(true);
                return;
            };
            observer.observe(&place);
            watch.set_value(Some(Watch { observer, _callback: callback }));
        });
        on_cleanup(move || drop(watch.try_set_value(None)));
    }
}
