//! The one live connection of the page: an `EventSource` whose events become calls and signals.
//!
//! Invariants:
//! - At most one connection per page, whatever it listens to, and leaving the page closes it.
//! - Nothing is lost silently. Numbered events begin after the number that the page was rendered with, and go on after
//!   the last one heard: by the browser's own `Last-Event-ID`, or by ours when the browser gave up. The server sends
//!   `Resync` when it cannot continue there. Log lines have no numbers: who shows a log reads its end at `Opened`.
//! - Nothing else waits for it: with no connection the page stays usable and says so.

use domain::live::{LiveEvent, Topic};
use leptos::prelude::*;

/// The state of the light in the frame.
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "the server opens no connection to itself"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// This page has nothing that changes by itself, or its script is not there yet.
    Off,
    Connecting,
    Live,
    /// Lost; it is being opened again.
    Lost,
}

#[derive(Clone, Copy)]
struct Live {
    connection: RwSignal<Connection>,
}

pub fn provide_live() {
    provide_context(Live { connection: RwSignal::new(Connection::Off) });
}

/// What the connection light shows.
pub fn connection() -> Signal<Connection> {
    use_context::<Live>().map_or_else(|| Signal::stored(Connection::Off), |it| it.connection.into())
}

/// What a listener is told.
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "the server opens no connection to itself"))]
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The connection stands, for the first time or again.
    Opened,
    Event(LiveEvent),
}

/// Calls `on_heard` for every event of these topics after number `after`, until the current owner (the page) is gone. Does
/// nothing on the server.
pub fn listen(topics: &[Topic], after: i64, on_heard: impl Fn(Heard) + 'static) {
    #[cfg(feature = "hydrate")]
    browser::listen(topics, after, std::rc::Rc::new(on_heard));
    #[cfg(not(feature = "hydrate"))]
    let _ = (topics, after, on_heard);
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::{cell::Cell, rc::Rc, time::Duration};

    use domain::live::Topic;
    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, closure::Closure};
    use web_sys::{EventSource, MessageEvent};

    use super::{Connection, Heard, Live};

    /// After a refusal (a status that is not 200) the browser gives up; we try again after this.
    const REOPEN_AFTER: Duration = Duration::from_secs(3);

    /// An open source with the callbacks that it needs alive.
    struct Source {
        source: EventSource,
        _callbacks: [Closure<dyn Fn(MessageEvent)>; 3],
    }

    impl Drop for Source {
        fn drop(&mut self) {
            self.source.close();
        }
    }

    /// What all openings of one listener share.
    #[derive(Clone)]
    struct Listener {
        url: Rc<str>,
        /// The last number heard.
        after: Rc<Cell<i64>>,
        on_heard: Rc<dyn Fn(Heard)>,
        connection: RwSignal<Connection>,
        slot: StoredValue<Option<Source>, LocalStorage>,
    }

    pub(super) fn listen(topics: &[Topic], after: i64, on_heard: Rc<dyn Fn(Heard)>) {
        let Some(Live { connection }) = use_context::<Live>() else { return };
        let slot = StoredValue::new_local(None::<Source>);
        let mut query = crate::paths::Query::default();
        for topic in topics {
            query.push("topic", Some(&topic.to_string()));
        }
        let url = query.on("/live").into();
        let listener = Listener { url, after: Rc::new(Cell::new(after)), on_heard, connection, slot };
        Effect::new(move |_| listener.open());
        on_cleanup(move || {
            slot.try_set_value(None);
            connection.try_set(Connection::Off);
        });
    }

    impl Listener {
        fn open(&self) {
            let Ok(source) = EventSource::new(&format!("{}&after={}", self.url, self.after.get())) else {
                self.connection.try_set(Connection::Lost);
                return;
            };
            self.connection.try_set(Connection::Connecting);
            let listener = self.clone();
            let on_open: Closure<dyn Fn(MessageEvent)> = Closure::new(move |_| {
                listener.connection.try_set(Connection::Live);
                (listener.on_heard)(Heard::Opened);
            });
            let listener = self.clone();
            let on_message: Closure<dyn Fn(MessageEvent)> = Closure::new(move |message: MessageEvent| {
                if let Ok(number) = message.last_event_id().parse() {
                    listener.after.set(number);
                }
                let Some(text) = message.data().as_string() else { return };
                match serde_json::from_str(&text) {
                    Ok(event) => (listener.on_heard)(Heard::Event(event)),
                    // A newer server may say what this page does not know yet.
                    Err(error) => leptos::logging::warn!("live event not understood: {error}"),
                }
            });
            let listener = self.clone();
            let failed = source.clone();
            let on_error: Closure<dyn Fn(MessageEvent)> = Closure::new(move |_| {
                listener.connection.try_set(Connection::Lost);
                if failed.ready_state() == EventSource::CLOSED {
                    let listener = listener.clone();
                    set_timeout(move || listener.reopen(), REOPEN_AFTER);
                }
            });
            source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
            source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
            source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
            self.slot.try_set_value(Some(Source { source, _callbacks: [on_open, on_message, on_error] }));
        }

        /// The page may be gone by now; then its slot is, too.
        fn reopen(&self) {
            if self.slot.try_with_value(|_| ()).is_some() {
                self.open();
            }
        }
    }
}
