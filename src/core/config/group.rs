//! `group KEY OPTION VALUE...`: what one group does otherwise than the rest. The line stands in `ha.cf`
//! or `twinbeat.cf`, and is read when `haresources` has been.

use super::Config;
use super::diagnostic::{File, Position, Quoted, Report};
use super::ha_cf::{Problem, boolean};
use super::lexer::{Lines, Word, Words};
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

/// Reads the `group` lines of one file. Groups are `complete` if all of `haresources` was understood.
pub(super) fn read(
    file: File,
    text: &[u8],
    complete: bool,
    config: &mut Config,
    report: &mut Report<'_>,
) {
    for (first, words) in Lines::new(file, text) {
        if first.bytes == b"group"
            && let Err((at, problem)) = read_line(first.at, words, complete, config)
        {
            report.say(at, problem);
        }
    }
}

fn read_line<'a>(
    start: Position,
    mut words: Words<'a>,
    complete: bool,
    config: &mut Config,
) -> Result<(), (Position, Problem<'a>)> {
    let missing = (start, Problem::NoValue(EXAMPLE));
    let wrong = |word: Word<'a>, what| Err((word.at, Problem::Wrong(Quoted(word.bytes), what)));
    let key = words.next().ok_or(missing)?;
    let is_meant = |id: &GroupId| config.group_key(*id).as_bytes() == key.bytes;
    let group = config.group_ids().find(is_meant);
    // What is said of a group that is not known is checked all the same.
    let mut nobody = Options::default();
    let options = match group.and_then(|id| config.groups.get_mut(id.index())) {
        Some(group) => &mut group.options,
        None if complete => {
            let what = "is no group: write the first resource of its line in haresources, as it stands there";
            return wrong(key, what);
        }
        None => &mut nobody,
    };
    let mut next = Some(words.next().ok_or(missing)?);
    while let Some(option) = next {
        let value = words.next().ok_or(missing)?;
        let twice = match option.bytes {
            b"policy" => {
                let policy = match value.bytes {
                    b"at-least-one" => Policy::AtLeastOne,
                    b"at-most-one" => Policy::AtMostOne,
                    _ => return wrong(value, "must be at-least-one or at-most-one"),
                };
                options.policy.replace(policy).is_some()
            }
            b"failback" => {
                let Some(on) = boolean(value.bytes) else {
                    return wrong(value, "must be on (it goes home) or off (it stays)");
                };
                options.failback.replace(on).is_some()
            }
            _ => return wrong(option, "is no option of a group: write policy or failback"),
        };
        if twice {
            return wrong(option, "stands twice for this group: remove one of them");
        }
        next = words.next();
    }
    Ok(())
}

/// How it is written.
pub(super) const EXAMPLE: &str = "group 192.0.2.10/24 policy at-most-one failback off";
