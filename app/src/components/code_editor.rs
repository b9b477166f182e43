//! A text area for a script, with colours laid under it. It is a plain text area without script, and the text is the
//! text area's own always: what the colours show is a copy, out of reach of keyboard and screen readers.
//!
//! Tab indents; Escape gives the key back, so that nobody is caught in the field.

use domain::python_text::tokens;
use leptos::{ev::KeyboardEvent, html, prelude::*};

use super::field::{FieldErrors, FormErrors, area_text, described_by, field_id, is_wrong, keep_together};

/// A longer text is shown plain: colouring it anew for each key would be felt.
const MAX_COLOURED_BYTES: usize = 32 * 1024;
const INDENT: &str = "    ";

#[component]
pub fn CodeEditor(
    #[prop(into)] name: String,
    label: &'static str,
    value: RwSignal<String>,
    errors: FormErrors,
    #[prop(into)] hint: String,
) -> impl IntoView {
    let id = field_id(&name);
    let hint_id = format!("{id}-hint");
    let is_wrong = is_wrong(&name, errors);
    let (known, keys_id) = (described_by(&id, true, is_wrong), format!("{id}-keys"));
    let described_by = {
        let keys_id = keys_id.clone();
        move || known().map(|it| format!("{keys_id} {it}"))
    };
    let area = NodeRef::<html::Textarea>::new();
    let colours = NodeRef::<html::Pre>::new();
    keep_together(value, area);
    let is_live = RwSignal::new(false);
    Effect::new(move |_| is_live.set(true));
    let is_coloured = Memo::new(move |_| is_live.get() && value.with(String::len) <= MAX_COLOURED_BYTES);
    let gives_tab_back = RwSignal::new(false);
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        "Escape" => gives_tab_back.set(true),
        "Tab" if !gives_tab_back.get_untracked() && !event.shift_key() && !event.ctrl_key() && !event.alt_key() => {
            event.prevent_default();
            browser::insert(INDENT);
        }
        _ => {}
    };
    let on_scroll = move |_| {
        if let (Some(area), Some(colours)) = (area.get_untracked(), colours.get_untracked()) {
            colours.set_scroll_top(area.scroll_top());
            colours.set_scroll_left(area.scroll_left());
        }
    };
    let touch = name.clone();
    view! {
        <div class="field" class:is-wrong=is_wrong>
            <label for=id.clone()>{label}</label>
            <div class="code-editor" class:is-coloured=is_coloured>
                <pre aria-hidden="true" node_ref=colours>
                    {move || is_coloured.get().then(|| value.with(|it| coloured(it)))}
                </pre>
                <textarea
                    id=id.clone()
                    name=name.clone()
                    rows="20"
                    spellcheck="false"
                    autocomplete="off"
                    autocapitalize="off"
                    wrap="off"
                    node_ref=area
                    aria-invalid=move || is_wrong.get().then_some("true")
                    aria-describedby=described_by
                    on:input=move |event| value.set(event_target_value(&event))
                    on:change=move |_| errors.touch.run(touch.clone())
                    on:keydown=on_key
                    on:blur=move |_| gives_tab_back.set(false)
                    on:scroll=on_scroll
                >
                    {area_text(&value.get_untracked())}
                </textarea>
            </div>
            <p class="hint" id=hint_id>{hint}</p>
            <p class="hint needs-js" id=keys_id>"Tab indents; Escape, then Tab, leaves the field."</p>
            <FieldErrors field=name errors/>
        </div>
    }
}

/// The text as spans, and an end that keeps a last empty line as high as the text area's.
fn coloured(text: &str) -> impl IntoView + use<> {
    let spans = tokens(text).into_iter().map(|(kind, piece)| {
        let piece = piece.to_owned();
        match kind.class() {
            Some(class) => view! { <span class=class>{piece}</span> }.into_any(),
            None => piece.into_any(),
        }
    });
    (spans.collect_view(), "\n")
}

#[cfg(feature = "hydrate")]
mod browser {
    use js_sys::{Function, Reflect};
    use wasm_bindgen::JsValue;

    /// As if it were typed: it can be undone, and the field hears of it.
    pub(super) fn insert(text: &str) {
        let document = JsValue::from(leptos::prelude::document());
        let command =
            Reflect::get(&document, &"execCommand".into()).and_then(wasm_bindgen::JsCast::dyn_into::<Function>);
        if let Ok(command) = command {
            // Without it the key does nothing; the four blanks can be typed.
            drop(command.call3(&document, &"insertText".into(), &JsValue::FALSE, &text.into()));
        }
    }
}

#[cfg(not(feature = "hydrate"))]
mod browser {
    pub(super) fn insert(_: &str) {}
}
