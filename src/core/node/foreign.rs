//! `protocol linux-ha`: frames are a real heartbeat's, and what its beats would say is told by the
//! translation.

use super::{Departure, GOODBYES, Node};
use crate::action::{Reject, Transmit};
use crate::id::{LinkId, LinkSet};
use crate::time::{Duration, Instant};
use crate::wire::linux_ha::Hold;

impl Node {
    /// What `cl_status rscstatus` asks for: which groups this node holds, `None` in transition. Only
    /// with `protocol linux-ha`.
    pub fn rscstatus(&self) -> Option<Option<Hold>> {
        let linux_ha = self.linux_ha.as_ref()?;
        Some(linux_ha.rscstatus(&self.failover))
    }

    /// Lets the translation do what has become due; whether there is one.
    pub(super) fn translate(&mut self, now: Instant) -> bool {
        let Some(linux_ha) = &mut self.linux_ha else {
            return false;
        };
        linux_ha.decide(now, &mut self.failover, &mut self.members, &mut self.events);
        true
    }

    pub(super) fn take_in_message(
        &mut self,
        now: Instant,
        link: LinkId,
        bytes: &[u8],
    ) -> Result<LinkSet, Reject> {
        let Some(linux_ha) = &mut self.linux_ha else {
            return Err(Reject::ForeignDialect);
        };
        if self.departure != Departure::Staying {
            linux_ha.receive_late(bytes, &self.members)?;
            return Ok(LinkSet::EMPTY);
        }
        let heard = linux_ha.receive(
            now,
            link,
            bytes,
            &mut self.failover,
            &mut self.members,
            &mut self.events,
        );
        // Beats that are due do not wait for the end of a flood.
        self.members.on_timeout(now, false, &mut self.events);
        if heard? {
            self.members.fall_in(now, link);
        }
        let traffic = self.traffic.at_mut(link);
        traffic.heard = traffic.heard.saturating_add(1);
        Ok(LinkSet::EMPTY)
    }

    /// The next message, on every link.
    pub(super) fn poll_message(&mut self, now: Instant, buf: &mut [u8]) -> Option<Transmit> {
        // Nobody can be asked whether it is there.
        self.members.asks.0 = 0;
        let linux_ha = self.linux_ha.as_mut()?;
        let last = !linux_ha.has_words();
        let goodbye = match self.departure {
            Departure::Goodbye { said, next_at } if said < GOODBYES && now >= next_at && last => {
                Some(said)
            }
            Departure::Goodbye { .. } | Departure::Staying | Departure::Gone { .. } => None,
        };
        let beat = self.members.beat_due && goodbye.is_none();
        let len = if let Some(said) = goodbye {
            self.departure = Departure::Goodbye {
                said: said.saturating_add(1),
                next_at: now.after(GOODBYE_SPACING),
            };
            linux_ha.say_goodbye(now, said == 0, &self.members, buf)
        } else if beat {
            let counter = self.members.life.number(now);
            let len = linux_ha.say_status(now, &self.members, buf);
            self.flags = self.present_flags(now);
            self.members.on_beat_sent(now);
            self.failover.on_beat_sent(counter);
            self.failover.connectivity.on_beat_sent(now);
            len
        } else {
            linux_ha.poll(now, &self.members, buf)
        };
        self.due = self.next_due();
        for link in self.links.iter() {
            let traffic = self.traffic.at_mut(link);
            traffic.sent = traffic.sent.saturating_add(u32::from(len.is_some()));
        }
        Some(Transmit {
            links: self.links,
            len: len?,
            beat,
        })
    }
}

/// Between the last words: a lost one is missed after at most 250 ms, and asked for.
const GOODBYE_SPACING: Duration = Duration::from_millis(350);
