//! Finds the Python traceback in a log: what a person looks for first when a run has failed.

use domain::log::LogLine;

const HEAD: &str = "Traceback (most recent call last)";
/// A deeper one is shown from its end: the error itself is there.
const MAX_LINES: usize = 40;

/// The last traceback, its error line included. Lines of other hosts in between are left out.
pub fn last_traceback<'a>(lines: impl Iterator<Item = &'a LogLine> + Clone) -> Option<Vec<&'a LogLine>> {
    let (head, _) = lines.clone().enumerate().filter(|(_, it)| it.text.contains(HEAD)).last()?;
    let mut lines = lines.skip(head);
    let first = lines.next()?;
    let mut found = vec![first];
    for line in lines.filter(|it| it.host == first.host) {
        found.push(line);
        // Frames are indented; the first line that is not is the error itself.
        if !line.text.starts_with([' ', '\t']) && !line.text.trim().is_empty() {
            break;
        }
    }
    let cut = found.len().saturating_sub(MAX_LINES);
    Some(found.split_off(cut))
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;

    fn log(lines: &[(&str, &str)]) -> Vec<LogLine> {
        let line = |&(host, text): &(&str, &str)| LogLine {
            host: host.to_owned(),
            at: Timestamp::from_unix_millis(0),
            text: text.to_owned(),
            truncated_chars: 0,
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn the_last_traceback_ends_with_its_error() {
        let log = log(&[
            ("algo-1", "Traceback (most recent call last):"),
            ("algo-1", "KeyError: 'old'"),
            ("algo-1", "epoch 1"),
            ("algo-1", "Traceback (most recent call last):"),
            ("algo-2", "other host"),
            ("algo-1", "  File \"train.py\", line 3, in <module>"),
            ("algo-1", "    main()"),
            ("algo-1", "ValueError: no <b>labels</b>"),
            ("algo-1", "reporting"),
        ]);
        let found: Vec<&str> =
            last_traceback(log.iter()).expect("there is one").iter().map(|it| it.text.as_str()).collect();
        assert_eq!(found.len(), 4);
        assert_eq!(found[3], "ValueError: no <b>labels</b>");
    }

    #[test]
    fn a_log_without_one_has_none() {
        assert!(last_traceback(log(&[("algo-1", "fine")]).iter()).is_none());
    }
}
