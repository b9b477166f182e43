//! What the run page knows, and how live events change it. One owner per fact; the widgets only read.

use std::collections::VecDeque;

use domain::{
    ids::RunId,
    live::{LiveEvent, Topic},
    log::{LogLine, LogTail},
    run::Run,
    time::Timestamp,
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::run::{MAX_LOG_LINES, RunView, run_get, run_log_tail, run_series},
    components::{curves::Curves, now::ticking},
    live::{self, Heard},
};

#[derive(Clone, Copy)]
pub struct RunState {
    pub run: RwSignal<Run>,
    pub now: ReadSignal<Timestamp>,
    pub curves: Curves,
    pub log: RwSignal<LogBuffer>,
    pub log_error: RwSignal<Option<String>>,
}

impl RunState {
    /// From the first paint's data; begins to listen in the browser.
    pub fn new(view: RunView) -> Self {
        let id = view.run.id.clone();
        let state = Self {
            now: ticking(view.now),
            run: RwSignal::new(view.run),
            curves: Curves::new(id.clone(), view.series, view.more_series),
            log: RwSignal::new(LogBuffer::default()),
            log_error: RwSignal::new(view.log_error),
        };
        state.log.update(|log| log.set_tail(view.log));
        let was_over = state.run.with_untracked(Run::is_over);
        live::listen(&[Topic::Run(id.clone())], view.live_number, move |heard| match heard {
            // The log's end may have grown since the page was made; a finished run's has not.
            Heard::Opened if was_over => {}
            Heard::Opened => state.read_log(id.clone()),
            Heard::Event(event) => state.apply(&id, event),
        });
        state
    }

    fn apply(self, id: &RunId, event: LiveEvent) {
        match event {
            LiveEvent::Run(run) if run.id == *id => self.set_run(*run),
            LiveEvent::Points { run_id, series } if run_id == *id => {
                self.curves.append(series);
            }
            LiveEvent::Log { run_id, lines, dropped } if run_id == *id => {
                self.log.try_update(|log| log.append(lines, dropped));
            }
            LiveEvent::Resync => self.read_again(id.clone()),
            LiveEvent::Run(_) | LiveEvent::Points { .. } | LiveEvent::Log { .. } | LiveEvent::Logged => {}
        }
    }

    /// The run never goes back in time, in whatever order the answers come.
    fn set_run(self, run: Run) {
        if self.run.try_with_untracked(|known| run.updated_at >= known.updated_at) == Some(true) {
            self.run.set(run);
        }
    }

    /// Reads everything anew, into the same signals: nothing on the page jumps. What fails stays as it was.
    fn read_again(self, id: RunId) {
        spawn_local({
            let id = id.clone();
            async move {
                if let Ok(view) = run_get(id.to_string()).await {
                    self.set_run(view.run);
                }
            }
        });
        spawn_local({
            let id = id.clone();
            async move {
                if let Ok(series) = run_series(id).await {
                    self.curves.set(series);
                }
            }
        });
        self.read_log(id);
    }

    fn read_log(self, id: RunId) {
        spawn_local(async move {
            match run_log_tail(id).await {
                Ok(tail) => {
                    self.log.try_update(|log| log.set_tail(tail));
                    self.log_error.try_set(None);
                }
                Err(error) => drop(self.log_error.try_set(Some(error.to_string()))),
            }
        });
    }
}

/// The newest lines, each with a number for its life on the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogBuffer {
    pub lines: VecDeque<(u64, LogLine)>,
    /// The log began before the first line here.
    pub has_earlier: bool,
    /// Lines that came too fast to be sent; they are in the stored log.
    pub dropped: u64,
    next_number: u64,
}

impl LogBuffer {
    /// Takes the stored end of the log, and keeps what came live after it.
    pub fn set_tail(&mut self, tail: LogTail) {
        let last = tail.lines.last().map(|it| it.at);
        let newer: Vec<LogLine> =
            self.lines.drain(..).map(|(_, line)| line).filter(|it| last.is_none_or(|last| it.at > last)).collect();
        self.has_earlier = tail.has_earlier;
        self.dropped = 0;
        self.push(tail.lines);
        self.push(newer);
    }

    /// Takes live lines; those that the stored tail already had are known by their time and text.
    pub fn append(&mut self, lines: Vec<LogLine>, dropped: u64) {
        let last = self.lines.back().map(|(_, it)| it.at);
        let known = |line: &LogLine| {
            last.is_some_and(|last| line.at < last)
                || (last == Some(line.at)
                    && self.lines.iter().rev().take_while(|(_, it)| it.at == line.at).any(|(_, it)| it == line))
        };
        let new: Vec<LogLine> = lines.into_iter().filter(|it| !known(it)).collect();
        self.dropped += dropped;
        self.push(new);
    }

    fn push(&mut self, lines: Vec<LogLine>) {
        for line in lines {
            self.lines.push_back((self.next_number, line));
            self.next_number += 1;
        }
        while self.lines.len() > MAX_LOG_LINES as usize {
            self.lines.pop_front();
            self.has_earlier = true;
        }
    }

    pub fn hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = self.lines.iter().map(|(_, it)| it.host.clone()).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(millis: i64, text: &str) -> LogLine {
        LogLine {
            host: "algo-1".to_owned(),
            at: Timestamp::from_unix_millis(millis),
            text: text.to_owned(),
            truncated_chars: 0,
        }
    }

    fn texts(buffer: &LogBuffer) -> Vec<&str> {
        buffer.lines.iter().map(|(_, it)| it.text.as_str()).collect()
    }

    #[test]
    fn a_tail_read_late_neither_doubles_nor_loses_live_lines() {
        let mut buffer = LogBuffer::default();
        buffer.append(vec![line(1, "a"), line(2, "b"), line(3, "c")], 0);
        buffer.set_tail(LogTail { lines: vec![line(0, "start"), line(1, "a"), line(2, "b")], has_earlier: false });
        assert_eq!(texts(&buffer), ["start", "a", "b", "c"]);
        buffer.append(vec![line(3, "c"), line(3, "d")], 0);
        assert_eq!(texts(&buffer), ["start", "a", "b", "c", "d"]);
    }

    #[test]
    fn equal_lines_of_one_batch_are_all_kept() {
        let mut buffer = LogBuffer::default();
        buffer.append(vec![line(1, "same"), line(1, "same")], 0);
        assert_eq!(texts(&buffer), ["same", "same"]);
    }

    #[test]
    fn the_page_holds_a_bounded_number_of_lines_and_says_that_there_were_more() {
        let mut buffer = LogBuffer::default();
        buffer.append((0..3_000).map(|it| line(it, "x")).collect(), 5);
        assert_eq!(buffer.lines.len(), MAX_LOG_LINES as usize);
        assert!(buffer.has_earlier);
        assert_eq!(buffer.dropped, 5);
    }
}
