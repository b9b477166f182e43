//! Rows of name and value: hyperparameters, metric definitions, environment, tags.
//!
//! Without script there are always [`BLANK_ROWS`] empty rows to type into; with it rows are added and removed.

use domain::job_draft::NameValue;
use leptos::{html, prelude::*};

use super::{
    field::{FieldErrors, FormErrors, field_id, keep_together},
    icon::{Glyph, Icon},
};

/// Empty rows at the end of what is filled in.
pub const BLANK_ROWS: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Stable for the row's life.
    id: usize,
    pub name: RwSignal<String>,
    pub value: RwSignal<String>,
}

/// The rows of one table of the form.
#[derive(Clone, Copy)]
pub struct Rows(RwSignal<Vec<Row>>);

impl Rows {
    /// The given rows in their order (errors point to them by index), then blank ones.
    pub fn new(given: &[NameValue]) -> Self {
        let trailing_blank = given.iter().rev().take_while(|it| it.is_blank()).count();
        let missing = BLANK_ROWS.saturating_sub(trailing_blank);
        let blank = std::iter::repeat_n(NameValue::default(), missing);
        let rows = given.iter().cloned().chain(blank).enumerate().map(|(id, row)| Row {
            id,
            name: RwSignal::new(row.name),
            value: RwSignal::new(row.value),
        });
        Self(RwSignal::new(rows.collect()))
    }

    pub fn to_draft(self) -> Vec<NameValue> {
        self.0.with(|rows| rows.iter().map(|it| NameValue::new(it.name.get(), it.value.get())).collect())
    }

    fn add(self) {
        self.0.update(|rows| {
            let id = rows.iter().map(|it| it.id + 1).max().unwrap_or(0);
            rows.push(Row { id, name: RwSignal::new(String::new()), value: RwSignal::new(String::new()) });
        });
    }

    fn remove(self, id: usize) {
        self.0.update(|rows| rows.retain(|it| it.id != id));
    }

    fn index_of(self, id: usize) -> usize {
        self.0.with(|rows| rows.iter().position(|it| it.id == id).unwrap_or(0))
    }
}

/// The first row shows an example; repeated, it would look like values.
fn example(row: Row, placeholder: &'static str) -> &'static str {
    if row.id == 0 { placeholder } else { "" }
}

#[component]
pub fn RowsField(
    /// The table's name in the form: `hyperparameters`.
    field: &'static str,
    /// What one row is: `hyperparameter`.
    what: &'static str,
    #[prop(default = "Name")] name_label: &'static str,
    #[prop(default = "Value")] value_label: &'static str,
    #[prop(optional)] name_placeholder: &'static str,
    #[prop(optional)] value_placeholder: &'static str,
    rows: Rows,
    errors: FormErrors,
) -> impl IntoView {
    view! {
        <div class="rows" id=field_id(field) tabindex="-1">
            <div class="rows-head" aria-hidden="true">
                <span>{name_label}</span>
                <span>{value_label}</span>
            </div>
            <For
                each=move || rows.0.get()
                key=|row| row.id
                children=move |row| {
                    view! {
                        <div class="row">
                            <RowInput
                                field part="name" label=format!("{what} {}", name_label.to_lowercase())
                                placeholder=example(row, name_placeholder) row_id=row.id value=row.name rows errors
                            />
                            <RowInput
                                field part="value" label=format!("{what} {}", value_label.to_lowercase())
                                placeholder=example(row, value_placeholder) row_id=row.id value=row.value rows errors
                            />
                            <button
                                type="button"
                                class="button is-quiet is-small needs-js row-remove"
                                aria-label=format!("Remove this {what}")
                                on:click=move |_| rows.remove(row.id)
                            >
                                <Glyph icon=Icon::Cross/>
                            </button>
                        </div>
                    }
                }
            />
            <FieldErrors field=field errors/>
            <button type="button" class="button is-quiet is-small needs-js" on:click=move |_| rows.add()>
                <Glyph icon=Icon::Plus/>
                {format!("Add {what}")}
            </button>
        </div>
    }
}

#[component]
fn RowInput(
    field: &'static str,
    part: &'static str,
    label: String,
    placeholder: &'static str,
    row_id: usize,
    value: RwSignal<String>,
    rows: Rows,
    errors: FormErrors,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    keep_together(value, input);
    // Errors name rows by their place, which changes when a row above goes away.
    let key = Memo::new(move |_| format!("{field}[{}].{part}", rows.index_of(row_id)));
    let messages = Memo::new(move |_| errors.of(&key.get()));
    let is_wrong = move || !messages.with(Vec::is_empty);
    view! {
        <div class="row-cell" class:is-wrong=is_wrong>
            <input
                id=move || field_id(&key.get())
                name=format!("{field}.{part}")
                type="text"
                autocomplete="off"
                spellcheck="false"
                aria-label=label
                placeholder=placeholder
                value=value.get_untracked()
                node_ref=input
                aria-invalid=move || is_wrong().then_some("true")
                aria-describedby=move || is_wrong().then(|| format!("{}-error", field_id(&key.get())))
                on:input=move |event| value.set(event_target_value(&event))
                on:change=move |_| errors.touch.run(key.get_untracked())
            />
            {move || is_wrong().then(|| view! {
                <p class="field-error" id=format!("{}-error", field_id(&key.get()))>
                    {messages.get().into_iter().map(|it| view! { <span>{it}</span> }).collect_view()}
                </p>
            })}
        </div>
    }
}
