//! Live events by durable number: what pages were told, kept for a while, so that a browser resumes where it stopped.
//!
//! Invariants:
//! - Numbers have no holes, and a reader that has seen `n` will never find a new event at or below `n`.
//! - The number is taken from the one row of `live_counter`, whose lock is held until the commit. A sequence would hand
//!   out numbers in the order of asking: a transaction that took 7 could commit after the one that took 8, and a reader
//!   at 8 would never come back for 7.
//! - Taking a number is the last thing that a transaction does before its commit. So the lock is short, and since no
//!   one who holds it waits for anything else, it can be no part of a deadlock.

use domain::{
    ids::RunId,
    live::{LiveEvent, NumberedEvent},
    time::Timestamp,
};

use crate::{
    Store,
    db::{Durability, Tx, execute, fetch},
    error::Result,
    text,
};

const PRUNE_AT_ONCE: i64 = 1_000;

/// What came after a number.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveRead {
    /// In order, without holes.
    pub events: Vec<NumberedEvent>,
    /// The event after the number asked for is no longer kept, or the number was never given (the database was
    /// restored from a backup): whoever asked has missed something and must read its data again.
    pub gap: bool,
}

impl Store {
    /// The events after `number`, at most `limit` (1 to 10,000).
    pub async fn live_after(&self, number: i64, limit: u32) -> Result<LiveRead> {
        let mut reader = self.db.reader().await?;
        // One statement, hence one snapshot: the counter can not be ahead of the events by what commits in between.
        let rows = fetch!(
            all,
            (i64, Option<i64>, Option<String>, Option<String>),
            reader,
            "SELECT c.number, e.number, e.run_id, e.event
             FROM live_counter c LEFT JOIN live_events e ON e.number > $1 ORDER BY e.number LIMIT $2",
            number,
            i64::from(limit.clamp(1, 10_000)),
        )?;
        let last = rows.first().map_or(0, |row| row.0);
        let events = rows
            .into_iter()
            .filter_map(|(_, number, run_id, event)| Some((number?, run_id?, event?)))
            .map(|(number, run_id, event)| {
                let id = number.to_string();
                Ok(NumberedEvent {
                    number,
                    run_id: RunId::parse(&run_id).map_err(|err| text::bad_row("live_events", &id, &err.to_string()))?,
                    event: text::from_json("live_events", &id, &event)?,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let gap = events.first().map_or(last != number, |it| it.number != number + 1);
        Ok(LiveRead { events, gap })
    }

    /// Tells pages that what an MLflow client says of this run has changed. A hint: what it is about is stored already.
    pub async fn live_logged(&self, run: &RunId, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin(Durability::Deferred).await?;
        live_add(&mut tx, run, &LiveEvent::Logged, now).await?;
        tx.commit().await
    }

    /// The number of the newest event; 0 before the first.
    pub async fn live_last_number(&self) -> Result<i64> {
        let mut reader = self.db.reader().await?;
        fetch!(one, (i64,), reader, "SELECT number FROM live_counter").map(|(number,)| number)
    }

    /// Forgets events from before `keep_after`, and all that are older by number. Some at a time, oldest first: a launch
    /// never waits for more than that.
    pub async fn live_prune(&self, keep_after: Timestamp) -> Result<()> {
        loop {
            let mut tx = self.db.begin(Durability::Deferred).await?;
            let pruned = execute!(
                tx,
                "DELETE FROM live_events WHERE number <= (SELECT MAX(number) FROM live_events WHERE at < $1)
                 AND number < (SELECT MIN(number) FROM live_events) + $2",
                keep_after.unix_micros(),
                PRUNE_AT_ONCE,
            )?;
            tx.commit().await?;
            if pruned < PRUNE_AT_ONCE.unsigned_abs() {
                return Ok(());
            }
        }
    }
}

/// Adds an event under the next number. Call it last: see the header.
pub(crate) async fn live_add(tx: &mut Tx, run: &RunId, event: &LiveEvent, now: Timestamp) -> Result<()> {
    let event = text::to_json(event)?;
    let (number,) =
        fetch!(one, (i64,), tx, "UPDATE live_counter SET number = number + 1 WHERE id = 1 RETURNING number")?;
    execute!(
        tx,
        "INSERT INTO live_events (number, run_id, at, event) VALUES ($1, $2, $3, $4)",
        number,
        run.as_str(),
        now.unix_micros(),
        event,
    )
    .map(|_| ())
}
