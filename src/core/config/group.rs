//! `group KEY OPTION VALUE...`: what one group does otherwise than the rest. The line stands in `ha.cf`
//! or `twinbeat.cf`, and is read when `haresources` has been.

use super::Config;
use super::ha_cf::boolean;
use super::lexer::{Word, Words};
use crate::id::GroupId;

/// What was written for a group; `None` is as for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `policy`.
    pub policy: Option<Policy>,
    /// `failback`, in place of `auto_failback`.
    pub failback: Option<bool>,
}

/// What counts more when nodes cannot hear each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// That somebody serves it; during a partition both may. The default.
    AtLeastOne,
    /// That nobody else does: it is taken over only from a node that is known to be off it.
    AtMostOne,
}

impl Options {
    /// Whether the policy is [`Policy::AtMostOne`].
    pub fn at_most_one(&self) -> bool {
        self.policy == Some(Policy::AtMostOne)
    }
}

/// Reads one line behind its first word. Groups are `complete` if all of `haresources` was understood.
/// An error is a word, and what is wrong with it.
#[inline(never)]
pub(super) fn read<'a>(
    first: Word<'a>,
    mut words: Words<'a>,
    complete: bool,
    config: &mut Config,
) -> Result<(), (Word<'a>, &'static str)> {
    let key = words.next().unwrap_or(first);
    let is_meant = |id: &GroupId| config.group_key(*id).as_bytes() == key.bytes;
    let group = config.group_ids().find(is_meant);
    // What is said of a group that is not known is checked all the same.
    let mut nobody = Options::default();
    let options = match group.and_then(|id| config.groups.get_mut(id.index())) {
        Some(group) => &mut group.options,
        None if complete => {
            return Err((
                key,
                "is no group: write the first resource of its line in haresources",
            ));
        }
        None => &mut nobody,
    };
    let mut any = false;
    while let Some(option) = words.next() {
        any = true;
        let value = words.next().map_or(&b""[..], |word| word.bytes);
        let right = if option.bytes == b"policy" {
            let known = |policy: &(&[u8], Policy)| policy.0 == value;
            let policy = POLICIES.into_iter().find(known).map(|policy| policy.1);
            let twice = core::mem::replace(&mut options.policy, policy).is_some();
            policy.is_some() && !twice
        } else if option.bytes == b"failback" {
            let failback = boolean(value);
            let twice = core::mem::replace(&mut options.failback, failback).is_some();
            failback.is_some() && !twice
        } else {
            false
        };
        if !right {
            return Err((
                option,
                "must be policy at-least-one or at-most-one, or failback on or off, each once",
            ));
        }
    }
    any.then_some(())
        .ok_or((key, "is followed by no option: write policy or failback"))
}

/// Each as it is written.
const POLICIES: [(&[u8], Policy); 2] = [
    (b"at-least-one", Policy::AtLeastOne),
    (b"at-most-one", Policy::AtMostOne),
];

/// How it is written.
pub(super) const EXAMPLE: &str = "group 192.0.2.10/24 policy at-most-one failback off";
