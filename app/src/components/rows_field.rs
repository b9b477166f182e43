//! Rows of a list or map of the request: hyperparameters, metric definitions, tags, subnets.
//!
//! A row keeps its number for life, here and on the server, so that errors find it. Without script there are always
//! [`BLANK_ROWS`] empty rows to type into; with it rows are added and removed.

use leptos::{html, prelude::*};

use super::{
    field::{FieldErrors, FormErrors, field_id, keep_together},
    focus::focus_next,
    icon::{Glyph, Icon},
    request_form::RequestForm,
};

/// Empty rows at the end of what is filled in.
pub const BLANK_ROWS: usize = 2;

/// One cell of every row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The member's name inside the row: `name`, `Key`; empty for a list of plain texts.
    pub member: &'static str,
    pub label: &'static str,
    pub placeholder: &'static str,
}

/// Columns of a map.
pub const fn name_and_value(name: &'static str, value: &'static str) -> [Column; 2] {
    [
        Column { member: "name", label: "Name", placeholder: name },
        Column { member: "value", label: "Value", placeholder: value },
    ]
}

#[component]
pub fn RowsField(
    /// The list's path in the request: `HyperParameters`.
    #[prop(into)]
    path: String,
    /// What one row is: `hyperparameter`.
    what: &'static str,
    #[prop(into)] columns: Vec<Column>,
    errors: FormErrors,
) -> impl IntoView {
    let form = RequestForm::of_form();
    let rows = form.rows(&path);
    let heads = columns.iter().map(|it| view! { <span>{it.label}</span> }).collect_view();
    let class = format!("rows rows-of-{}", columns.len());
    let id = field_id(&path);
    let list = path.clone();
    let add_id = format!("{id}-add");
    let after_removal = add_id.clone();
    let first = columns.first().map_or("", |it| it.member);
    let add = {
        let path = path.clone();
        move |_| {
            form.row_add(&path);
            let row = rows.with_untracked(|it| it.last().copied().unwrap_or(0));
            focus_next(field_id(&format!("{path}[{row}].{first}")));
        }
    };
    view! {
        <div class=class id=id tabindex="-1">
            <div class="rows-head" aria-hidden="true">{heads}</div>
            <For
                each=move || rows.get()
                key=|row| *row
                children=move |row| {
                    let path = list.clone();
                    let after_removal = after_removal.clone();
                    let cells = columns
                        .iter()
                        .map(|column| {
                            let at = match column.member {
                                "" => format!("{path}[{row}]"),
                                member => format!("{path}[{row}].{member}"),
                            };
                            view! { <Cell at what column=*column is_first={row == 0} errors/> }
                        })
                        .collect_view();
                    view! {
                        <div class="row">
                            {cells}
                            <button
                                type="button"
                                class="button is-quiet is-small needs-js row-remove"
                                aria-label=format!("Remove this {what}")
                                on:click=move |_| {
                                    form.row_remove(&path, row);
                                    focus_next(after_removal.clone());
                                }
                            >
                                <Glyph icon=Icon::Cross/>
                            </button>
                        </div>
                    }
                }
            />
            <FieldErrors field=path errors/>
            <button type="button" id=add_id class="button is-quiet is-small needs-js" on:click=add>
                <Glyph icon=Icon::Plus/>
                {format!("Add {what}")}
            </button>
        </div>
    }
}

#[component]
fn Cell(at: String, what: &'static str, column: Column, is_first: bool, errors: FormErrors) -> impl IntoView {
    let value = RequestForm::of_form().control(&at);
    let input = NodeRef::<html::Input>::new();
    keep_together(value, input);
    let messages = {
        let at = at.clone();
        Memo::new(move |_| errors.of(&at))
    };
    let is_wrong = move || !messages.with(Vec::is_empty);
    let id = field_id(&at);
    let error_id = format!("{id}-error");
    let touch = at.clone();
    view! {
        <div class="row-cell" class:is-wrong=is_wrong>
            <input
                id=id
                name=at
                type="text"
                autocomplete="off"
                spellcheck="false"
                aria-label=format!("{what} {}", column.label.to_lowercase())
                // The first row shows an example; repeated, it would look like values.
                placeholder=if is_first { column.placeholder } else { "" }
                value=value.get_untracked()
                node_ref=input
                aria-invalid=move || is_wrong().then_some("true")
                aria-describedby={
                    let error_id = error_id.clone();
                    move || is_wrong().then(|| error_id.clone())
                }
                on:input=move |event| value.set(event_target_value(&event))
                on:change=move |_| errors.touch.run(touch.clone())
            />
            {move || is_wrong().then(|| view! {
                <p class="field-error" id=error_id.clone()>
                    {messages.get().into_iter().map(|it| view! { <span>{it}</span> }).collect_view()}
                </p>
            })}
        </div>
    }
}
