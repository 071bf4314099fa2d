//! `group KEY OPTION VALUE...`: what one group does otherwise than the rest. The line stands in `ha.cf`
//! or `twinbeat.cf`, and is read when `haresources` has been.

use super::care::{Care, Limits};
use super::ha_cf::{boolean, number, span};
use super::lexer::{Word, Words};
use super::{Config, MAX_RESOURCES, Resource, order};
use crate::id::GroupId;
use crate::time::Duration;

/// What was written for a group; `None` is as for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `policy`.
    pub policy: Option<Policy>,
    /// `failback`, in place of `auto_failback`.
    pub failback: Option<bool>,
    /// `timeout` and `monitor`, where a resource says nothing else.
    pub care: Care,
    /// `restarts`, 0 to 100: how often it is restarted in place before it counts as failed here; 3
    /// by default.
    pub restarts: Option<u8>,
    /// `window`, 1 s to 4 h: when it has run for so long its failures are forgotten; 10 min by
    /// default.
    pub window: Option<Duration>,
    /// `after`: started when that one is held somewhere, stopped before it.
    pub after: Option<GroupId>,
    /// `with`: on the node of that one, with its home and failback.
    pub with: Option<GroupId>,
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
    let group = config.group_named(key.bytes);
    if group.is_none() && complete {
        return Err((
            key,
            "is no group: write the first resource of its line in haresources",
        ));
    }
    // What is said of a group that is not known is checked all the same.
    let mut resource = None;
    let mut any = false;
    while let Some(option) = words.next() {
        any = true;
        let value = words.next().map_or(&b""[..], |word| word.bytes);
        let right = if option.bytes == b"resource" {
            resource = group.map(|_| value);
            !value.is_empty() && group.is_none_or(|id| named(config, id, value) != 0)
        } else if order::is_meant(option.bytes) {
            if !order::set(option.bytes, value, group, complete, config) {
                return Err((option, order::WRONG));
            }
            true
        } else {
            set(option.bytes, value, group, resource, config).is_some()
        };
        if !right {
            return Err((option, OPTIONS));
        }
    }
    any.then_some(())
        .ok_or((key, "is followed by no option: write policy or failback"))
}

/// Keeps one option; `None` if it is none, wrong, or there already.
#[inline(never)]
fn set(
    option: &[u8],
    value: &[u8],
    group: Option<GroupId>,
    resource: Option<&[u8]>,
    config: &mut Config,
) -> Option<()> {
    let mut options = Options::default();
    let mut limits = Limits::default();
    if let Some(group) = group.and_then(|id| config.groups.get(id.index())) {
        (options, limits) = (group.options, group.limits);
    }
    let alone = resource.is_none();
    let is_meant = |known: &&(&[u8], Name)| known.0 == option;
    let name = NAMES.iter().find(is_meant)?.1;
    match name {
        Name::Policy if alone => {
            let known = |policy: &&(&[u8], Policy)| policy.0 == value;
            let policy = POLICIES.iter().find(known)?.1;
            once(&mut options.policy, policy)?;
        }
        Name::Failback if alone => once(&mut options.failback, boolean(value)?)?,
        Name::Restarts if alone => {
            let count = number(value).and_then(|count| u8::try_from(count).ok())?;
            once(&mut options.restarts, count.min(MAX_RESTARTS))?;
            (count <= MAX_RESTARTS).then_some(())?;
        }
        Name::Window if alone => once(&mut options.window, span(value, false)?)?,
        Name::Timeout | Name::Monitor => {
            let may_be_zero = name == Name::Monitor;
            let time = span(value, may_be_zero)?;
            let place = |care: &mut Care| {
                let place = match may_be_zero {
                    true => &mut care.monitor,
                    false => &mut care.timeout,
                };
                once(place, time)
            };
            if let (Some(name), Some(id)) = (resource, group) {
                let bits = named(config, id, name);
                for at in 0..u16::try_from(MAX_RESOURCES).ok()? {
                    if bits.checked_shr(at.into())? & 1 != 0 {
                        if !config.care.iter().any(|own| own.0 == at) {
                            // As many places as resources.
                            let _ = config.care.push((at, Care::default()));
                        }
                        let own = config.care.iter_mut().find(|own| own.0 == at);
                        place(&mut own?.1)?;
                    }
                }
            } else {
                place(&mut options.care)?;
                limits = options.care.timeout.map_or(limits, Limits::of);
            }
        }
        Name::Policy | Name::Failback | Name::Restarts | Name::Window => return None,
    }
    if let Some(group) = group.and_then(|id| config.groups.get_mut(id.index())) {
        (group.options, group.limits) = (options, limits);
    }
    Some(())
}

/// Sets what was not set.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// The scripts of a group that are written like this, or are called so: a bit for each, by its
/// place among all resources.
fn named(config: &Config, group: GroupId, name: &[u8]) -> u64 {
    let range = config.groups.get(group.index());
    let range = range.map_or(0..0, |group| group.resources.clone());
    let mut bits = 0;
    for position in range {
        if let Some(Resource::Script(word)) = config.resources.get(usize::from(position)) {
            let rest = config.text(*word).as_bytes().strip_prefix(name);
            if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"::")) {
                bits |= 1_u64.checked_shl(position.into()).unwrap_or(0);
            }
        }
    }
    bits
}

/// Each as it is written.
/// What is set by one value.
#[derive(Clone, Copy, PartialEq)]
enum Name {
    Policy,
    Failback,
    Restarts,
    Window,
    Timeout,
    Monitor,
}

const NAMES: [(&[u8], Name); 6] = [
    (b"policy", Name::Policy),
    (b"failback", Name::Failback),
    (b"restarts", Name::Restarts),
    (b"window", Name::Window),
    (b"timeout", Name::Timeout),
    (b"monitor", Name::Monitor),
];
const POLICIES: [(&[u8], Policy); 2] = [
    (b"at-least-one", Policy::AtLeastOne),
    (b"at-most-one", Policy::AtMostOne),
];
/// More would not be in place any more.
const MAX_RESTARTS: u8 = 100;

/// What a line may say.
const OPTIONS: &str = "must be one of, each once: policy at-least-one or at-most-one; failback on or off; \
                       after, with and a group; restarts 0 to 100; window, timeout, monitor and a time from 1 to 14400 s \
                       (monitor 0: never); resource and a script of that group, whose timeout and monitor follow";
/// How it is written.
pub(super) const EXAMPLE: &str = "group 192.0.2.10/24 monitor 10 resource nginx timeout 120";
