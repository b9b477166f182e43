//! The live hub: from the store's numbered events to every open page, resumable and bounded.
//!
//! Invariants:
//! - A subscriber sees each numbered event of its topics once, in order of number, from the number it resumes after;
//!   or it sees a `Resync` in the place of what it missed. Never a silent hole.
//! - A queue is bounded by items and by bytes. A slow reader loses its queue's overflow, gets one `Resync`, goes on.
//! - Log lines pass through without a number; after a `Resync` the page reads the tail again.
//! - The store is the truth: other server instances' events come through it too, at the latest with the next pump.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{
    ids::RunId,
    live::{LiveEvent, NumberedEvent, Topic},
};
use futures::stream::{self, Stream};
use store::Store;
use tokio::sync::Notify;

use crate::error::ServiceError;

/// Items that wait for one subscriber.
const QUEUE_ITEMS: usize = 256;
/// Their size, roughly: points and log lines are the bulk.
const QUEUE_BYTES: usize = 2 * 1024 * 1024;
/// Events read from the store at a time.
const READ_LIMIT: u32 = 500;

/// What goes to a page. `number` is the server-sent event's id; log lines have none.
#[derive(Clone, Debug, PartialEq)]
pub struct HubItem {
    pub number: Option<i64>,
    pub event: LiveEvent,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct LiveHub {
    inner: Arc<HubInner>,
}

struct HubInner {
    store: Store,
    subscribers: Mutex<HashMap<u64, Arc<Subscriber>>>,
    next_subscriber: AtomicU64,
    /// The last number that was fanned out; one pump at a time.
    pumped: tokio::sync::Mutex<Option<i64>>,
    wake: Notify,
}

struct Subscriber {
    topics: Vec<Topic>,
    queue: Mutex<Queue>,
    ready: Notify,
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Arc<NumberedEvent>>,
    bytes: usize,
    /// Something was dropped, up to this number: a `Resync` is due once the queue is drained.
    missed_until: Option<i64>,
}

/// Log lines travel as a `NumberedEvent` with this number; durable numbers begin at 1.
const WITHOUT_NUMBER: i64 = i64::MIN;

impl LiveHub {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            inner: Arc::new(HubInner {
                store,
                subscribers: Mutex::default(),
                next_subscriber: AtomicU64::new(0),
                pumped: tokio::sync::Mutex::new(None),
                wake: Notify::new(),
            }),
        }
    }

    /// Fans out what is new in the store; how many events. Called by its task and directly by tests.
    pub async fn pump(&self) -> Result<u64, ServiceError> {
        let mut pumped = self.inner.pumped.lock().await;
        let mut last = match *pumped {
            Some(number) => number,
            None => self.inner.store.live_last_number().await?,
        };
        *pumped = Some(last);
        let mut count = 0;
        loop {
            let read = self.inner.store.live_after(last, READ_LIMIT).await?;
            if read.gap {
                // Pruned under us, or another database: everybody begins anew where the store is.
                last = match read.events.first() {
                    Some(first) => first.number - 1,
                    None => self.inner.store.live_last_number().await?,
                };
                *pumped = Some(last);
                self.resync_all(last);
            }
            let Some(newest) = read.events.last().map(|it| it.number) else { break };
            count += read.events.len() as u64;
            for event in read.events {
                self.fan_out(event);
            }
            last = newest;
            *pumped = Some(last);
        }
        Ok(count)
    }

    /// Resolves when somebody poked the hub.
    pub(crate) fn poke(&self) {
        self.inner.wake.notify_one();
    }

    pub(crate) async fn poked(&self) {
        self.inner.wake.notified().await;
    }

    /// Log lines for those who watch this run right now.
    pub(crate) fn publish_log(&self, event: LiveEvent) {
        if let LiveEvent::Log { run_id, .. } = &event {
            self.fan_out(NumberedEvent { number: WITHOUT_NUMBER, run_id: run_id.clone(), event });
        }
    }

    /// Whether anybody watches this run: log lines are not even prepared otherwise.
    pub(crate) fn is_watched(&self, run_id: &RunId) -> bool {
        let watches =
            |it: &Arc<Subscriber>| it.topics.iter().any(|topic| matches!(topic, Topic::Run(id) if id == run_id));
        self.subscribers().values().any(watches)
    }

    /// How many streams are open.
    pub fn subscriber_count(&self) -> usize {
        self.subscribers().len()
    }

    /// What happens from now on; with `after`, first everything since that number (a page passes the number that its
    /// data was read at, or the browser's `Last-Event-ID`). A number that is too old or from the future: `Resync`.
    pub fn subscribe(&self, topics: Vec<Topic>, after: Option<i64>) -> impl Stream<Item = HubItem> + Send + use<> {
        let id = self.inner.next_subscriber.fetch_add(1, Ordering::Relaxed);
        let subscriber = Arc::new(Subscriber { topics, queue: Mutex::default(), ready: Notify::new() });
        // In the list before the replay is read: what is committed meanwhile is in the queue, or in the replay, or both.
        self.subscribers().insert(id, subscriber.clone());
        let reader = Reader {
            hub: self.clone(),
            id,
            subscriber,
            last: after.unwrap_or(WITHOUT_NUMBER),
            replay: VecDeque::new(),
            replaying: after.is_some(),
        };
        stream::unfold(reader, |mut reader| async move {
            let item = reader.next().await;
            Some((item, reader))
        })
    }

    fn subscribers(&self) -> MutexGuard<'_, HashMap<u64, Arc<Subscriber>>> {
        self.inner.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fan_out(&self, event: NumberedEvent) {
        let event = Arc::new(event);
        let bytes = weight(&event.event);
        for subscriber in self.subscribers().values() {
            if subscriber.topics.iter().any(|it| it.wants(&event.run_id, &event.event)) {
                subscriber.push(&event, bytes);
            }
        }
    }

    fn resync_all(&self, number: i64) {
        for subscriber in self.subscribers().values() {
            subscriber.lock().missed_until = Some(number);
            subscriber.ready.notify_one();
        }
    }
}

impl Subscriber {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, event: &Arc<NumberedEvent>, bytes: usize) {
        let mut queue = self.lock();
        let is_full =
            queue.items.len() >= QUEUE_ITEMS || (queue.bytes + bytes > QUEUE_BYTES && !queue.items.is_empty());
        if is_full || queue.missed_until.is_some() {
            // After the first loss everything is dropped until the reader has taken its Resync: order stays true.
            let before = queue.missed_until.unwrap_or(WITHOUT_NUMBER);
            queue.missed_until = Some(before.max(event.number));
        } else {
            queue.bytes += bytes;
            queue.items.push_back(event.clone());
        }
        drop(queue);
        self.ready.notify_one();
    }
}

/// One subscriber's end.
struct Reader {
    hub: LiveHub,
    id: u64,
    subscriber: Arc<Subscriber>,
    /// The last durable number that was given out, or skipped by a `Resync`.
    last: i64,
    replay: VecDeque<NumberedEvent>,
    replaying: bool,
}

enum Taken {
    Event(Arc<NumberedEvent>),
    Resync(i64),
    Nothing,
}

impl Reader {
    async fn next(&mut self) -> HubItem {
        loop {
            while let Some(event) = self.replay.pop_front() {
                self.last = event.number;
                if self.subscriber.topics.iter().any(|it| it.wants(&event.run_id, &event.event)) {
                    return HubItem { number: Some(event.number), event: event.event };
                }
            }
            if self.replaying {
                if let Some(item) = self.read_replay().await {
                    return item;
                }
                continue;
            }
            match self.take() {
                Taken::Event(event) if event.number == WITHOUT_NUMBER => {
                    return HubItem { number: None, event: event.event.clone() };
                }
                // Seen in the replay already.
                Taken::Event(event) if event.number <= self.last => {}
                Taken::Event(event) => {
                    self.last = event.number;
                    return HubItem { number: Some(event.number), event: event.event.clone() };
                }
                Taken::Resync(number) => return self.resync(number),
                Taken::Nothing => self.subscriber.ready.notified().await,
            }
        }
    }

    fn take(&self) -> Taken {
        let mut queue = self.subscriber.lock();
        if let Some(event) = queue.items.pop_front() {
            queue.bytes = queue.bytes.saturating_sub(weight(&event.event));
            return Taken::Event(event);
        }
        match queue.missed_until.take() {
            Some(number) => Taken::Resync(number),
            None => Taken::Nothing,
        }
    }

    /// The next stretch of the past. A store that does not answer is a hole, said as such.
    async fn read_replay(&mut self) -> Option<HubItem> {
        match self.hub.inner.store.live_after(self.last.max(0), READ_LIMIT).await {
            Ok(read) if read.gap => {
                // Too old, or never given out: the page reads everything anew, nothing needs to be replayed.
                self.replaying = false;
                let newest = self.hub.inner.store.live_last_number().await.unwrap_or(0);
                Some(self.resync(newest))
            }
            Ok(read) => {
                self.replaying = !read.events.is_empty();
                self.replay = read.events.into();
                None
            }
            Err(_) => Some(self.give_up_replay()),
        }
    }

    fn give_up_replay(&mut self) -> HubItem {
        self.replaying = false;
        HubItem { number: None, event: LiveEvent::Resync }
    }

    fn resync(&mut self, number: i64) -> HubItem {
        // Only log lines were lost: the durable numbers go on as they were.
        if number != WITHOUT_NUMBER {
            self.last = number;
        }
        let number = (self.last != WITHOUT_NUMBER).then_some(self.last);
        HubItem { number, event: LiveEvent::Resync }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.hub.subscribers().remove(&self.id);
    }
}

/// About how many bytes an event holds.
fn weight(event: &LiveEvent) -> usize {
    match event {
        LiveEvent::Run(_) => 4_096,
        LiveEvent::Points { series, .. } => {
            series.iter().map(|(key, points)| 64 + key.name.len() + points.len() * 24).sum::<usize>()
        }
        LiveEvent::Log { lines, .. } => lines.iter().map(|it| 64 + it.text.len()).sum(),
        LiveEvent::Resync | LiveEvent::Logged => 16,
    }
}
