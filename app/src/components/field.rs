//! Form fields: label, control, hint and errors, wired together for people and screen readers alike.
//!
//! The inputs keep their own text (they are not controlled): what was typed before the script arrived stays, and is
//! read into the signals then.

use domain::job_draft::FieldError;
use leptos::{html, prelude::*};

/// The errors of a form, each beside its field.
#[derive(Clone, Copy)]
pub struct FormErrors {
    pub list: Signal<Vec<FieldError>>,
    /// Called with a field's name when the user has left or changed it.
    pub touch: Callback<String>,
}

impl FormErrors {
    pub fn of(self, field: &str) -> Vec<String> {
        self.list.with(|all| all.iter().filter(|it| it.field == field).map(|it| it.message.clone()).collect())
    }
}

/// The element id of a field: `hyperparameters[3].value` is `f-hyperparameters-3-value`.
pub fn field_id(field: &str) -> String {
    let words = field.split(|c: char| !c.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    words.fold("f".to_owned(), |id, word| format!("{id}-{word}"))
}

/// Keeps a signal and an input's text together: first the input's text goes into the signal (it may have been typed
/// before the script came), then each change of the signal from elsewhere goes into the input.
pub fn keep_together(value: RwSignal<String>, input: NodeRef<html::Input>) {
    Effect::new(move |is_later: Option<()>| {
        let wanted = value.get();
        let Some(input) = input.get() else { return };
        let shown = read(&input);
        if shown == wanted {
            return;
        }
        if is_later.is_some() {
            write(&input, &wanted);
        } else {
            value.set(shown);
        }
    });
}

#[cfg(feature = "hydrate")]
fn read(input: &web_sys::HtmlInputElement) -> String {
    input.value()
}

#[cfg(feature = "hydrate")]
fn write(input: &web_sys::HtmlInputElement, text: &str) {
    input.set_value(text);
}

// Effects do not run on the server.
#[cfg(not(feature = "hydrate"))]
fn read<T>(_: &T) -> String {
    String::new()
}

#[cfg(not(feature = "hydrate"))]
fn write<T>(_: &T, _: &str) {}

/// A field's messages; the element exists only with a message, and then the control points to it.
#[component]
pub fn FieldErrors(#[prop(into)] field: String, errors: FormErrors) -> impl IntoView {
    let id = format!("{}-error", field_id(&field));
    move || {
        let messages = errors.of(&field);
        (!messages.is_empty()).then(|| {
            let lines = messages.into_iter().map(|it| view! { <span>{it}</span> }).collect_view();
            view! { <p class="field-error" id=id.clone()>{lines}</p> }
        })
    }
}

/// One line of text, by default; `input_type` and `inputmode` for the rest.
#[component]
pub fn TextField(
    /// The field's name in the form and in its errors.
    name: &'static str,
    label: &'static str,
    /// SageMaker's own name for it, so that its users recognise it.
    #[prop(optional)]
    api_name: &'static str,
    value: RwSignal<String>,
    errors: FormErrors,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] unit: &'static str,
    #[prop(default = "text")] inputmode: &'static str,
    /// Id of a `<datalist>`.
    #[prop(optional)]
    list: Option<&'static str>,
    #[prop(optional)] placeholder: &'static str,
    /// Set when the field is left to say that somebody has been here.
    #[prop(optional)]
    on_focus: Option<Callback<bool>>,
) -> impl IntoView {
    let id = field_id(name);
    let input = NodeRef::<html::Input>::new();
    keep_together(value, input);
    let hint_id = format!("{id}-hint");
    let error_id = format!("{id}-error");
    let is_wrong = move || !errors.of(name).is_empty();
    let described_by = {
        let hint_id = hint_id.clone();
        move || match (hint.is_empty(), is_wrong()) {
            (true, false) => None,
            (true, true) => Some(error_id.clone()),
            (false, false) => Some(hint_id.clone()),
            (false, true) => Some(format!("{hint_id} {error_id}")),
        }
    };
    view! {
        <div class="field" class:is-wrong=is_wrong>
            <label for=id.clone()>
                {label}
                {(!api_name.is_empty()).then(|| view! { <span class="api-name">{api_name}</span> })}
            </label>
            <div class="control">
                <input
                    id=id
                    name=name
                    type="text"
                    inputmode=inputmode
                    autocomplete="off"
                    spellcheck="false"
                    list=list
                    placeholder=placeholder
                    value=value.get_untracked()
                    node_ref=input
                    aria-invalid=move || is_wrong().then_some("true")
                    aria-describedby=described_by
                    on:input=move |event| value.set(event_target_value(&event))
                    on:change=move |_| errors.touch.run(name.to_owned())
                    on:focus=move |_| if let Some(it) = on_focus { it.run(true) }
                    on:blur=move |_| if let Some(it) = on_focus { it.run(false) }
                />
                {(!unit.is_empty()).then(|| view! { <span class="unit">{unit}</span> })}
            </div>
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=hint_id>{hint}</p> })}
            <FieldErrors field=name errors/>
        </div>
    }
}

/// A checkbox with its meaning.
#[component]
pub fn CheckField(
    name: &'static str,
    label: &'static str,
    #[prop(optional)] api_name: &'static str,
    value: RwSignal<bool>,
    #[prop(optional)] hint: &'static str,
) -> impl IntoView {
    let id = field_id(name);
    let hint_id = format!("{id}-hint");
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            value.set(is_checked(&input));
        }
    });
    view! {
        <div class="field field-check">
            <input
                id=id.clone()
                name=name
                type="checkbox"
                value="on"
                checked=value.get_untracked()
                node_ref=input
                aria-describedby=hint_id.clone()
                on:change=move |event| value.set(event_target_checked(&event))
            />
            <label for=id>
                {label}
                {(!api_name.is_empty()).then(|| view! { <span class="api-name">{api_name}</span> })}
            </label>
            <p class="hint" id=hint_id>{hint}</p>
        </div>
    }
}

#[cfg(feature = "hydrate")]
fn is_checked(input: &web_sys::HtmlInputElement) -> bool {
    input.checked()
}

#[cfg(not(feature = "hydrate"))]
fn is_checked<T>(_: &T) -> bool {
    false
}
