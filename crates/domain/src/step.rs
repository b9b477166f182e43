//! Finds the training step that a log line names, so that a metric's x axis is the step and not the line number.
//!
//! Every framework has its own words; these are known, best first: `global_step`, `step`, `iteration`/`iter`, `epoch`,
//! and the `[12]<tab>` of `XGBoost` and `LightGBM`. A wrong step is worse than none (the store then numbers the
//! points), so a word counts only when a whole, non-negative number follows it directly, and never when it counts something else:
//! `steps_per_epoch=5`, `epochs=10`, `max step: 100`, `5ms/step`, `epoch: 0.25`.

use crate::ansi;

/// How much a word is worth; of two equals the first in the line wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Round,
    Epoch,
    Iteration,
    Step,
    GlobalStep,
}

/// The step that this line names, if any. Colours and overwritten progress bars are dealt with.
pub fn step_in(line: &str) -> Option<i64> {
    let line = ansi_free(line);
    let line = line.as_ref();
    let mut best: Option<(Rank, i64)> = None;
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '[') {
        let at = line.len() - rest.len() + start;
        let word_end = line[at..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(line.len() - at) + at;
        // A bracket is a word of its own: `[12]` at the beginning of XGBoost's lines.
        let word_end = word_end.max(at + 1);
        let (word, after) = (&line[at..word_end], &line[word_end..]);
        rest = after;
        let found = match rank_of(word) {
            Some(rank) if may_name_a_step(&line[..at]) => number_after(after).map(|it| (rank, it)),
            None if word == "[" => boosting_round(&line[..at], after).map(|it| (Rank::Round, it)),
            _ => None,
        };
        if let Some(found) = found
            && best.is_none_or(|it| found.0 > it.0)
        {
            best = Some(found);
        }
    }
    best.map(|(_, step)| step)
}

fn ansi_free(line: &str) -> std::borrow::Cow<'_, str> {
    // Tabs stay: XGBoost's lines are known by theirs.
    if line.contains(['\u{1b}', '\r']) { ansi::plain_text(line) } else { line.into() }
}

fn rank_of(word: &str) -> Option<Rank> {
    const WORDS: [(&str, Rank); 7] = [
        ("global_step", Rank::GlobalStep),
        ("step", Rank::Step),
        ("train_step", Rank::Step),
        ("training_step", Rank::Step),
        ("iteration", Rank::Iteration),
        ("iter", Rank::Iteration),
        ("epoch", Rank::Epoch),
    ];
    WORDS.into_iter().find(|(it, _)| it.eq_ignore_ascii_case(word)).map(|(_, rank)| rank)
}

/// Whether the text before a word leaves it its plain meaning: `per step`, `best epoch`, `ms/step`, `val-step` do not.
fn may_name_a_step(before: &str) -> bool {
    const OTHER_MEANINGS: [&str; 16] = [
        "per", "every", "each", "best", "max", "min", "total", "num", "last", "of", "warmup", "avg", "mean", "save",
        "initial", "final",
    ];
    let previous_word = |text: &str| {
        let last = text.trim_end().rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
        last.unwrap_or_default().to_ascii_lowercase()
    };
    match before.chars().next_back() {
        // `epoch=3-step=300.ckpt`, but not `per-step` or `mid-epoch`.
        Some('-') => before[..before.len() - 1].ends_with(|c: char| c.is_ascii_digit()),
        // `train/step`, but not `ms/step`.
        Some('/') => {
            let group = previous_word(&before[..before.len() - 1]);
            ["train", "trainer", "training"].contains(&group.as_str())
        }
        Some(c) if c == '.' || c.is_alphanumeric() => false,
        Some(c) if c.is_whitespace() => !OTHER_MEANINGS.contains(&previous_word(before).as_str()),
        _ => true,
    }
}

/// The whole number that follows directly: `=3`, `: 3`, `': 3`, ` 3/10`, ` [3/10]`, `: [3]`, ` #3`.
fn number_after(after: &str) -> Option<i64> {
    let unquoted = after.strip_prefix(['"', '\'']).unwrap_or(after);
    let spaced = unquoted.trim_start_matches(' ');
    let valued = spaced.strip_prefix(['=', ':']).unwrap_or(spaced).trim_start_matches(' ');
    let opened = valued.strip_prefix(['[', '(', '#', '"', '\'']).unwrap_or(valued).trim_start_matches(' ');
    if opened.len() == after.len() {
        return None;
    }
    whole_number(opened).map(|(number, _)| number)
}

/// `[12]<tab>train-rmse:0.5`; SageMaker's `XGBoost` container writes the tab as `#011`.
fn boosting_round(before: &str, after: &str) -> Option<i64> {
    let begins = before.is_empty() || before.ends_with(char::is_whitespace);
    let (number, rest) = whole_number(after)?;
    let rest = rest.strip_prefix(']')?;
    let metrics = rest.strip_prefix('\t').or_else(|| rest.strip_prefix("#011"))?;
    (begins && metrics.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(number)
}

/// The digits at the beginning as a number, unless they are part of something else: `0.1`, `10ms`, `5%`, `1,000`.
fn whole_number(text: &str) -> Option<(i64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let mut next = rest.chars();
    let is_part = match next.next() {
        Some('.' | ',') => next.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => c.is_alphanumeric() || c == '_' || c == '%',
        None => false,
    };
    if is_part { None } else { number.parse().ok().map(|it| (it, rest)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(cases: &[(&str, Option<i64>)]) {
        for (line, expected) in cases {
            assert_eq!(step_in(line), *expected, "{line}");
        }
    }

    #[test]
    fn lines_of_real_frameworks() {
        all(&[
            // Keras
            ("Epoch 3/10", Some(3)),
            ("Epoch 00003: val_loss improved from 0.61 to 0.58, saving model to best.h5", Some(3)),
            ("469/469 [==============================] - 2s 5ms/step - loss: 0.2975 - accuracy: 0.9137", None),
            // Lightning
            ("Epoch 3:  50%|█████     | 10/20 [00:01<00:01,  9.53it/s, v_num=0, train_loss=0.512]", Some(3)),
            (
                "Epoch 3, global step 1200: 'val_loss' reached 0.31 (best 0.31), saving model to 'epoch=3-step=1200.ckpt'",
                Some(1200),
            ),
            ("trainer/global_step=150 train/loss=0.4", Some(150)),
            // Hugging Face Trainer
            ("{'loss': 0.5231, 'learning_rate': 4.5e-05, 'epoch': 1.25}", None),
            ("{'loss': 0.5231, 'learning_rate': 4.5e-05, 'epoch': 1.0}", None),
            ("{'loss': 0.5231, 'step': 500, 'epoch': 1.25}", Some(500)),
            ("{\"loss\": 0.5, \"step\": 500}", Some(500)),
            // XGBoost and LightGBM
            ("[12]\ttrain-rmse:0.5\tvalidation-rmse:0.6", Some(12)),
            ("[12]#011train-rmse:0.5#011validation-rmse:0.6", Some(12)),
            ("[2026-11-23:16:00:00:INFO] [7]#011train-error:0.1", Some(7)),
            ("[10]\tvalid_0's l2: 0.0412", Some(10)),
            // PyTorch examples, nanoGPT, fairseq-like
            ("Epoch: [3][ 10/5005]\tTime  0.3 ( 0.4)\tLoss 6.9", Some(3)),
            ("Epoch [1/5], Step [100/600], Loss: 0.2157", Some(100)),
            ("iter 250: loss 2.4512, time 90.12ms", Some(250)),
            ("step 250: train loss 2.31, val loss 2.35", Some(250)),
            ("INFO:root:Iteration 40 loss=0.1", Some(40)),
            // Plain
            ("step=7 train:loss=0.25", Some(7)),
            ("epoch: 3 loss: 0.5", Some(3)),
            ("loss=0.5;step=3;", Some(3)),
            ("Step #12 done.", Some(12)),
            ("Epoch 3.", Some(3)),
            ("\u{1b}[1mepoch\u{1b}[0m 4 loss 0.1", Some(4)),
            ("epoch=1 loss=9\repoch=2 loss=8", Some(2)),
        ]);
    }

    #[test]
    fn lines_that_name_no_step() {
        all(&[
            ("", None),
            ("steps_per_epoch=5", None),
            ("epochs=10", None),
            ("epochs: 10, steps: 500", None),
            ("step_size=0.1 epoch_loss=3", None),
            ("step=0.5", None),
            ("epoch=1e5", None),
            ("loss=0.5 (10ms/step 12)", None),
            ("samples per step: 32", None),
            ("max step: 1000", None),
            ("best epoch: 3", None),
            ("per-step=5 mid-epoch 3", None),
            ("step 10ms", None),
            ("epoch 50%", None),
            ("step=1,000", None),
            ("last_epoch=-1 step=-1", None),
            ("multistep=4 superstep 3", None),
            ("a step ahead", None),
            ("epoch=99999999999999999999999", None),
            ("[12] loading", None),
            ("config.step=5", None),
            ("étape step", None),
        ]);
    }

    #[test]
    fn the_better_word_wins_wherever_it_stands() {
        all(&[
            ("epoch=3 step=300", Some(300)),
            ("step=300 epoch=3", Some(300)),
            ("iter 5 step 6 global_step 7", Some(7)),
            ("epoch 2 iteration 9", Some(9)),
            ("step=1 step=2", Some(1)),
        ]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_steps_are_not_negative(line in any::<String>()) {
            prop_assert!(step_in(&line).is_none_or(|it| it >= 0));
        }

        #[test]
        fn a_plain_step_is_found(step in 0..i64::MAX, loss in any::<f64>()) {
            prop_assert_eq!(step_in(&format!("step={step} loss={loss}")), Some(step));
            prop_assert_eq!(step_in(&format!("loss={loss} Step {step}/{step}")), Some(step));
        }
    }
}
