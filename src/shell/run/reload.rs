//! The files are read again while the program runs. What is wrong with them changes nothing; what
//! goes is stopped first; what stays is not touched.
//!
//! The reading is one turn, the taking up another: leases are refreshed in turns that are on time.

use std::fmt::Write as _;
use std::rc::Rc;

use twinbeat::action::Input;
use twinbeat::config::diagnostic::Severity;
use twinbeat::config::{Change, Config, Origin, Refusal};
use twinbeat::id::{GroupSet, PerLink};
use twinbeat::time::{Duration, Instant};

use super::{Program, Reading};
use crate::journal::{self, Level};
use crate::ping::Pings;
use crate::{clock, configuration, privilege};

/// How long a reload waits for what is being done, here and elsewhere ...
const LIMIT: Duration = Duration::from_secs(90);
/// ... and how long for what a peer does.
const PATIENCE: Duration = Duration::from_secs(10);
const STOPPING: &str = "this node is being stopped";
/// How a reply begins that is not the last.
pub(crate) const WAITING: &str = "waiting for ";

/// The reload that waits, or how the last one ended.
#[derive(Default)]
pub(super) struct Reload {
    waiting: Option<Waiting>,
    told: Option<Result<String, String>>,
}

struct Waiting {
    config: Rc<Config>,
    since: Instant,
    /// The turn in which it can begin has not come yet.
    fresh: bool,
}

impl Reload {
    /// When one that waits gives up, or no longer waits for peers.
    pub(super) fn deadline(&self) -> Instant {
        let end = |waiting: &Waiting| {
            let patient = waiting.since.after(PATIENCE);
            if waiting.fresh {
                waiting.since
            } else if clock::now() < patient {
                patient
            } else {
                waiting.since.after(LIMIT)
            }
        };
        self.waiting.as_ref().map_or(Instant::NEVER, end)
    }
}

impl Program {
    /// Reads the files, and begins to take them up. An earlier reload that waits is given up for it.
    pub(super) fn reload(&mut self, now: Instant) {
        match self.read_again() {
            Ok((config, stopped)) => {
                let (since, fresh) = (now, true);
                self.reload.waiting = Some(Waiting {
                    config,
                    since,
                    fresh,
                });
                // Nothing of an earlier one is stopped any more, but for what this one asks for.
                self.node.retire(now, stopped);
            }
            Err(end) => _ = self.end_reload(now, end),
        }
    }

    /// What became of it so far.
    pub(super) fn reload_reply(&self) -> Result<String, String> {
        let Some(waiting) = &self.reload.waiting else {
            let none = || Ok("nothing was reloaded yet\n".to_owned());
            return self.reload.told.clone().unwrap_or_else(none);
        };
        let patient = clock::now() < waiting.since.after(PATIENCE);
        let busy = self.node.busy(patient);
        let key = busy.map_or("the next turn", |group| self.config.group_key(group));
        Ok(format!("{WAITING}{key}\n"))
    }

    /// Takes up what waits, if nothing is in its way any more. In every turn.
    /// Whether that has ended.
    pub(super) fn go_on_reloading(&mut self, now: Instant) -> bool {
        let Some(waiting) = self.reload.waiting.as_mut().filter(|one| one.since < now) else {
            return false;
        };
        waiting.fresh = false;
        let (config, waited) = (Rc::clone(&waiting.config), now.since(waiting.since));
        let old = Rc::clone(&self.config);
        // Things may be otherwise than when it began.
        let change = Change::between(&old, &config);
        let judged = change.and_then(|change| self.node.judge(&change).map(|()| change));
        let change = match judged {
            Ok(change) if !self.stopping => change,
            Ok(_) => return self.end_reload(now, Err(STOPPING.to_owned())),
            Err(why) => return self.end_reload(now, Err(refusal(&old, why))),
        };
        let busy = self.node.busy(waited < PATIENCE);
        if busy.is_none() && !self.resources.is_busy() {
            self.take_up(now, &config, &change);
            self.reload.waiting = None;
            self.end_reload(now, Ok(summary(&change)))
        } else if waited >= LIMIT {
            let key = busy.map_or("a script", |group| old.group_key(group));
            self.end_reload(now, Err(format!("busy with {key}: try again")))
        } else {
            false
        }
    }

    fn read_again(&mut self) -> Result<(Rc<Config>, GroupSet), Result<String, String>> {
        journal::info(format_args!("reading the configuration again"));
        let mut faults = String::new();
        let read = configuration::read_again(&self.directory, &mut |diagnostic| {
            let level = match diagnostic.severity() {
                Severity::Error => Level::Error,
                Severity::Warning => Level::Warn,
                Severity::Advice => return,
            };
            let line = diagnostic.to_string();
            journal::say(level, format_args!("{line}"));
            faults.push_str(&line);
            faults.push('\n');
        });
        // Whoever turns logs over has them opened again.
        journal::begin(&self.config);
        let Some(config) = read else {
            return Err(Err(faults + "nothing was changed"));
        };
        let config: Rc<Config> = Rc::from(config);
        let of = |config: &Config| (config.fingerprint, config.me);
        if of(&self.config) == of(&config) {
            return Err(Ok("configuration unchanged\n".to_owned()));
        }
        let missing = privilege::missing(&config);
        if !missing.is_empty() {
            return Err(Err(format!("not permitted: {missing} missing")));
        }
        if self.watchdog.is_bound(&config) {
            return Err(Err(restart("watchdog")));
        }
        if self.stopping {
            return Err(Err(STOPPING.to_owned()));
        }
        let change = Change::between(&self.config, &config);
        let stopped = change.and_then(|change| {
            self.node.judge(&change)?;
            Ok(change.stopped())
        });
        match stopped {
            Ok(stopped) => Ok((config, stopped)),
            Err(why) => Err(Err(refusal(&self.config, why))),
        }
    }

    /// Everything there is learns of it, in an order in which nothing is told in numbers of before.
    fn take_up(&mut self, now: Instant, config: &Rc<Config>, change: &Change<'_>) {
        self.carry_out(now);
        let same = change.old.reach == config.reach;
        if !same || !change.keeps_groups() || !change.keeps_links() {
            self.history.renumber(&self.config);
        }
        self.config = Rc::clone(config);
        self.resources.reconfigure(config, change, &self.interfaces);
        self.moves.reconfigure(now, change);
        self.links.reconfigure(change);
        self.reading = PerLink::of(Reading::default());
        self.watchdog.reconfigure(now, config);
        if !same {
            self.pings = Pings::open(config);
        }
        journal::begin(config);
        self.node.reconfigure(now, change);
        self.links.update(now, &self.interfaces);
        self.tell_links(now);
        self.tell_tracked(now);
        self.tell(now, Input::Watchdog(self.watchdog.armed()));
    }

    /// Always true.
    fn end_reload(&mut self, now: Instant, end: Result<String, String>) -> bool {
        if self.reload.waiting.take().is_some() {
            self.node.retire(now, GroupSet::EMPTY);
        }
        match &end {
            Ok(done) => {
                let mut said = String::new();
                for line in done.lines() {
                    said.push_str(if said.is_empty() { "" } else { "; " });
                    said.push_str(line);
                }
                journal::info(format_args!("{said}"));
            }
            Err(why) => journal::error(format_args!(
                "not reloaded: {}",
                why.lines().fold("", |_, last| last)
            )),
        }
        self.reload.told = Some(end);
        true
    }
}

/// What has become of each group.
fn summary(change: &Change<'_>) -> String {
    let mut text = "configuration reloaded\n".to_owned();
    let mut say = |key: &str, what: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "group {key}{what}");
    };
    for id in change.new.group_ids() {
        match change.origin(id) {
            Origin::New => say(change.new.group_key(id), ": new"),
            Origin::Changed(_) => say(change.new.group_key(id), ": other resources"),
            Origin::Kept(_) => {}
        }
    }
    for id in change.old.group_ids() {
        let key = change.old.group_key(id);
        if !change
            .new
            .group_ids()
            .any(|to| change.new.group_key(to) == key)
        {
            say(key, ": no more");
        }
    }
    text
}

fn restart(what: &str) -> String {
    format!("{what} cannot change while the agent runs: restart the agent for that")
}

fn refusal(old: &Config, why: Refusal) -> String {
    match why {
        Refusal::Nodes => restart("the list of nodes, or which of them this is,"),
        Refusal::Cluster => restart("cluster"),
        Refusal::Dialect => restart("protocol"),
        Refusal::Rundir => restart("rundir"),
        Refusal::Statedir => restart("statedir"),
        Refusal::Respawn => restart("respawn"),
        Refusal::Key(number) => format!(
            "key {number} of authkeys has another secret or method, so that nodes would not understand each \
             other: give the new key a number of its own, or restart the agent for that, on every node"
        ),
        Refusal::KeyInUse(node, number) => format!(
            "node {} still signs with key {number}, which is no longer in authkeys: first move auth there",
            old.node_name(node)
        ),
        Refusal::Unlinked(node) => format!(
            "node {} is heard by no link that stays: first add the new links, on every node, then remove the old",
            old.node_name(node)
        ),
        Refusal::Alike => {
            "by chance peers could not tell these groups from the present ones (1 in 256): \
             change the order of their lines, too, or restart the agent for that, on every node"
                .to_owned()
        }
        Refusal::Stuck(group) => {
            format!("group {} could not be stopped", old.group_key(group))
        }
    }
}
