//! Another configuration is taken up: whoever lives goes on living.

use super::difference::Differing;
use super::peer::{Delivery, Invitation, Standing};
use super::{Membership, digest};
use crate::action::{Carrier, Events};
use crate::auth::Keyring;
use crate::config::{Change, Config, Refusal, line};
use crate::id::{GroupSet, LinkSet, MAX_GROUPS};
use crate::time::{Duration, Instant};

impl Membership {
    /// Why peers would no longer understand this node, or it them.
    pub(crate) fn judge(&self, change: &Change<'_>) -> Result<(), Refusal> {
        let [_, groups, _] = digest::digests(change.new);
        if self.digests.get(1) == Some(&groups) && !change.keeps_groups() {
            return Err(Refusal::Alike);
        }
        let keys = &change.new.keys.keys;
        for (node, alive) in self.alive() {
            if !keys.iter().any(|key| key.number == alive.key) {
                return Err(Refusal::KeyInUse(node, alive.key));
            }
            let heard = self.links_of(alive);
            let mut kept = change.new.link_ids().filter_map(|link| change.link(link));
            if !heard.is_empty() && !kept.any(|link| heard.contains(link)) {
                return Err(Refusal::Unlinked(node));
            }
        }
        Ok(())
    }

    /// Takes it up. Nobody falls silent by it: silence counts anew where `deadtime` is another one.
    ///
    /// Peers hear of a shorter `deadtime` by the next frame, and shorten their leases then: until
    /// that has come, one that dies may be taken over from before its lease has ended.
    pub(crate) fn reconfigure(&mut self, now: Instant, change: &Change<'_>, events: &mut Events) {
        let config = change.new;
        let before = self.told();
        let retimed = self.timing.deadtime != config.timing.deadtime;
        self.shape.groups = config.groups.len();
        self.timing = config.timing;
        self.keyring = Keyring::new(&config.keys, config.text(config.cluster));
        self.digests = digest::digests(config);
        (self.lines, self.answer_time) = lines(config);
        self.attention.retime(config.timing, now);
        self.life.retime(config.timing.deadtime);
        self.outbox.forget();
        self.carriers = change.links_of(&self.carriers, Carrier::Down);
        if self
            .carriers
            .iter()
            .any(|(_, carrier)| *carrier == Carrier::Up)
        {
            self.dark_since = None;
        } else {
            self.dark_since.get_or_insert(now);
        }
        self.next_beat_at = self.next_beat_at.min(now.after(config.timing.keepalive));
        let (mark, ours) = (self.attention.now(), self.told());
        for (node, peer) in self.peers.iter_mut() {
            peer.invitations = change.links_of(&peer.invitations, Invitation::default());
            match &mut peer.standing {
                Standing::Alive(alive) => {
                    let fresh = Delivery {
                        highest: alive.highest,
                        ..Delivery::default()
                    };
                    alive.links = change.links_of(&alive.links, fresh);
                    let before = Differing::between(before, alive.told());
                    alive.compare(ours, before, node, events);
                    if retimed {
                        alive.heard = mark;
                        for (_, delivery) in alive.links.iter_mut().filter(|(_, one)| one.up) {
                            delivery.heard = Some(mark);
                        }
                    }
                }
                Standing::Dead(ended) | Standing::Left(ended) => {
                    // Where its groups were not ours it may be any, also one that comes now.
                    if ended.stuck != GroupSet::first(MAX_GROUPS) {
                        ended.stuck = change.carried(ended.stuck);
                    }
                }
                Standing::Unheard => {}
            }
        }
    }
}

/// The serial lines, and how long the answer to a frame may take on them.
pub(super) fn lines(config: &Config) -> (LinkSet, Duration) {
    let (nodes, groups) = (config.nodes.len(), config.groups.len());
    let (mut lines, mut answer_time) = (LinkSet::EMPTY, Duration::ZERO);
    for (link, id) in config.links.iter().zip(config.link_ids()) {
        if let Some(rate) = link.rate() {
            lines = lines.with(id);
            answer_time = line::answer_time(nodes, groups, rate);
        }
    }
    (lines, answer_time)
}
