//! Lines by which a person has something done: a verb, what it is about, `--force`, `--persist`.

use twinbeat::action::{Command, Selection};
use twinbeat::config::Config;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// This.
    pub(crate) command: Command,
    /// Even in maintenance.
    pub(crate) force: bool,
    /// And then this, so that it outlives the agent.
    pub(crate) keep: Option<Command>,
}

/// The order of a line that begins with `verb`; `None` if it is no order.
pub(super) fn parse<'a>(
    verb: &str,
    words: impl Iterator<Item = &'a str>,
    config: &Config,
) -> Result<Option<Order>, String> {
    let (mut force, mut persist) = (false, false);
    let (mut about, mut to) = (None, None);
    for word in words {
        match word {
            "--force" => force = true,
            "--persist" => persist = true,
            _ if about.is_none() => about = Some(word),
            _ => to = Some(word),
        }
    }
    let which = || selection(about, config);
    let mut keep = None;
    let command = match verb {
        "standby" => {
            keep = Some(Command::Keep(Some(which()?)));
            Command::Standby(which()?)
        }
        "takeover" if force => match which()? {
            named @ (Selection::All | Selection::Group(_)) if about.is_some() => {
                Command::Force(named)
            }
            Selection::All | Selection::Local | Selection::Foreign | Selection::Group(_) => {
                return Err("--force is for one group, or for all by that word".to_owned());
            }
        },
        "takeover" => Command::Takeover(which()?),
        "move" => {
            let mut nodes = config.node_ids();
            let node = nodes.find(|node| Some(config.node_name(*node)) == to);
            match (which()?, node) {
                (Selection::Group(group), Some(to)) => Command::Move { group, to },
                _ => return Err("move takes a group of haresources and a node".to_owned()),
            }
        }
        "clear" => Command::Clear(which()?),
        "unmove" => Command::Unmove(which()?),
        "disable" => {
            keep = Some(Command::Keep(None));
            Command::Serve(false)
        }
        "enable" => Command::Serve(true),
        "maintenance" => match about {
            Some("on") => Command::Maintenance(true),
            Some("off") => Command::Maintenance(false),
            _ => return Err("maintenance is on or off".to_owned()),
        },
        _ => return Ok(None),
    };
    if to.is_some() && verb != "move" {
        return Err("too many words".to_owned());
    }
    Ok(Some(Order {
        command,
        force,
        keep: keep.filter(|_| persist),
    }))
}

/// Heartbeat's words; `failback` is its other name for `foreign`.
pub(super) fn selection(which: Option<&str>, config: &Config) -> Result<Selection, String> {
    match which {
        None | Some("all") => Ok(Selection::All),
        Some("local") => Ok(Selection::Local),
        Some("foreign" | "failback") => Ok(Selection::Foreign),
        Some(key) => config
            .group_ids()
            .find(|group| config.group_key(*group) == key)
            .map(Selection::Group)
            .ok_or_else(|| "not all, local, foreign or a group of haresources".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use twinbeat::id::{GroupId, NodeId};

    fn parsed(line: &str) -> Result<Option<Order>, String> {
        let mut words = line.split(' ');
        parse(words.next().unwrap(), words, &crate::testing::config(2))
    }

    #[test]
    fn an_order_says_what_is_done_and_whether_it_is_forced_and_kept() {
        let group = GroupId::new(1).unwrap();
        let order = |line| {
            let order = parsed(line).unwrap().unwrap();
            (order.command, order.force, order.keep)
        };
        let (one, all) = (Selection::Group(group), Selection::All);
        assert_eq!(order("standby"), (Command::Standby(all), false, None));
        assert_eq!(
            order("standby --persist group1 --force"),
            (Command::Standby(one), true, Some(Command::Keep(Some(one))))
        );
        assert_eq!(order("takeover"), (Command::Takeover(all), false, None));
        assert_eq!(order("takeover --force all").0, Command::Force(all));
        let to = NodeId::new(1).unwrap();
        assert_eq!(order("move group1 beta").0, Command::Move { group, to });
        assert_eq!(order("unmove all").0, Command::Unmove(all));
        let disabled = (Command::Serve(false), false, Some(Command::Keep(None)));
        assert_eq!(order("disable --persist"), disabled);
        assert_eq!(
            order("enable --persist"),
            (Command::Serve(true), false, None)
        );
        assert_eq!(order("maintenance off").0, Command::Maintenance(false));
    }

    #[test]
    fn what_is_forced_must_be_named_and_what_is_moved_must_exist() {
        for line in [
            "takeover --force",
            "takeover --force local",
            "move group1",
            "move all beta",
            "move group1 gamma",
            "maintenance",
            "maintenance perhaps",
            "standby group7",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
        assert_eq!(parsed("status"), Ok(None));
    }
}
