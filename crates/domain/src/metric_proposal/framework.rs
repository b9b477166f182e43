//! Lines that a training framework prints by itself: the Hugging Face Trainer, Keras, Lightning.

use super::python::{Call, bracketed, calls_in, literal, split};

/// A metric that a framework prints: its name, its regex, and a line in which it stands.
pub(super) struct Printed<'s> {
    pub(super) name: String,
    pub(super) regex: String,
    pub(super) example: String,
    pub(super) call: Call<'s>,
}

/// Calls of one kind that are looked at.
const MAX_CALLS: usize = 100;

pub(super) fn printed(script: &str) -> Vec<Printed<'_>> {
    let mut all = hugging_face(script);
    all.extend(keras(script));
    all.extend(lightning(script));
    all
}

/// The Trainer logs dictionaries: `{'loss': 0.5231, 'learning_rate': 4.5e-05, 'epoch': 1.25}`. Its newer versions put
/// the numbers in quotes.
fn hugging_face(script: &str) -> Vec<Printed<'_>> {
    const LINE: &str = "{'loss': 0.5231, 'grad_norm': 1.84, 'learning_rate': 4.5e-05, 'epoch': 1.25}";
    const EVALUATION: &str = "{'eval_loss': 0.4817, 'eval_accuracy': 0.8725, 'eval_runtime': 3.21, 'epoch': 2.0}";
    if !script.contains("transformers") && !script.contains("trl") {
        return Vec::new();
    }
    let Some(call) = calls_in(script, 1, |it| it.ends_with("Trainer") && !it.ends_with("ModelTrainer")).pop() else {
        return Vec::new();
    };
    let mut names = vec![("loss", LINE), ("grad_norm", LINE), ("learning_rate", LINE), ("eval_loss", EVALUATION)];
    if script.contains("accuracy") {
        names.push(("eval_accuracy", EVALUATION));
    }
    let of = |(name, example): (&str, &str)| Printed {
        name: name.to_owned(),
        regex: format!("'{name}': '?{}", super::NUMBER),
        example: example.to_owned(),
        call: call.clone(),
    };
    names.into_iter().map(of).collect()
}

/// `469/469 - 2s - loss: 0.2975 - accuracy: 0.9137 - val_loss: 0.2101`: what `compile` was told to measure.
fn keras(script: &str) -> Vec<Printed<'_>> {
    if !script.contains("keras") && !script.contains("tensorflow") {
        return Vec::new();
    }
    let Some(fit) = calls_in(script, 1, |it| it.strip_suffix(".fit").is_some()).pop() else { return Vec::new() };
    let mut names = vec!["loss".to_owned()];
    for call in calls_in(script, MAX_CALLS, |it| it.ends_with(".compile")) {
        let metrics = call.arguments.iter().find_map(|it| it.strip_prefix("metrics=")).and_then(bracketed);
        names.extend(split(metrics.unwrap_or_default(), ',').into_iter().filter_map(literal).map(|it| it.body));
    }
    if fit.arguments.iter().any(|it| it.starts_with("validation_")) {
        let validation: Vec<String> = names.iter().map(|it| format!("val_{it}")).collect();
        names.extend(validation);
    }
    let shown: Vec<String> =
        names.iter().enumerate().map(|(index, name)| format!("{name}: 0.{}", 2_975 + index)).collect();
    let example = format!("469/469 - 2s - {}", shown.join(" - "));
    let of = |name: String| Printed {
        regex: format!(r"\b{}: {}", super::escape(&name), super::NUMBER),
        name,
        example: example.clone(),
        call: fit.clone(),
    };
    names.into_iter().map(of).collect()
}

/// Lightning prints what is logged with `prog_bar=True`; a metric of both kinds gets an ending for each.
fn lightning(script: &str) -> Vec<Printed<'_>> {
    if !script.contains("lightning") {
        return Vec::new();
    }
    let mut all = Vec::new();
    for call in calls_in(script, MAX_CALLS, |it| it == "self.log") {
        let is_on = |name: &str| call.arguments.iter().any(|it| it.replace(' ', "") == format!("{name}=True"));
        let Some(name) = call.arguments.first().and_then(|it| literal(it)).filter(|it| !it.is_f) else { continue };
        if !is_on("prog_bar") {
            continue;
        }
        let endings: &[&str] = if is_on("on_step") && is_on("on_epoch") { &["_step", "_epoch"] } else { &[""] };
        for ending in endings {
            let name = format!("{}{ending}", name.body);
            all.push(Printed {
                regex: format!(r"\b{}={}", super::escape(&name), super::NUMBER),
                example: format!("Epoch 3: 100%|██████████| 20/20 [00:01<00:00,  9.53it/s, v_num=0, {name}=0.512]"),
                name,
                call: call.clone(),
            });
        }
    }
    all
}
