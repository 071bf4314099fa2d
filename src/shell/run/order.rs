//! A person's orders: refused with the reason, or told to the core at once. What comes of them is seen
//! by those who ask again.

use twinbeat::action::{Command, Input, Refusal, Selection};
use twinbeat::config::{AutoFailback, Config, Dialect};
use twinbeat::time::Instant;

use super::Program;
use crate::control::Order;

impl Program {
    pub(super) fn on_order(&mut self, now: Instant, order: Order) -> Result<String, String> {
        if let Some(why) = unspeakable(&self.config, order.command) {
            return Err(why);
        }
        if let Some(refusal) = self.node.refusal(order.command)
            && !(order.force && refusal == Refusal::Maintenance)
        {
            return Err(self.refused(refusal));
        }
        self.tell(now, Input::Command(order.command));
        if let Some(keep) = order.keep {
            self.tell(now, Input::Command(keep));
        }
        Ok(String::new())
    }

    fn refused(&self, refusal: Refusal) -> String {
        let config = &self.config;
        match refusal {
            Refusal::Maintenance => {
                "in maintenance nothing is moved: maintenance off first, or --force".to_owned()
            }
            Refusal::Disabled => "this node is disabled: enable it first".to_owned(),
            Refusal::Unable(node) => format!(
                "{} cannot serve it: silent, deaf, disabled, or it failed there",
                config.node_name(node)
            ),
            Refusal::Held(group, node) => {
                let (key, name) = (config.group_key(group), config.node_name(node));
                format!("{name} is alive and has {key} in order: takeover without --force asks it")
            }
        }
    }
}

/// Why a heartbeat has no words for a command, if it has none.
fn unspeakable(config: &Config, command: Command) -> Option<String> {
    let legacy = config.auto_failback == AutoFailback::Legacy;
    let (group, gives) = match command {
        Command::Standby(Selection::Group(group)) => (Some(group), true),
        Command::Standby(_) => (None, true),
        Command::Move { group, to } => (Some(group), to != config.me),
        Command::Takeover(Selection::Group(group)) | Command::Unmove(Selection::Group(group)) => {
            (Some(group), false)
        }
        Command::Takeover(_)
        | Command::Unmove(_)
        | Command::Force(_)
        | Command::Keep(_)
        | Command::Serve(_)
        | Command::Maintenance(_)
        | Command::Clear(_)
        | Command::Shutdown
        | Command::Fenced(_) => return None,
    };
    if config.dialect == Dialect::Native {
        return None;
    }
    if legacy {
        let why = "with auto_failback legacy a heartbeat takes nothing unless it asks: stop this node instead";
        return gives.then(|| why.to_owned());
    }
    let home = |of: &twinbeat::config::Group| of.home;
    let at = config.groups.get(group?.index()).map(home)?;
    let count = config
        .groups
        .iter()
        .filter(|group| group.home == at)
        .count();
    let class = if at == config.me { "local" } else { "foreign" };
    (count > 1).then(|| {
        format!(
            "a heartbeat moves all {count} groups of one home together: standby {class}, or takeover {class}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use twinbeat::id::{GroupId, NodeId};

    #[test]
    fn a_heartbeat_is_not_told_what_it_has_no_words_for() {
        // Of three groups the first and the last are at home here.
        let mut config = crate::testing::config(3);
        let [first, second, _] = [0, 1, 2].map(|at| GroupId::new(at).unwrap());
        let [me, peer] = [0, 1].map(|at| NodeId::new(at).unwrap());
        let all = Command::Standby(Selection::All);
        let one = Command::Takeover(Selection::Group(first));
        let home: Vec<_> = config.groups.iter().map(|group| group.home).collect();
        assert_eq!(home, [me, peer, me]);
        let refused = |config: &Config, command| unspeakable(config, command).is_some();
        assert!(!refused(&config, one));
        config.dialect = Dialect::LinuxHa;
        config.auto_failback = AutoFailback::On;
        let why = unspeakable(&config, one).unwrap();
        assert!(
            why.contains("all 2 groups") && why.contains("standby local"),
            "{why}"
        );
        assert!(refused(
            &config,
            Command::Move {
                group: first,
                to: peer
            }
        ));
        assert!(!refused(
            &config,
            Command::Takeover(Selection::Group(second))
        ));
        assert!(!refused(&config, all));
        config.auto_failback = AutoFailback::Legacy;
        assert!(refused(&config, all) && !refused(&config, one));
        assert!(refused(
            &config,
            Command::Move {
                group: second,
                to: peer
            }
        ));
        assert!(!refused(
            &config,
            Command::Move {
                group: second,
                to: me
            }
        ));
        assert!(!refused(&config, Command::Shutdown));
    }
}
