//! Light, dark, or as the system says. The choice is kept in the browser and applied before the first paint by the
//! shell's early script; without script the system decides.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    const fn name(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::System => Icon::Auto,
            Self::Light => Icon::Sun,
            Self::Dark => Icon::Moon,
        }
    }
}

#[component]
pub fn ThemeToggle() -> impl IntoView {
    let theme = RwSignal::new(Theme::System);
    Effect::new(move |_| theme.set(browser::stored()));
    let choices = Theme::ALL.map(|choice| {
        let choose = move |_| {
            theme.set(choice);
            browser::apply(choice);
        };
        view! {
            <button
                type="button"
                title=format!("{} theme", choice.name())
                aria-label=format!("{} theme", choice.name())
                aria-pressed=move || if theme.get() == choice { "true" } else { "false" }
                on:click=choose
            >
                <Glyph icon=choice.icon()/>
            </button>
        }
    });
    view! { <div class="segmented theme-toggle needs-js" role="group" aria-label="Theme">{choices.into_iter().collect_view()}</div> }
}

#[cfg(feature = "hydrate")]
mod browser {
    use super::Theme;
    use crate::components::kept::{kept_get, kept_put};

    const KEY: &str = "trainyard.theme";

    pub(super) fn stored() -> Theme {
        match kept_get(KEY).as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::System,
        }
    }

    pub(super) fn apply(theme: Theme) {
        let Some(root) = leptos::prelude::document().document_element() else { return };
        let word = match theme {
            Theme::System => None,
            Theme::Light => Some("light"),
            Theme::Dark => Some("dark"),
        };
        let _ = match word {
            Some(word) => root.set_attribute("data-theme", word),
            None => root.remove_attribute("data-theme"),
        };
        kept_put(KEY, word);
    }
}

#[cfg(not(feature = "hydrate"))]
mod browser {
    use super::Theme;

    pub(super) fn stored() -> Theme {
        Theme::System
    }

    pub(super) fn apply(_: Theme) {}
}
