//! This node's watchdog as peers hear of it. Only a Hello carries it, and deadtime and lease: when one changes, beats are
//! Hellos until every live peer has heard one; who proves itself later has heard one by that.

use crate::membership::Membership;
use crate::time::Duration;
use crate::wire::Kind;

/// What is announced, and whether it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guard {
    seconds: u8,
    news: News,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum News {
    #[default]
    Told,
    /// The number of a Hello since which peers can have echoed nothing but Hellos.
    Telling(Option<u32>),
}

impl Guard {
    /// A watchdog was armed with this time-out, or none is; whether that is news to peers.
    pub(super) fn become_armed(&mut self, timeout: Option<Duration>) -> bool {
        let seconds = timeout.map_or(0, announced);
        let news = seconds != self.seconds;
        if news {
            self.seconds = seconds;
            self.news = News::Telling(None);
        }
        news
    }

    /// Something else that only a Hello carries has changed.
    pub(super) fn become_news(&mut self) {
        self.news = News::Telling(None);
    }

    /// A frame with this number leaves.
    pub(super) fn on_sent(&mut self, kind: Kind, counter: u32) {
        let News::Telling(since) = &mut self.news else {
            return;
        };
        match kind {
            Kind::Hello => *since = since.or(Some(counter)),
            // Its number could be echoed although every Hello before it was lost.
            Kind::Beat | Kind::Control | Kind::Leave => *since = None,
            // The number of a question is not echoed.
            Kind::Ask => {}
        }
    }

    /// Whether the next beat should be a Hello because of it.
    pub(super) fn is_news(&mut self, members: &Membership) -> bool {
        if let News::Telling(Some(since)) = self.news
            && members.alive().all(|(_, alive)| alive.echo >= since)
        {
            self.news = News::Told;
        }
        self.news != News::Told
    }

    /// Whole seconds as a Hello carries them; 0 for none.
    pub(super) fn seconds(self) -> u8 {
        self.seconds
    }
}

/// Rounded up: peers wait for it. What does not fit is no watchdog for them, because a shorter
/// one would be a lie: then a group that could not be stopped waits for a person.
fn announced(timeout: Duration) -> u8 {
    u8::try_from(timeout.micros().div_ceil(1_000_000)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_never_announced_shorter_than_it_is() {
        assert_eq!(announced(Duration::from_millis(1001)), 2);
        assert_eq!(announced(Duration::from_secs(255)), 255);
        assert_eq!(announced(Duration::from_millis(255_001)), 0);
    }

    #[test]
    fn only_an_unbroken_run_of_hellos_tells_it() {
        let mut guard = Guard::default();
        assert!(!guard.become_armed(None), "as it began");
        assert!(guard.become_armed(Some(Duration::from_secs(2))));
        let mut sent = |kind, counter| {
            guard.on_sent(kind, counter);
            guard.news
        };
        assert_eq!(sent(Kind::Hello, 5), News::Telling(Some(5)));
        assert_eq!(sent(Kind::Ask, 6), News::Telling(Some(5)));
        assert_eq!(sent(Kind::Hello, 7), News::Telling(Some(5)));
        assert_eq!(sent(Kind::Control, 8), News::Telling(None));
        assert_eq!(sent(Kind::Hello, 9), News::Telling(Some(9)));
    }
}
