//! What it hears, and what it makes of that.

use super::*;

impl Heartbeat {
    /// A frame of the peer's.
    pub(crate) fn hear(&mut self, now: u64, bytes: &[u8]) {
        let keys = self.keys.clone();
        let Ok(message) = decode(bytes, &keys) else {
            return;
        };
        let status = matches!(message.word, Word::Status { .. });
        if !self.runs || message.source != "a" || message.generation < self.peer_hg {
            return;
        }
        if let Some(number) = message.number {
            if message.generation > self.peer_hg || self.newest == 0 {
                if !status {
                    return;
                }
                (self.peer_hg, self.newest, self.newest_status) = (message.generation, number, 0);
                self.missing.clear();
                (self.peer_dead, self.peer_active) = (false, false);
            } else if self.peer_dead {
                if !status || number <= self.newest_status {
                    return;
                }
                (self.peer_dead, self.newest) = (false, self.newest.max(number));
                self.status_at = now;
                self.heal_at = now + 2 * SECOND;
            } else if number > self.newest {
                self.missing.extend(self.newest + 1..number);
                if number - self.newest > 250 {
                    self.missing.clear();
                }
                self.newest = number;
                self.rexmit_at = self.rexmit_at.max(now + 100_000);
            } else if !self.missing.remove(&number) {
                return;
            }
            if number % 10 == 7 && self.missing.is_empty() {
                self.say(now, Word::Ack { number }, true);
            }
        }
        if message.dest.is_none_or(|name| name == "b") && !self.is_leaving() {
            self.understand(now, &message);
        }
    }

    pub(super) fn understand(&mut self, now: u64, message: &Message<'_>) {
        match &message.word {
            Word::Status {
                deadtime, state, ..
            } => {
                self.peer_active = *state == State::Active;
                self.newest_status = self.newest_status.max(message.number.unwrap_or(0));
                self.heard_at = Some(now);
                self.peer_dt = deadtime.map_or(self.deadtime, |span| u64::from(span) * 1000);
            }
            Word::Reqnodes => {
                let nodes = "a b ";
                self.say(now, Word::Repnodes { nodes }, true);
            }
            Word::Repnodes { .. } if !self.active => self.become_active(now),
            Word::Starting => {
                self.other_stable = false;
                if self.active {
                    self.resource(now, None);
                }
            }
            Word::Resource {
                hold, full, stable, ..
            } if self.state != Start::Init => {
                self.on_resource(now, *hold, *full, *stable);
            }
            Word::AskResources { hold, phase } => self.on_ask(now, *hold, *phase),
            Word::HbTakeover { hold } => self.give(now, swapped(bits(*hold))),
            Word::IpRequest { key } => self.on_request(key),
            Word::IpRequestResp { key, ok: true, .. } => self.on_response(key),
            Word::Shutdone if self.is_legacy() => {
                self.peer_active = false;
                if self.active {
                    self.take_over(now);
                }
            }
            Word::Shutdone => {
                (self.other, self.other_stable) = (0, false);
                self.standby = Standby::Not;
                self.need_failback = true;
                if self.active {
                    self.jobs
                        .push_back(Job::Take((LOCAL | FOREIGN) & !self.mine, false));
                }
            }
            Word::Rexmit { first, last } => {
                for number in *first..=(*last).min(*first + 49) {
                    match self.said.get(number as usize - 1) {
                        Some(bytes) if number + 500 > self.seq => {
                            self.sent.push_back(bytes.clone())
                        }
                        Some(_) => self.say(now, Word::Nak { number }, true),
                        None => {}
                    }
                }
            }
            Word::Nak { number } => {
                self.missing.remove(number);
            }
            _ => {}
        }
    }

    pub(super) fn on_resource(&mut self, now: u64, hold: Hold, full: bool, stable: Option<bool>) {
        self.other = if full || hold == Hold::None {
            bits(hold)
        } else {
            self.other | bits(hold)
        };
        let newly = stable == Some(true) && !self.other_stable;
        self.other_stable = stable.unwrap_or(self.other_stable);
        if self.state == Start::Starting {
            (self.state, self.stable_at) = (Start::Received, now + 10 * SECOND);
        }
        if newly {
            self.resource(now, None);
        }
        if self.other_stable && self.state == Start::Received {
            self.become_stable(now);
        }
        if newly {
            self.consider_failback(now);
        }
    }

    /// `hold` is in the giver's words.
    pub(super) fn on_ask(&mut self, now: u64, asked: Hold, phase: Phase) {
        match (phase, self.standby) {
            (Phase::Me, _) if self.may_move(now) => {
                (self.standby, self.standby_until) = (Standby::Other, now + 3600 * SECOND);
                self.ask(now, asked, Phase::Other);
            }
            (Phase::Other, Standby::Me) => {
                let what = bits(asked);
                self.mine &= !what;
                self.say_resource(now, self.mine, false, Some(Info::Standby));
                self.jobs.push_back(Job::Give(what));
                self.standby_until = now + 3600 * SECOND;
            }
            (Phase::Done, Standby::Other) => {
                self.jobs.push_back(Job::Take(swapped(bits(asked)), true));
                self.standby = Standby::Done;
            }
            (Phase::Done, Standby::Done) => {
                self.standby = Standby::Not;
                self.resource(now, None);
            }
            _ => {}
        }
    }
}
