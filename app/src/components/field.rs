//! Form fields: label, control, hint and errors, wired together for people and screen readers alike.
//!
//! The inputs keep their own text (they are not controlled): what was typed before the script arrived stays, and is
//! read into the signals then.

use domain::job_draft::FieldError;
use leptos::{html, prelude::*, wasm_bindgen::JsCast, web_sys};

use super::s3_browser::{BrowseButton, S3Pick};

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

/// The element id of a field: `HyperParameters[3].value` is `f-HyperParameters-3-value`.
pub fn field_id(field: &str) -> String {
    let words = field.split(|c: char| !c.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    words.fold("f".to_owned(), |id, word| format!("{id}-{word}"))
}

/// An element that shows a text that somebody can change.
pub trait Control {
    fn shown(&self) -> String;
    fn show(&self, text: &str);
}

impl Control for web_sys::HtmlInputElement {
    fn shown(&self) -> String {
        self.value()
    }

    fn show(&self, text: &str) {
        self.set_value(text);
    }
}

impl Control for web_sys::HtmlSelectElement {
    fn shown(&self) -> String {
        self.value()
    }

    fn show(&self, text: &str) {
        self.set_value(text);
    }
}

impl Control for web_sys::HtmlTextAreaElement {
    fn shown(&self) -> String {
        self.value()
    }

    fn show(&self, text: &str) {
        self.set_value(text);
    }
}

/// Keeps a signal and a control's text together: first the control's text goes into the signal (it may have been typed
/// before the script came), then each change of the signal from elsewhere goes into the control.
pub fn keep_together<E>(value: RwSignal<String>, control: NodeRef<E>)
where
    E: html::ElementType + 'static,
    E::Output: Control + JsCast + Clone + 'static,
{
    Effect::new(move |is_later: Option<()>| {
        let wanted = value.get();
        let Some(control) = control.get() else { return };
        let shown = control.shown();
        if shown == wanted {
            return;
        }
        if is_later.is_some() {
            control.show(&wanted);
        } else {
            value.set(shown);
        }
    });
}

/// A text area's first text. Leptos writes what stands in a `<textarea>` as it is, so it is escaped here; and a browser
/// drops one line break after the tag, so one is put there.
pub fn area_text(text: &str) -> String {
    if cfg!(feature = "ssr") {
        format!("\n{}", text.replace('&', "&amp;").replace('<', "&lt;"))
    } else {
        text.to_owned()
    }
}

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
    #[prop(into)]
    name: String,
    label: &'static str,
    /// SageMaker's own name for it, so that its users recognise it.
    #[prop(optional, into)]
    api_name: String,
    value: RwSignal<String>,
    errors: FormErrors,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] unit: &'static str,
    #[prop(default = "text")] inputmode: &'static str,
    /// Id of a `<datalist>`.
    #[prop(optional)]
    list: Option<&'static str>,
    #[prop(optional)] placeholder: &'static str,
    /// It names a place in S3, which can be looked for.
    #[prop(optional_no_strip)]
    pick: Option<S3Pick>,
) -> impl IntoView {
    let id = field_id(&name);
    let browse = pick.map(|pick| view! { <BrowseButton field=name.clone() label value errors pick/> });
    let input = NodeRef::<html::Input>::new();
    keep_together(value, input);
    let hint_id = format!("{id}-hint");
    let is_wrong = is_wrong(&name, errors);
    let described_by = described_by(&id, !hint.is_empty(), is_wrong);
    let (touch, mended) = (name.clone(), name.clone());
    view! {
        <div class="field" class:is-wrong=move || is_wrong.get()>
            <label for=id.clone()>
                {label}
                {(!api_name.is_empty()).then(|| view! { <span class="api-name">{api_name}</span> })}
            </label>
            <div class="control" class:has-browse=pick.is_some()>
                <input
                    id=id
                    name=name.clone()
                    type="text"
                    inputmode=inputmode
                    autocomplete="off"
                    spellcheck="false"
                    list=list
                    placeholder=placeholder
                    value=value.get_untracked()
                    node_ref=input
                    aria-invalid=move || is_wrong.get().then_some("true")
                    aria-describedby=described_by
                    on:input=move |event| {
                        value.set(event_target_value(&event));
                        // What is said of it goes while it is mended: if it went when the field is left, the page would
                        // move under a press of Launch, and the press would be lost.
                        if is_wrong.get_untracked() {
                            errors.touch.run(mended.clone());
                        }
                    }
                    on:change=move |_| errors.touch.run(touch.clone())
                />
                {(!unit.is_empty()).then(|| view! { <span class="unit">{unit}</span> })}
                {browse}
            </div>
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=hint_id>{hint}</p> })}
            <FieldErrors field=name errors/>
        </div>
    }
}

pub(crate) fn is_wrong(name: &str, errors: FormErrors) -> Memo<bool> {
    let name = name.to_owned();
    Memo::new(move |_| !errors.of(&name).is_empty())
}

/// The ids of hint and message, as far as they are there.
pub(crate) fn described_by(id: &str, has_hint: bool, is_wrong: Memo<bool>) -> impl Fn() -> Option<String> + use<> {
    let (hint, error) = (format!("{id}-hint"), format!("{id}-error"));
    move || match (has_hint, is_wrong.get()) {
        (false, false) => None,
        (false, true) => Some(error.clone()),
        (true, false) => Some(hint.clone()),
        (true, true) => Some(format!("{hint} {error}")),
    }
}

/// One of a few values, or not set.
#[component]
pub fn SelectField(
    #[prop(into)] name: String,
    label: &'static str,
    #[prop(optional, into)] api_name: String,
    value: RwSignal<String>,
    choices: &'static [String],
    errors: FormErrors,
    #[prop(optional)] hint: &'static str,
) -> impl IntoView {
    let id = field_id(&name);
    let select = NodeRef::<html::Select>::new();
    keep_together(value, select);
    let is_wrong = is_wrong(&name, errors);
    let described_by = described_by(&id, !hint.is_empty(), is_wrong);
    let touch = name.clone();
    // A value that is none of the choices is shown all the same: nothing typed is lost.
    let given = value.get_untracked();
    let other = (!given.is_empty() && !choices.contains(&given)).then(|| given.clone());
    let options = choices.iter().chain(other.as_ref()).map(|it| {
        view! { <option value=it.clone() selected={*it == given}>{it.clone()}</option> }
    });
    view! {
        <div class="field" class:is-wrong=move || is_wrong.get()>
            <label for=id.clone()>
                {label}
                {(!api_name.is_empty()).then(|| view! { <span class="api-name">{api_name}</span> })}
            </label>
            <div class="control">
                <select
                    id=id.clone()
                    name=name.clone()
                    node_ref=select
                    aria-invalid=move || is_wrong.get().then_some("true")
                    aria-describedby=described_by
                    on:change=move |event| {
                        value.set(event_target_value(&event));
                        errors.touch.run(touch.clone());
                    }
                >
                    <option value="">"not set"</option>
                    {options.collect_view()}
                </select>
            </div>
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=format!("{id}-hint")>{hint}</p> })}
            <FieldErrors field=name errors/>
        </div>
    }
}

/// A switch with its meaning. Before it in the form stands the value that an unticked box means: what was not set stays
/// so, and what was switched off says `false`.
#[component]
pub fn CheckField(
    #[prop(into)] name: String,
    label: &'static str,
    #[prop(optional, into)] api_name: String,
    /// `true`, `false` or not set.
    value: RwSignal<String>,
    #[prop(optional)] hint: &'static str,
) -> impl IntoView {
    let id = field_id(&name);
    let hint_id = format!("{id}-hint");
    let described_by = (!hint.is_empty()).then(|| hint_id.clone());
    let input = NodeRef::<html::Input>::new();
    let is_on = |text: &str| matches!(text, "true" | "on");
    let given = value.get_untracked();
    let unticked = if given == "false" { "false" } else { "" };
    Effect::new(move |is_later: Option<()>| {
        let wanted = value.with(|it| is_on(it));
        let Some(input) = input.get() else { return };
        let shown = input.checked();
        if shown != wanted {
            if is_later.is_some() {
                input.set_checked(wanted);
            } else {
                value.set(if shown { "true" } else { unticked }.to_owned());
            }
        }
    });
    view! {
        <div class="field field-check">
            <input type="hidden" name=name.clone() value=unticked/>
            <input
                id=id.clone()
                name=name
                type="checkbox"
                value="true"
                checked=is_on(&given)
                node_ref=input
                aria-describedby=described_by
                on:change=move |event| {
                    value.set(if event_target_checked(&event) { "true" } else { unticked }.to_owned());
                }
            />
            <label for=id>
                {label}
                {(!api_name.is_empty()).then(|| view! { <span class="api-name">{api_name}</span> })}
            </label>
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=hint_id>{hint}</p> })}
        </div>
    }
}
