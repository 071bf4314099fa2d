//! Messages of heartbeat's dialect: none proves that it is fresh, so what counts is generation and number.

use super::Cluster;
use super::network::Frame;

impl Cluster {
    /// A message was let in; `moves` if that changed anything of a group.
    pub(super) fn check_heard(&mut self, machine: usize, frame: &Frame, moves: bool) {
        if frame.forged {
            self.fail("a forged message was accepted");
        }
        let text = String::from_utf8_lossy(&frame.bytes);
        let value = |name| text.lines().find_map(|line| line.strip_prefix(name));
        let hex = |name| u32::from_str_radix(value(name)?, 16).ok();
        let (generation, number) = (hex("hg=").unwrap_or(0), hex("seq="));
        let heard = &self.rules.messages[machine];
        if heard.last().is_some_and(|(last, _)| *last > generation) {
            self.fail("a message of an earlier generation was accepted");
        }
        let Some(number) = number else { return };
        let newest = heard.last().is_none_or(|last| *last < (generation, number));
        if !self.rules.messages[machine].insert((generation, number)) {
            if moves {
                self.fail(format!("{number:x} was heard before, and moved something"));
            }
            return;
        }
        // Only a status is a sign of life. What a life said that is over tells nothing of the present one.
        let sender = &self.machines[frame.from];
        let present = sender.life == frame.life && sender.runs();
        if newest && present && value("t=") == Some("status") {
            self.rules.accept(machine, frame, self.now);
        }
    }
}
