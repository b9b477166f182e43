//! The image: a text field that proposes what AWS offers in this region, and, for a built-in algorithm, its
//! hyperparameters with their rules.

use domain::{algorithm::AlgorithmHyperparameter, image_catalogue::CatalogueImage};
use leptos::prelude::*;

use crate::components::{
    field::{FormErrors, TextField},
    request_form::RequestForm,
};

const IMAGE: &str = "AlgorithmSpecification.TrainingImage";
const PARAMETERS: &str = "HyperParameters";

#[component]
pub(super) fn ImageField(images: StoredValue<Vec<CatalogueImage>>, errors: FormErrors) -> impl IntoView {
    let value = RequestForm::of_form().control(IMAGE);
    let options = images.with_value(|all| {
        all.iter().map(|it| view! { <option value=it.uri.clone()>{it.title.clone()}</option> }).collect_view()
    });
    let chosen = Memo::new(move |_| {
        // An algorithm's image may be in the catalogue as a framework, too.
        let find = |all: &Vec<CatalogueImage>, uri: &str| {
            all.iter().filter(|it| it.uri == uri).max_by_key(|it| it.is_algorithm).cloned()
        };
        value.with(|uri| images.with_value(|all| find(all, uri.trim())))
    });
    let what = move || match chosen.get() {
        Some(it) if it.is_algorithm => format!("{}: it brings its own program, or runs your script.", it.title),
        Some(it) => format!("{}: it runs your script.", it.title),
        None => "Not in the catalogue: it needs a URI that SageMaker can pull.".to_owned(),
    };
    view! {
        <TextField
            name=IMAGE label="Training image" api_name="TrainingImage" value errors list="catalogue-images"
            placeholder="Type a framework, a version or a URI"
        />
        <datalist id="catalogue-images">{options}</datalist>
        <p class="hint image-chosen" aria-live="polite">{what}</p>
    }
}

/// The hyperparameters that the chosen algorithm knows, each a press away from the form.
#[component]
pub(super) fn AlgorithmParameters(
    images: StoredValue<Vec<CatalogueImage>>,
    parameters: StoredValue<Vec<AlgorithmHyperparameter>>,
) -> impl IntoView {
    let form = RequestForm::of_form();
    let image = form.text(IMAGE);
    let algorithm = Memo::new(move |_| {
        image.with(|uri| {
            let find = |all: &Vec<CatalogueImage>| {
                all.iter().find(|it| it.uri == uri.trim() && it.is_algorithm).map(|it| it.name.clone())
            };
            images.with_value(find)
        })
    });
    let pairs = Memo::new(move |_| form.fields().with(|it| it.pairs(PARAMETERS)));
    let known = move || {
        let algorithm = algorithm.get()?;
        let of_it = |all: &Vec<AlgorithmHyperparameter>| {
            all.iter().filter(|it| it.algorithm == algorithm).cloned().collect::<Vec<_>>()
        };
        let known = parameters.with_value(of_it);
        (!known.is_empty()).then_some(known)
    };
    move || {
        known().map(|known| {
            let missing = {
                let known = known.clone();
                move || {
                    let pairs = pairs.get();
                    let is_set = |name: &str| pairs.iter().any(|(it, _)| it.trim() == name);
                    let names: Vec<String> =
                        known.iter().filter(|it| it.is_required() && !is_set(&it.name)).map(|it| it.name.clone()).collect();
                    (!names.is_empty()).then(|| format!("This algorithm needs {}.", names.join(", ")))
                }
            };
            let faults = {
                let known = known.clone();
                move || {
                    let pairs = pairs.get();
                    let fault = |(name, value): &(String, String)| {
                        known.iter().find(|it| it.name == name.trim()).and_then(|it| it.value_fault(value))
                    };
                    let faults: Vec<String> = pairs.iter().filter_map(fault).collect();
                    faults.into_iter().map(|it| view! { <span>{it}</span> }).collect_view()
                }
            };
            let rows = known
                .into_iter()
                .map(|it| {
                    let name = it.name.clone();
                    let add = move |_| form.pair_add(PARAMETERS, &name);
                    view! {
                        <tr>
                            <th scope="row"><button type="button" class="button is-quiet is-small" on:click=add>{it.name.clone()}</button></th>
                            <td>{it.rule_text()}</td>
                            <td>{it.description.clone()}</td>
                        </tr>
                    }
                })
                .collect_view();
            view! {
                <p class="field-error" role="status">{missing}</p>
                <p class="field-error" role="status">{faults}</p>
                <details class="fold">
                    <summary>"What this algorithm takes"</summary>
                    <div class="fold-body pairs-scroll" tabindex="0" role="region" aria-label="Hyperparameters of the algorithm">
                        <p class="hint">"Press a name to add it."</p>
                        <table class="pairs parameter-table"><tbody>{rows}</tbody></table>
                    </div>
                </details>
            }
        })
    }
}
