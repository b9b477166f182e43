//! Presets in the launch form: one to begin with, and the form as it stands as a new one.

use leptos::{ev::KeyboardEvent, html, prelude::*};

use crate::{
    api::{launch::PresetNote, presets::PresetCard},
    components::{
        field::{FieldErrors, FormErrors, field_id},
        icon::{Glyph, Icon},
    },
    paths,
};

/// The team's presets, and what the chosen one did not keep.
#[component]
pub(super) fn PresetChoices(presets: Vec<PresetCard>, preset: Option<PresetNote>) -> impl IntoView {
    let chosen = preset.as_ref().map(|it| it.name.clone());
    let cards = presets
        .iter()
        .map(|it| {
            view! {
                <a
                    class="choice"
                    href=paths::launch_preset(&it.id)
                    aria-current=(chosen.as_ref() == Some(&it.name)).then_some("true")
                    data-noscroll=""
                >
                    <strong>{it.name.to_string()}</strong>
                    <span>{format!("{} · {}", it.experiment, it.instance_type)}</span>
                </a>
            }
        })
        .collect_view();
    let left_out = preset.filter(|it| !it.left_out.is_empty()).map(|it| {
        view! {
            <p class="notice notice-warn">
                {format!(
                    "The preset `{}` keeps no secrets. What looked like one is blank, type it again: {}.",
                    it.name,
                    it.left_out.join(", "),
                )}
            </p>
        }
    });
    (!presets.is_empty()).then(|| {
        view! {
            <nav class="choices" aria-label="Presets">{cards}</nav>
            <p class="hint"><a href=paths::PRESETS>"Rename or delete presets"</a></p>
            {left_out}
        }
    })
}

/// Sends the whole form to another place than Launch does.
#[component]
pub(super) fn SavePreset(errors: FormErrors) -> impl IntoView {
    let id = field_id("preset_name");
    let save = NodeRef::<html::Button>::new();
    // In the launch form Enter would launch.
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            if let Some(save) = save.get_untracked() {
                save.click();
            }
        }
    };
    view! {
        <details class="fold" open=move || !errors.of("preset_name").is_empty()>
            <summary>"Save as a preset"</summary>
            <div class="fold-body">
                <label for=id.clone()>"Name"</label>
                <input id=id name="preset_name" type="text" maxlength="80" autocomplete="off" on:keydown=on_key/>
                <FieldErrors field="preset_name" errors/>
                <button type="submit" class="button is-small" formaction=paths::PRESETS node_ref=save>
                    <Glyph icon=Icon::Plus/>
                    "Save this form"
                </button>
                <p class="hint">"Values of the environment that look like secrets are not kept."</p>
            </div>
        </details>
    }
}
