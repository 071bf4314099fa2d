//! The last events, for `twinbeat events`: kept as they are in fixed memory, and worded when asked for.

use std::fmt::Write as _;
use std::rc::Rc;

use twinbeat::action::Event;
use twinbeat::config::Config;
use twinbeat::time::Instant;

use crate::status::Json;
use crate::{clock, journal};

/// So many are kept.
const KEPT: usize = 256;
/// 2025 in seconds since 1970: a clock that is before it was never set.
const PLAUSIBLE: u64 = 1_735_689_600;

/// The events of this run. Each has a number; the first one's differs from run to run, so that who
/// asks for what follows a number of another run is told everything.
pub(crate) struct History {
    kept: Vec<(Instant, Event)>,
    first: u32,
    count: u32,
    /// Those before this number speak of an earlier configuration, and those before the other one
    /// of an even earlier one: they are no longer told.
    renumbered: [u32; 2],
    before: Option<Rc<Config>>,
}

impl History {
    /// Nothing has happened yet.
    pub(crate) fn new(first: u32) -> Self {
        Self {
            kept: Vec::with_capacity(KEPT),
            first,
            count: 0,
            renumbered: [0; 2],
            before: None,
        }
    }

    /// Groups and links have other numbers from now on.
    pub(crate) fn renumber(&mut self, before: &Rc<Config>) {
        self.renumbered = [self.count, self.renumbered[0]];
        self.before = Some(Rc::clone(before));
    }

    /// Keeps one in the place of the oldest.
    pub(crate) fn note(&mut self, now: Instant, event: Event) {
        let place = self.count as usize % KEPT;
        if let Some(oldest) = self.kept.get_mut(place) {
            *oldest = (now, event);
        } else {
            self.kept.push((now, event));
        }
        self.count = self.count.wrapping_add(1);
    }

    /// What came since number `from`, a line each, oldest first; before them a line with the number of
    /// the next one.
    pub(crate) fn tell(
        &self,
        config: &Config,
        now: Instant,
        from: Option<u32>,
        json: bool,
    ) -> String {
        let next = self.first.wrapping_add(self.count);
        let unseen = from.map_or(self.count, |from| next.wrapping_sub(from));
        let unseen = unseen.min(self.count) as usize;
        let [renumbered, oldest] = self.renumbered.map(|number| number as usize);
        let shown = unseen.min(self.kept.len());
        let shown = shown.min(self.count as usize - oldest);
        let wall = clock::wall();
        let mut out = Json(format!("{next}\n"));
        if json && unseen > shown {
            out.object(|out| out.number("lost", (unseen - shown) as u64));
            out.put("\n");
        } else if unseen > shown {
            let _ = writeln!(
                out.0,
                "{} earlier events are no longer kept",
                unseen - shown
            );
        }
        for number in self.count as usize - shown..self.count as usize {
            let (at, event) = self.kept[number % KEPT];
            let utc = wall - wall.min(now.since(at).millis() / 1000);
            let utc = (utc >= PLAUSIBLE).then(|| journal::date(utc));
            let before = self.before.as_deref().filter(|_| number < renumbered);
            let (level, text) = journal::event(before.unwrap_or(config), event);
            let level = level.name();
            let millis = at.micros() / 1000;
            if json {
                out.object(|out| {
                    out.number("uptime_ms", millis);
                    out.optional("utc", utc.as_deref());
                    out.text("level", level);
                    out.text("event", &text);
                });
                out.put("\n");
            } else {
                let utc = utc.as_deref().unwrap_or("-");
                let (seconds, millis) = (millis / 1000, millis % 1000);
                let _ = writeln!(out.0, "{seconds}.{millis:03} {utc} {level}: {text}");
            }
        }
        out.0
    }
}

#[cfg(test)]
mod tests {
    use twinbeat::id::NodeId;

    use super::*;

    fn left(history: &mut History, count: u64) {
        for second in 0..count {
            let node = NodeId::new(1).unwrap();
            let now = Instant::from_micros(second * 1_000_000 + 7000);
            history.note(now, Event::PeerLeft { node });
        }
    }

    fn told(history: &History, from: Option<u32>, json: bool) -> Vec<String> {
        let config = crate::testing::config(1);
        let now = clock::now();
        let text = history.tell(&config, now, from, json);
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_was_not_seen_yet_is_told_oldest_first() {
        let mut history = History::new(u32::MAX);
        left(&mut history, 3);
        let all = told(&history, None, false);
        assert_eq!(all.len(), 4);
        assert_eq!(all[0], "2");
        assert!(all[1].starts_with("0.007 20") && all[1].ends_with("Z info: node beta has left"));
        assert!(all[3].starts_with("2.007 "));
        assert_eq!(told(&history, Some(1), false)[1..], all[3..]);
        assert_eq!(told(&history, Some(2), false), ["2"]);
        // A number of another run.
        assert_eq!(told(&history, Some(1000), false), all);
    }

    #[test]
    fn what_is_no_longer_kept_is_counted_and_memory_stays_as_it_is() {
        let mut history = History::new(10);
        let room = history.kept.capacity();
        left(&mut history, 300);
        assert_eq!((room, history.kept.capacity()), (KEPT, KEPT));
        let all = told(&history, Some(10), false);
        assert_eq!(all.len(), 2 + KEPT);
        assert_eq!(all[1], "44 earlier events are no longer kept");
        assert!(all[2].starts_with("44.007 ") && all[257].starts_with("299.007 "));
        assert_eq!(told(&history, Some(54), false).len(), 1 + KEPT);
        assert_eq!(told(&history, Some(10), true)[1], "{\"lost\":44}");
    }

    #[test]
    fn what_happened_before_a_reload_is_told_in_the_words_of_then() {
        let mut history = History::new(0);
        let stuck = |group| Event::Group {
            group,
            state: twinbeat::action::GroupState::StopFailed,
            reason: twinbeat::action::Reason::StopFailed,
        };
        let third = twinbeat::id::GroupId::new(2).unwrap();
        history.note(Instant::default(), stuck(third));
        let before = crate::testing::config(3);
        let key = before.group_key(third).to_owned();
        history.renumber(&Rc::new(before));
        left(&mut history, 1);
        let all = told(&history, None, false);
        assert!(all.len() == 3 && all[1].contains(&key), "{all:?}");
        history.renumber(&Rc::new(crate::testing::config(1)));
        let all = told(&history, None, false);
        assert_eq!(all[1], "1 earlier events are no longer kept");
        assert!(all[2].ends_with("beta has left"));
    }

    #[test]
    fn programs_read_one_object_a_line() {
        let mut history = History::new(0);
        left(&mut history, 1);
        let line = told(&history, None, true).remove(1);
        assert!(line.starts_with("{\"uptime_ms\":7,\"utc\":\"20"), "{line}");
        assert!(line.ends_with(",\"level\":\"info\",\"event\":\"node beta has left\"}"));
    }
}
