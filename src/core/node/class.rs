//! What kind of frame is what to a serial line: the lines read no bodies, and the wire knows no lines.

use super::Node;
use crate::id::NodeId;
use crate::serial::{Class, Incoming};
use crate::wire::linux_ha::{self, Collector};
use crate::wire::{Kind, native};

impl Node {
    /// What a frame that [`Node::poll_transmit`] wrote is to a serial line.
    pub fn class(frame: &[u8]) -> Class {
        match native::kind(frame) {
            Some(Kind::Hello) => Class::Answer,
            Some(Kind::Ask) => Class::Ask,
            Some(Kind::Control | Kind::Leave) => Class::Control,
            Some(Kind::Beat) | None => Class::Beat,
        }
    }

    /// What a frame of another node is to the lines that [`Node::handle`] names for it.
    pub fn class_passed_on(frame: &[u8]) -> Class {
        let source = native::source(frame).unwrap_or(NodeId::ZERO);
        match native::kind(frame) {
            Some(Kind::Hello) => Class::Introduction(source),
            Some(Kind::Beat | Kind::Ask | Kind::Control | Kind::Leave) | None => {
                Class::Forward(source)
            }
        }
    }
}

impl Incoming for Collector {
    fn feed<'a>(&'a mut self, rest: &mut &[u8]) -> Option<&'a [u8]> {
        Self::feed(self, rest)
    }

    fn noise(&self) -> u32 {
        self.dropped()
    }

    fn longest(&self) -> usize {
        linux_ha::MAX_FRAME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each kind: what it is to the lines of its sender, and whether it proves a life on those after.
    const CLASSES: [(Kind, Class, bool); 5] = [
        (Kind::Beat, Class::Beat, false),
        (Kind::Hello, Class::Answer, true),
        (Kind::Ask, Class::Ask, false),
        (Kind::Control, Class::Control, false),
        (Kind::Leave, Class::Control, false),
    ];

    #[test]
    fn what_proves_a_life_and_what_is_periodic_wait_apart() {
        for (kind, own, proves) in CLASSES {
            let source = NodeId::new(2).unwrap();
            let frame = [0x10, ((kind as u8) << 4) | source.wire()];
            assert_eq!(Node::class(&frame), own, "{kind:?}");
            let passed = if proves {
                Class::Introduction(source)
            } else {
                Class::Forward(source)
            };
            assert_eq!(Node::class_passed_on(&frame), passed, "{kind:?}");
        }
    }
}
