//! Stories: text files of commands, each followed by what happened. `UPDATE=1 cargo test --test
//! scenarios` writes them anew; read the difference before keeping it.
//!
//! A line that is not indented is a command, an indented one is what came of it, `#` explains.
//!
//! | command | meaning |
//! |---|---|
//! | `nodes a b`, `links 2`, `line` | the machines in the order of `ha.cf`, their media, only neighbours are joined |
//! | `serial a b`, `baud 9600` | a serial line between two; serial links come after the others |
//! | `keepalive 1s`, `deadtime 3s`, `warntime 2s`, `initdead 6s`, `failback on` | the directives of `ha.cf` |
//! | `required` | no groups without a watchdog |
//! | `group a 10.0.0.1 web` | a line of `haresources`: home, then addresses and scripts |
//! | `differs b deadtime 4s`, `differs b groups` | one node has another value, or thinks it is the first group's home |
//! | `at-most-one 10.0.0.1` | the policy of a group |
//! | `after web 10.0.0.1`, `with web 10.0.0.1` | a group comes after another, goes with another |
//! | `hosts 2`, `deadping 3s` | how many hosts are pinged, each a target |
//! | `lose a 0`, `find a 0` | a host no longer answers `a`; it does again |
//! | `fenced b a` | `b` is told that `a`, dead by then, was switched off |
//! | `start a b`, `run 2s` | start agents; let time pass |
//! | `cut a b`, `cut a b 1`, `deafen a b`, `heal`, `loss 20` | cut all links, or one; `a` no longer hears `b`; join all; per cent lost |
//! | `kill a`, `power-off a`, `stall a 5s`, `stop a` | the agent dies; the machine; the loop does not run; graceful |
//! | `standby a all`, `takeover a 10.0.0.1` | a person's commands: `all`, `local`, `foreign` or a group |
//! | `by-hand a web` | a person stops on `a` what a script did not |
//! | `force a all` | takeover, and the person vouches for who may still run it |
//! | `move a 10.0.0.1 b`, `unmove a all` | typed on `a` |
//! | `disable a`, `enable a`, `maintenance a on` | `a` serves nothing; nothing moves anywhere |
//! | `keep a all`, `keep a` | what `a` stands by for outlives its life; whether it serves |
//! | `unplug a 0`, `plug a 0` | an interface goes and comes back |
//! | `die a web`, `restarts 1` | a script's program ends, which a status finds 1 s later; how often it is restarted in place |
//! | `clear a all` | a person has seen to what failed: `all`, `local`, `foreign` or a group |
//! | `script a web start fails` | `start` or `stop`; `works`, `fails` or `hangs` |
//! | `fence`, `fence b fails` | each node can switch others off; how that does on one: `works`, `fails`, `hangs` |
//! | `watchdog a 2s`, `unwatch a` | the machine has a watchdog, which resets it when not kicked, or no longer; it boots within 5 s |
//! | `replay a` | everything that `a` ever said is sent to everyone again |
//! | `clone a` | another machine with a's name and key starts; it is called `a'` |
//! | `reload a groups 10.0.0.2 10.0.0.1`, `longer 10.0.0.1`, `keys 1 2`, `auth 2`, `deadtime 9s` | the files of `a` change, and it is told; what is not named is as it was |
//! | `holders` | who serves each group to its clients |

#[expect(dead_code, reason = "chance uses what the stories do not")]
mod cluster;

use std::fs;
use std::path::Path;

use cluster::Cluster;
use cluster::machine::Behaviour;
use cluster::plan::Plan;
use cluster::settings::{GroupSettings, Settings};
use twinbeat::action::{Carrier, Command, Selection};
use twinbeat::config::{AutoFailback, Dialect};
use twinbeat::id::{GroupId, NodeId};
use twinbeat::time::Duration;

#[test]
fn every_story_goes_as_it_was_told() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let only = std::env::var("STORY").unwrap_or_default();
    let mut files: Vec<_> = (fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .filter(|path| path.to_str().unwrap().contains(&only))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let mut wrong = Vec::new();
    for file in files {
        let told = fs::read_to_string(&file).unwrap();
        let happened = tell(&told, file.file_name().unwrap().to_str().unwrap());
        if told == happened {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&file, happened).unwrap();
            continue;
        }
        let same = |(a, b): &(&str, &str)| a == b;
        let line = told.lines().zip(happened.lines()).take_while(same).count();
        wrong.push(format!(
            "{}:{}: told    {:?}\n    happened {:?}",
            file.display(),
            line + 1,
            told.lines().nth(line).unwrap_or_default(),
            happened.lines().nth(line).unwrap_or_default()
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The story with what happens now.
fn tell(story: &str, name: &str) -> String {
    let mut teller = Teller {
        settings: Settings::new(0, 1_000_000, 3_000_000),
        cluster: None,
    };
    let mut text = String::new();
    for (number, line) in story.lines().enumerate() {
        if line.starts_with("    ") {
            continue;
        }
        text.push_str(line);
        text.push('\n');
        let words: Vec<&str> = line.split_whitespace().collect();
        if line.starts_with('#') || words.is_empty() {
            continue;
        }
        teller
            .command(&words)
            .unwrap_or_else(|| panic!("{name}:{}: not understood: {line}", number + 1));
        if let Some(story) = teller.cluster.as_mut().and_then(|one| one.story.as_mut()) {
            for line in story.drain(..) {
                text.push_str("    ");
                text.push_str(&line);
                text.push('\n');
            }
        }
    }
    text
}

struct Teller {
    settings: Settings,
    /// Exists from the first command that is not a setting.
    cluster: Option<Cluster>,
}

impl Teller {
    fn command(&mut self, words: &[&str]) -> Option<()> {
        if self.cluster.is_none() && self.setting(words).is_some() {
            return Some(());
        }
        if self.cluster.is_none() {
            let mut cluster = Cluster::new(self.settings.clone(), 1);
            cluster.recording = true;
            cluster.script_time = 1;
            cluster.story = Some(Vec::new());
            self.cluster = Some(cluster);
        }
        let cluster = self.cluster.as_mut()?;
        let node = |name: &str| cluster.machines.iter().position(|one| one.name == name);
        match words {
            ["line"] => {
                for one in 0..cluster.machines.len() {
                    for other in one + 2..cluster.machines.len() {
                        cluster.network.remove_edge(one, other);
                    }
                }
            }
            ["differs", name, "deadtime", time] => {
                let time = Duration::from_micros(micros(time)?);
                let one = node(name)?;
                cluster.machines[one].config.timing.deadtime = time;
            }
            ["differs", name, "groups"] => {
                let one = node(name)?;
                let machine = &mut cluster.machines[one];
                machine.config.groups[0].home = machine.me;
            }
            ["start", names @ ..] => {
                let nodes: Option<Vec<usize>> = names.iter().map(|name| node(name)).collect();
                nodes?.into_iter().for_each(|one| cluster.boot(one));
            }
            ["run", time] => cluster.run_for(micros(time)?),
            ["cut", a, b] => {
                let (a, b) = (node(a)?, node(b)?);
                cluster.network.set_cut_between(a, b, true);
            }
            ["cut", a, b, link] => {
                let (a, b, link) = (node(a)?, node(b)?, link.parse().ok()?);
                cluster.network.set_cut(a, b, link, true);
                cluster.network.set_cut(b, a, link, true);
            }
            ["deafen", a, b] => {
                let (a, b) = (node(a)?, node(b)?);
                (0..self.settings.links).for_each(|link| cluster.network.set_cut(b, a, link, true));
            }
            ["heal"] => cluster.network.join(),
            ["loss", percent] => {
                cluster.network.quality.loss = percent.parse::<u64>().ok()? * 10_000;
            }
            ["kill", name] => cluster.kill(node(name)?),
            ["power-off", name] => cluster.power_off(node(name)?),
            ["stall", name, time] => cluster.stall(node(name)?, micros(time)?),
            ["stop", name] => cluster.command(node(name)?, Command::Shutdown),
            ["standby", name, which] => {
                let (one, which) = (node(name)?, selection(&self.settings, which)?);
                cluster.command(one, Command::Standby(which));
            }
            ["takeover", name, which] => {
                let (one, which) = (node(name)?, selection(&self.settings, which)?);
                cluster.command(one, Command::Takeover(which));
            }
            ["force", name, which] => {
                let (one, which) = (node(name)?, selection(&self.settings, which)?);
                cluster.command(one, Command::Force(which));
            }
            ["by-hand", name, group] => {
                cluster.clear_by_hand(node(name)?, group_of(&self.settings, group)?);
            }
            ["move", name, group, to] => {
                let group = GroupId::new(group_of(&self.settings, group)?)?;
                let to = NodeId::new(node(to)?)?;
                cluster.command(node(name)?, Command::Move { group, to });
            }
            ["unmove", name, which] => {
                let (one, which) = (node(name)?, selection(&self.settings, which)?);
                cluster.command(one, Command::Unmove(which));
            }
            ["disable", name] => cluster.command(node(name)?, Command::Serve(false)),
            ["enable", name] => cluster.command(node(name)?, Command::Serve(true)),
            ["maintenance", name, on] => {
                cluster.command(node(name)?, Command::Maintenance(*on == "on"));
            }
            ["keep", name] => cluster.command(node(name)?, Command::Keep(None)),
            ["keep", name, which] => {
                let (one, which) = (node(name)?, selection(&self.settings, which)?);
                cluster.command(one, Command::Keep(Some(which)));
            }
            ["clear", name, which] => {
                let (one, which) = (node(name)?, selection(&self.settings, which)?);
                cluster.command(one, Command::Clear(which));
            }
            ["die", name, script] => {
                let group = group_of(&self.settings, script)?;
                cluster.die(node(name)?, group);
            }
            ["unplug", name, link] => {
                cluster.set_carrier(node(name)?, link.parse().ok()?, Carrier::Down);
            }
            ["plug", name, link] => {
                cluster.set_carrier(node(name)?, link.parse().ok()?, Carrier::Up);
            }
            ["lose", name, host] => cluster.set_host(node(name)?, host.parse().ok()?, false),
            ["find", name, host] => cluster.set_host(node(name)?, host.parse().ok()?, true),
            ["fenced", name, other] => {
                let off = NodeId::new(node(other)?)?;
                cluster.command(node(name)?, Command::Fenced(off));
            }
            ["script", name, script, when, how] => {
                let one = node(name)?;
                let how = behaviour(how)?;
                let group = group_of(&self.settings, script)?;
                let group = &mut cluster.machines[one].groups[group];
                match *when {
                    "start" => group.on_start = how,
                    "stop" => group.on_stop = how,
                    _ => return None,
                }
            }
            ["fence", name, how] => {
                let one = node(name)?;
                cluster.machines[one].fence = behaviour(how)?;
            }
            ["watchdog", name, time] => cluster.give_dog(node(name)?, micros(time)?),
            ["unwatch", name] => cluster.take_dog(node(name)?),
            ["replay", name] => cluster.replay_all(node(name)?, 10_000),
            ["reload", name, rest @ ..] => {
                let one = node(name)?;
                let plan = planned(&self.settings, &cluster.machines[one].files, rest)?;
                cluster.reload(one, plan);
            }
            ["clone", name] => {
                let of = node(name)?;
                let clone = cluster.add_clone(of, &format!("{name}'"));
                cluster.boot(clone);
            }
            ["holders"] => holders(cluster),
            _ => return None,
        }
        Some(())
    }

    fn setting(&mut self, words: &[&str]) -> Option<()> {
        let settings = &mut self.settings;
        match words {
            ["nodes", names @ ..] => {
                settings.names = names.iter().map(|name| (*name).to_owned()).collect();
            }
            ["links", count] => settings.links = count.parse().ok()?,
            ["serial", one, other] => {
                let place = |name: &str| settings.names.iter().position(|one| one == name);
                let (one, other) = (place(one)?, place(other)?);
                settings.join(one, other);
            }
            ["baud", rate] => settings.baud = rate.parse().ok()?,
            ["keepalive", time] => settings.keepalive = micros(time)?,
            ["deadtime", time] => {
                settings.deadtime = micros(time)?;
                settings.initdead = 2 * settings.deadtime;
                settings.warntime = settings.deadtime / 2;
                settings.deadping = settings.deadtime;
            }
            ["warntime", time] => settings.warntime = micros(time)?,
            ["initdead", time] => settings.initdead = micros(time)?,
            ["failback", "on"] => settings.failback = AutoFailback::On,
            ["failback", "off"] => settings.failback = AutoFailback::Off,
            ["failback", "legacy"] => settings.failback = AutoFailback::Legacy,
            ["protocol", "linux-ha"] => settings.dialect = Dialect::LinuxHa,
            ["required"] => settings.required = true,
            ["group", home, resources @ ..] => settings.groups.push(GroupSettings {
                home: settings.names.iter().position(|name| name == home)?,
                resources: resources.iter().map(|word| (*word).to_owned()).collect(),
                ..GroupSettings::default()
            }),
            ["at-most-one", resource] => {
                let group = group_of(settings, resource)?;
                settings.groups[group].at_most_one = true;
            }
            ["after", resource, other] => {
                let group = group_of(settings, resource)?;
                settings.groups[group].after = Some(group_of(settings, other)?);
            }
            ["with", resource, other] => {
                let group = group_of(settings, resource)?;
                settings.groups[group].with = Some(group_of(settings, other)?);
            }
            ["fence"] => settings.fence = true,
            ["hosts", count] => settings.hosts = count.parse().ok()?,
            ["restarts", count] => settings.restarts = count.parse().ok()?,
            ["deadping", time] => settings.deadping = micros(time)?,
            _ => return None,
        }
        Some(())
    }
}

/// Other files than before.
fn planned(settings: &Settings, before: &Plan, words: &[&str]) -> Option<Plan> {
    let mut plan = before.clone();
    let [kind, rest @ ..] = words else {
        return Some(plan);
    };
    let groups =
        || -> Option<Vec<usize>> { rest.iter().map(|word| group_of(settings, word)).collect() };
    match *kind {
        "groups" => plan.groups = groups()?,
        "longer" => plan.longer = groups()?,
        "keys" => {
            plan.keys = rest
                .iter()
                .map(|word| word.parse().ok())
                .collect::<Option<_>>()?
        }
        "auth" => plan.signing = rest.first()?.parse().ok()?,
        "deadtime" => plan.deadtime = Some(micros(rest.first()?)?),
        "keepalive" => plan.keepalive = Some(micros(rest.first()?)?),
        _ => return None,
    }
    Some(plan)
}

fn behaviour(word: &str) -> Option<Behaviour> {
    match word {
        "works" => Some(Behaviour::Works),
        "fails" => Some(Behaviour::Fails),
        "hangs" => Some(Behaviour::Hangs),
        _ => None,
    }
}

fn holders(cluster: &mut Cluster) {
    let mut lines = Vec::new();
    for group in GroupId::first(cluster.settings.groups.len()) {
        let serves =
            |one: &&cluster::machine::Machine| one.groups[group.index()].served(cluster.now);
        let names: Vec<&str> = (cluster.machines.iter().filter(serves))
            .map(|one| one.name.as_str())
            .collect();
        let names = if names.is_empty() {
            "nobody".to_owned()
        } else {
            names.join(" and ")
        };
        lines.push(format!("{} is served by {names}", cluster.key(group)));
    }
    cluster.story.get_or_insert_default().extend(lines);
}

fn micros(time: &str) -> Option<u64> {
    let (number, unit) = match time.strip_suffix("ms") {
        Some(number) => (number, 1000),
        None => (time.strip_suffix('s')?, 1_000_000),
    };
    Some(number.parse::<u64>().ok()? * unit)
}

fn selection(settings: &Settings, word: &str) -> Option<Selection> {
    Some(match word {
        "all" => Selection::All,
        "local" => Selection::Local,
        "foreign" => Selection::Foreign,
        group => Selection::Group(GroupId::new(group_of(settings, group)?)?),
    })
}

fn group_of(settings: &Settings, resource: &str) -> Option<usize> {
    let has = |group: &GroupSettings| group.resources.iter().any(|word| word == resource);
    settings.groups.iter().position(has)
}
