//! What `ha.cf` says of programs that run beside the agent: `respawn`.

use super::directive::Name;
use super::value::check_path;
use super::{Problem, Settings, is_node_name};
use crate::config::companion::MAX_COMPANIONS;
use crate::config::diagnostic::{Position, Quoted, Report};
use crate::config::lexer::{Word, Words};
use crate::config::{Companion, Config, Machine};

impl Settings {
    /// One line about a program that others wrote; an error is a word, and what is wrong with it.
    pub(super) fn read_program<'a>(
        &mut self,
        name: Name,
        first: Word<'a>,
        words: Words<'a>,
        config: &mut Config,
        report: &mut Report<'_>,
    ) -> Result<(), (Word<'a>, &'static str)> {
        if name == Name::Respawn {
            self.read_companion(first, words, config, report)
        } else {
            self.read_fence(name, first, words, config, report)
        }
    }

    #[inline(never)]
    fn read_companion<'a>(
        &mut self,
        first: Word<'a>,
        mut words: Words<'a>,
        config: &mut Config,
        report: &mut Report<'_>,
    ) -> Result<(), (Word<'a>, &'static str)> {
        let user = words.next().unwrap_or(first);
        let command = words.clone().verbatim();
        let path = words.next().unwrap_or(first);
        if path.bytes.rsplit(|byte| *byte == b'/').next() == Some(b"ipfail") {
            let why = "ipfail is built in, see ping";
            report.say(first.at, Problem::NoEffect("respawn", why));
            return Ok(());
        }
        if !is_node_name(user.bytes) {
            return Err((user, "is no name of a user: write for example nobody"));
        }
        let strange = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
        if check_path(Name::Respawn, path.bytes).is_err()
            || command.iter().any(strange)
            || core::str::from_utf8(command).is_err()
        {
            return Err((
                path,
                "is no program: write respawn USER /PATH/OF/PROGRAM ARGUMENTS",
            ));
        }
        let user_text = config.keep(user.bytes, user.at, report);
        let command = config.keep(command, path.at, report);
        if let (Some(user_text), Some(command)) = (user_text, command) {
            let companion = Companion {
                user: user_text,
                command,
            };
            if config.companions.push(companion).is_err() {
                return Err((path, "is one program too many: at most 8; remove some"));
            }
            let _ = self.companions.push((user.at, path.at));
        }
        Ok(())
    }

    /// Says who and what is not there.
    pub(in crate::config) fn compare_companions(
        &self,
        config: &Config,
        machine: &dyn Machine,
        report: &mut Report<'_>,
    ) {
        for (companion, (user_at, path_at)) in config.companions.iter().zip(&self.companions) {
            let (user, path) = (
                config.text(companion.user),
                config.companion_path(companion),
            );
            for (there, at, word, what) in [
                (
                    machine.has_user(user),
                    user_at,
                    user,
                    "is no user of this machine: add it to /etc/passwd, or name another",
                ),
                (
                    machine.has_program(path),
                    path_at,
                    path,
                    "is no executable here: install it, or remove the line",
                ),
            ] {
                if !there {
                    report.say(*at, Problem::Wrong(Quoted(word.as_bytes()), what));
                }
            }
        }
    }
}

/// Where the user and the path of each stood.
pub(super) type Places = heapless::Vec<(Position, Position), MAX_COMPANIONS>;

const _: () = assert!(MAX_COMPANIONS == 8, "as in words");

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};
    use std::vec::Vec;
    use std::{format, vec};

    use crate::config::{Config, Machine, Sources, read};

    /// Has the users and programs of a list.
    #[derive(Debug)]
    struct Only(&'static str);

    impl Machine for Only {
        fn has_script(&self, _: &str) -> bool {
            true
        }

        fn has_interface(&self, _: &str) -> bool {
            true
        }

        fn judge_line(&self, _: &str, _: &mut dyn FnMut(&str)) {}

        fn has_program(&self, path: &str) -> bool {
            self.0.split(' ').any(|one| one == path)
        }

        fn has_user(&self, name: &str) -> bool {
            self.0.split(' ').any(|one| one == name)
        }

        fn is_same_device(&self, _: &str, _: &str) -> bool {
            false
        }
    }

    fn outcome(lines: &str) -> (Option<Config>, Vec<String>) {
        let ha_cf = format!("node alpha beta\nbcast eth0\nauto_failback on\n{lines}\n");
        let mut sources = Sources::new("alpha", &ha_cf, "", "auth 1\n1 sha1 0123456789abcdef\n");
        let machine = Only("root nobody /bin/a /bin/b");
        sources.machine = Some(&machine);
        let mut said = Vec::new();
        let config = read(&sources, &mut |d| said.push(d.to_string()));
        said.retain(|line| !line.contains(": advice: "));
        (config, said)
    }

    #[test]
    fn a_companion_is_its_user_and_the_rest_of_its_line_as_it_stands() {
        let (config, said) = outcome(
            "respawn root /bin/a\nrespawn\tnobody,/bin/b -x  'c,d'\t$E # a remark\nrespawn root /bin/a\r",
        );
        assert_eq!(said, Vec::<String>::new());
        let config = config.unwrap();
        let shown: Vec<_> = (config.companions.iter())
            .map(|one| (config.text(one.user), config.text(one.command)))
            .collect();
        assert_eq!(
            shown,
            vec![
                ("root", "/bin/a"),
                ("nobody", "/bin/b -x  'c,d'\t$E"),
                ("root", "/bin/a")
            ]
        );
    }

    #[test]
    fn ipfail_is_built_in_whoever_ran_it() {
        let (config, said) = outcome("respawn hacluster /usr/lib/heartbeat/ipfail");
        assert!(config.unwrap().companions.is_empty());
        assert_eq!(
            said,
            [
                "ha.cf:4:1: warning: respawn is accepted but has no effect: ipfail is built in, see ping; the line may stay"
            ]
        );
    }

    #[test]
    fn what_is_no_companion_is_refused_by_word() {
        for (line, expected) in [
            ("respawn", "ha.cf:4:1: error: \"respawn\" is no program: "),
            (
                "respawn root",
                "ha.cf:4:1: error: \"respawn\" is no program: ",
            ),
            (
                "respawn /bin/a",
                "ha.cf:4:9: error: \"/bin/a\" is no name of a user",
            ),
            (
                "respawn root a -x",
                "ha.cf:4:14: error: \"a\" is no program: ",
            ),
            (
                "respawn root /bin/a \x1b[2J",
                "ha.cf:4:14: error: \"/bin/a\" is no program: ",
            ),
            (
                "respawn hacluster /bin/a",
                "ha.cf:4:9: error: \"hacluster\" is no user of this machine: ",
            ),
            (
                "respawn root /bin/a;/bin/b",
                "ha.cf:4:14: error: \"/bin/a;/bin/b\" is no executable here: ",
            ),
            (
                "failfast root /bin/a",
                "ha.cf:4:1: error: failfast is not yet supported: ",
            ),
        ] {
            let (config, said) = outcome(line);
            assert!(config.is_none(), "{line}");
            assert!(said[0].starts_with(expected), "{line}: {said:?}");
        }
        let many = "respawn root /bin/a\n".repeat(9);
        let (config, said) = outcome(&many);
        assert!(
            config.is_none() && said[0].starts_with("ha.cf:12:14: error: "),
            "{said:?}"
        );
        assert!(
            said[0].contains("one program too many: at most 8"),
            "{said:?}"
        );
    }
}
