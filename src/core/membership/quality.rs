//! How well a link delivers from a peer: figures for people and for `plan`, which decide nothing.
//!
//! Loss is seen in the numbers of frames: one counter of the sender's life numbers them all. Most leave
//! by every link. Two kinds may leave by one alone: a Hello that answers, and a question, which a ring
//! does not pass on. One of these that came by another link is not missed. A line leaves out questions
//! and what is overtaken: there no more is missed than the beats that the silence had room for.
//!
//! Jitter and the longest silence are taken between accepted frames, in attentive time: how late this
//! loop was itself is not the link's fault. What was a link down is an outage, and in no figure.

use super::peer::{Alive, Delivery};
use crate::id::LinkId;
use crate::time::Duration;
use crate::wire::{Header, Kind};

/// Figures of one link from one life of a peer. All of it saturates.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quality {
    /// The highest counter that came this way, of whatever kind; 0 before the first.
    newest: u32,
    /// Frames that came by another link and need not come by this one.
    excused: u8,
    pub(crate) frames: u32,
    pub(crate) missed: u32,
    /// Frames lost of the last `window`; both are halved when there are [`WINDOW`] of them.
    lost: u16,
    window: u16,
    /// Sixteen times the mean deviation, as in RFC 3550, 6.4.1.
    jitter: u32,
    /// Microseconds.
    pub(crate) longest: u32,
}

impl Quality {
    /// Of a link that has brought the frame that proved the life.
    pub(super) fn new(counter: u32) -> Self {
        Self {
            newest: counter,
            frames: 1,
            window: 1,
            ..Self::default()
        }
    }

    /// Parts per million of the last frames.
    pub(crate) fn loss(&self) -> u32 {
        u32::from(self.lost)
            .saturating_mul(1_000_000)
            .checked_div(self.window.into())
            .unwrap_or_default()
    }

    /// Microseconds.
    pub(crate) fn jitter(&self) -> u32 {
        self.jitter >> 4
    }

    /// A frame came, after `missing` that did not.
    fn count(&mut self, missing: u32) {
        self.frames = self.frames.saturating_add(1);
        self.missed = self.missed.saturating_add(missing);
        let missing = u16::try_from(missing).unwrap_or(WINDOW).min(WINDOW);
        self.lost = self.lost.saturating_add(missing);
        self.window = self.window.saturating_add(missing).saturating_add(1);
        while self.window >= WINDOW {
            self.lost >>= 1;
            self.window >>= 1;
        }
    }

    /// So long after the frame before it the next was accepted; `steady` if both were beats in order.
    fn on_interval(&mut self, interval: u32, keepalive: u32, steady: bool) {
        self.longest = self.longest.max(interval);
        // A beat that comes much earlier was an answer, or news.
        if steady && interval >= keepalive.saturating_sub(keepalive >> 2) {
            let deviation = interval.abs_diff(keepalive).min(MOST_DEVIATION);
            let settled = self.jitter.saturating_sub(self.jitter >> 4);
            self.jitter = settled.saturating_add(deviation);
        }
    }
}

impl Alive {
    /// A frame of this life came, verified, with a higher number than any accepted by `link`.
    pub(super) fn measure(
        &mut self,
        mark: Duration,
        link: LinkId,
        header: Header,
        keepalive: Duration,
        line: bool,
    ) {
        let Header { kind, counter, .. } = header;
        let first = counter > self.measured;
        self.measured = self.measured.max(counter);
        let alone = match kind {
            Kind::Hello | Kind::Ask => true,
            Kind::Beat | Kind::Control | Kind::Leave => false,
        };
        if first && alone {
            for (other, Delivery { quality, .. }) in self.links.iter_mut() {
                quality.excused = quality.excused.saturating_add(u8::from(other != link));
            }
        }
        let Delivery {
            heard, up, quality, ..
        } = self.links.at_mut(link);
        let newest = quality.newest;
        if counter <= newest {
            return;
        }
        quality.newest = counter;
        if alone && !first {
            quality.excused = quality.excused.saturating_sub(1);
        }
        let interval = micros(mark.minus(heard.unwrap_or(mark)));
        let keepalive = micros(keepalive);
        let mut between = counter.saturating_sub(newest).saturating_sub(1);
        if newest == 0 || !*up {
            between = 0;
        } else if between > 0 {
            let excused = between.min(quality.excused.into());
            quality.excused = quality.excused.saturating_sub(excused.to_le_bytes()[0]);
            between = between.saturating_sub(excused);
            if line {
                let beats = interval.saturating_sub(keepalive >> 1);
                between = between.min(beats.checked_div(keepalive).unwrap_or_default());
            }
        }
        quality.count(between);
        if *up && kind != Kind::Ask {
            let steady = kind == Kind::Beat && between == 0;
            quality.on_interval(interval, keepalive, steady);
        }
    }
}

fn micros(span: Duration) -> u32 {
    u32::try_from(span.micros()).unwrap_or(u32::MAX)
}

/// Frames that the share of lost ones is taken of, at most; half of them at least.
const WINDOW: u16 = 512;
/// A deviation counts as no more than this, so that sixteen of them fit.
const MOST_DEVIATION: u32 = u32::MAX >> 5;

#[cfg(test)]
mod tests {
    use super::*;

    /// Every fifth frame is lost for a while, then none.
    #[test]
    fn loss_is_forgotten_as_frames_come() {
        let mut quality = Quality::default();
        for _ in 0..400 {
            quality.count(0);
            quality.count(0);
            quality.count(0);
            quality.count(1);
        }
        assert!(quality.loss().abs_diff(200_000) < 10_000);
        for _ in 0..5000 {
            quality.count(0);
        }
        assert!(quality.loss() < 100, "{}", quality.loss());
        assert_eq!((quality.frames, quality.missed), (6600, 400));
    }

    #[test]
    fn the_largest_gap_there_can_be_is_all_loss_and_no_overflow() {
        let mut quality = Quality::new(1);
        quality.count(u32::MAX);
        quality.count(u32::MAX);
        assert!(quality.loss() > 990_000 && quality.loss() <= 1_000_000);
        quality.on_interval(u32::MAX, 1, true);
        quality.on_interval(u32::MAX, 1, true);
        assert_eq!(quality.longest, u32::MAX);
    }

    #[test]
    fn jitter_is_the_mean_deviation_from_keepalive_and_an_answer_is_none() {
        let mut quality = Quality::new(1);
        for _ in 0..200 {
            quality.on_interval(100_000 - 2000, 100_000, true);
            quality.on_interval(100_000 + 2000, 100_000, true);
            quality.on_interval(20_000, 100_000, true);
            quality.on_interval(150_000, 100_000, false);
        }
        assert!(quality.jitter().abs_diff(2000) < 20, "{}", quality.jitter());
        assert_eq!(quality.longest, 150_000);
    }
}
