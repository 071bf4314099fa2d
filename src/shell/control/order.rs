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

/// A request line, taken apart.
pub(super) struct Line<'a> {
    pub(super) verb: &'a str,
    pub(super) about: Option<&'a str>,
    to: Option<&'a str>,
    pub(super) json: bool,
    force: bool,
    persist: bool,
}

impl<'a> Line<'a> {
    pub(super) fn new(line: &'a str) -> Result<Self, &'static str> {
        let mut words = line.split_ascii_whitespace();
        let mut line = Self {
            verb: words.next().unwrap_or_default(),
            about: None,
            to: None,
            json: false,
            force: false,
            persist: false,
        };
        for word in words {
            match word {
                "--json" => line.json = true,
                "--force" => line.force = true,
                "--persist" => line.persist = true,
                _ if line.about.is_none() => line.about = Some(word),
                _ => line.to = Some(word),
            }
        }
        if line.to.is_some() && line.verb != "move" {
            return Err("too many words");
        }
        Ok(line)
    }

    /// What a person wants to be done.
    pub(super) fn order(&self, config: &Config) -> Result<Order, &'static str> {
        let command = match (self.verb, self.about) {
            ("disable", _) => Command::Serve(false),
            ("enable", _) => Command::Serve(true),
            ("maintenance", Some("on")) => Command::Maintenance(true),
            ("maintenance", Some("off")) => Command::Maintenance(false),
            ("maintenance", _) => return Err("maintenance is on or off"),
            _ => self.about_groups(selection(self.about, config)?, config)?,
        };
        let keep = match command {
            Command::Standby(which) if self.persist => Some(Command::Keep(Some(which))),
            Command::Serve(false) if self.persist => Some(Command::Keep(None)),
            _ => None,
        };
        Ok(Order {
            command,
            force: self.force,
            keep,
        })
    }

    fn about_groups(&self, which: Selection, config: &Config) -> Result<Command, &'static str> {
        Ok(match self.verb {
            "standby" => Command::Standby(which),
            "takeover" if !self.force => Command::Takeover(which),
            "takeover" => match which {
                Selection::All | Selection::Group(_) if self.about.is_some() => {
                    Command::Force(which)
                }
                Selection::All | Selection::Local | Selection::Foreign | Selection::Group(_) => {
                    return Err("--force is for one group, or for all by that word");
                }
            },
            "move" => {
                let mut nodes = config.node_ids();
                let node = nodes.find(|node| Some(config.node_name(*node)) == self.to);
                match (which, node) {
                    (Selection::Group(group), Some(to)) => Command::Move { group, to },
                    _ => return Err("move takes a group of haresources and a node"),
                }
            }
            "clear" => Command::Clear(which),
            "unmove" => Command::Unmove(which),
            _ => return Err("no such request"),
        })
    }
}

/// Heartbeat's words; `failback` is its other name for `foreign`.
pub(super) fn selection(which: Option<&str>, config: &Config) -> Result<Selection, &'static str> {
    match which {
        None | Some("all") => Ok(Selection::All),
        Some("local") => Ok(Selection::Local),
        Some("foreign" | "failback") => Ok(Selection::Foreign),
        Some(key) => config
            .group_ids()
            .find(|group| config.group_key(*group) == key)
            .map(Selection::Group)
            .ok_or("not all, local, foreign or a group of haresources"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use twinbeat::id::{GroupId, NodeId};

    fn parsed(line: &str) -> Result<Order, &'static str> {
        Line::new(line)?.order(&crate::testing::config(2))
    }

    #[test]
    fn an_order_says_what_is_done_and_whether_it_is_forced_and_kept() {
        let group = GroupId::new(1).unwrap();
        let order = |line| {
            let order = parsed(line).unwrap();
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
        assert_eq!(parsed("status"), Err("no such request"));
    }
}
