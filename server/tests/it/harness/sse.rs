//! Reads server-sent events as a browser does.

use std::time::Duration;

use domain::live::LiveEvent;
use futures::StreamExt as _;

use super::{Client, DEADLINE};

#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) id: Option<i64>,
    pub(crate) event: LiveEvent,
}

pub(crate) struct EventReader {
    stream: futures::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    text: String,
    pub(crate) retry: Option<u64>,
}

impl EventReader {
    pub(crate) async fn open(client: &Client, topic: &str, last_id: Option<&str>) -> Self {
        let mut request = client.get(&format!("/live?topic={topic}")).header("accept", "text/event-stream");
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["x-accel-buffering"], "no");
        Self { stream: answer.bytes_stream().boxed(), text: String::new(), retry: None }
    }

    /// The next event; `None` at the stream's end.
    pub(crate) async fn next(&mut self) -> Option<Received> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let frame: String = self.text.drain(..end + 2).collect();
                if let Some(received) = self.frame(&frame) {
                    return Some(received);
                }
                continue;
            }
            let chunk = tokio::time::timeout(DEADLINE, self.stream.next()).await.expect("an event or a heartbeat")?;
            self.text.push_str(std::str::from_utf8(&chunk.ok()?).expect("UTF-8"));
        }
    }

    /// The events until `is_last` holds for one, that one included.
    pub(crate) async fn until(&mut self, is_last: impl Fn(&LiveEvent) -> bool) -> Vec<Received> {
        let mut all = Vec::new();
        while let Some(received) = self.next().await {
            let is_end = is_last(&received.event);
            all.push(received);
            if is_end {
                return all;
            }
        }
        panic!("the stream ended after {} events", all.len());
    }

    /// Whether the stream ends within `time`; what comes before its end is dropped.
    pub(crate) async fn ends_within(&mut self, time: Duration) -> bool {
        let drained = async { while self.next().await.is_some() {} };
        tokio::time::timeout(time, drained).await.is_ok()
    }

    fn frame(&mut self, frame: &str) -> Option<Received> {
        let mut id = None;
        let mut data = None;
        for line in frame.lines() {
            match line.split_once(':') {
                Some(("id", it)) => id = Some(it.trim().parse().expect("a number")),
                Some(("data", it)) => data = Some(it.trim().to_owned()),
                Some(("retry", it)) => self.retry = it.trim().parse().ok(),
                _ => {}
            }
        }
        let event = serde_json::from_str(&data?).expect("a live event");
        Some(Received { id, event })
    }
}
