//! What labels and expressions say about a number: its name, and whether it is a metric at all.

/// A word of these in a name makes a value worth a curve, even where no format says that it is a number.
const METRICS: [&str; 44] = [
    "loss",
    "losses",
    "acc",
    "accuracy",
    "top1",
    "top5",
    "err",
    "error",
    "rmse",
    "mse",
    "mae",
    "mape",
    "r2",
    "f1",
    "auc",
    "auroc",
    "ap",
    "map",
    "iou",
    "miou",
    "dice",
    "precision",
    "recall",
    "score",
    "perplexity",
    "ppl",
    "bleu",
    "rouge",
    "wer",
    "cer",
    "reward",
    "return",
    "entropy",
    "kl",
    "logloss",
    "nll",
    "likelihood",
    "lr",
    "rate",
    "norm",
    "throughput",
    "fid",
    "psnr",
    "ssim",
];

/// These number the points; they are the x axis and no metric.
const COUNTERS: [&str; 19] = [
    "epoch",
    "epochs",
    "step",
    "steps",
    "iter",
    "iters",
    "iteration",
    "iterations",
    "batch",
    "round",
    "fold",
    "rank",
    "i",
    "idx",
    "index",
    "seed",
    "eta",
    "total",
    "num",
];

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|it| !it.is_empty()).map(str::to_lowercase)
}

pub(super) fn is_metric(name: &str) -> bool {
    words(name).any(|it| METRICS.contains(&it.as_str()) || it.ends_with("loss"))
}

/// The last word decides: `global step` counts, `loss per step` does not.
pub(super) fn is_counter(name: &str) -> bool {
    !is_metric(name) && words(name).last().is_some_and(|it| COUNTERS.contains(&it.as_str()))
}

/// Where a label begins: what stands before these belongs to another number.
const SEPARATORS: [char; 11] = [',', ';', '|', '(', ')', '[', ']', '{', '}', '\t', '>'];

/// The label in the text before a number: `, val loss=` has ` val loss=`.
pub(super) fn label_of(text: &str) -> &str {
    let after = text.rfind(SEPARATORS).map_or(text, |at| &text[at + 1..]);
    // Keras and loguru put a lonely hyphen or bar between numbers.
    after.rsplit(" - ").next().unwrap_or(after)
}

/// A label as a metric's name: `'val loss': ` is `val_loss`, `train:loss=` is `train:loss`.
pub(super) fn name_of_label(label: &str) -> String {
    let is_mark = |c: char| c.is_whitespace() || matches!(c, '=' | '"' | '\'' | '`' | '~' | '$' | '%' | '*' | '#');
    let trimmed = label.trim_matches(|c: char| is_mark(c) || matches!(c, ':' | '-' | '.' | '/' | '_'));
    let mut name = String::new();
    for word in trimmed.split(|c: char| is_mark(c)).filter(|it| !it.is_empty()) {
        if !name.is_empty() {
            name.truncate(name.trim_end_matches(':').len());
            name.push('_');
        }
        name.push_str(&word.to_lowercase());
    }
    name
}

/// The name that an expression gives to its value: `losses['train'].item()` is `train`; empty when it has none.
pub(super) fn name_of_expression(expression: &str) -> String {
    let mut rest = expression.trim();
    for wrapper in ["float(", "np.mean(", "round(", "sum(", "mean("] {
        if let Some(inside) = rest.strip_prefix(wrapper) {
            rest = inside.split([',', ')']).next().unwrap_or(inside);
        }
    }
    while let Some((before, call)) = rest.rsplit_once('.')
        && call.ends_with(')')
    {
        rest = before;
    }
    let key = rest.strip_suffix(']').and_then(|it| it.rsplit_once('[')).map(|(_, key)| key);
    let name = match key {
        Some(key) => key.trim_matches(['"', '\'']),
        None => rest.rsplit('.').next().unwrap_or(rest),
    };
    let is_name = !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/'))
        && !name.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if is_name { name.to_lowercase() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_expressions_have_names() {
        for (text, name) in [
            ("epoch done, val loss=", "val_loss"),
            ("train:loss=", "train:loss"),
            ("{'eval_loss': ", "eval_loss"),
            ("Test: loss ", "test_loss"),
            ("12 - Accuracy: ", "accuracy"),
            (" (", ""),
        ] {
            assert_eq!(name_of_label(label_of(text)), name, "{text}");
        }
        for (expression, name) in [
            ("loss.item()", "loss"),
            ("metrics['val_loss']", "val_loss"),
            ("float(self.best_acc)", "best_acc"),
            ("a / b", ""),
            ("3", ""),
        ] {
            assert_eq!(name_of_expression(expression), name, "{expression}");
        }
        assert!(is_metric("val_loss") && is_metric("Top1 acc") && !is_metric("device"));
        assert!(is_counter("global_step") && !is_counter("loss") && !is_counter("time"));
    }
}
