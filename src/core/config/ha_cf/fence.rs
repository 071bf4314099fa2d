//! What `ha.cf` says of fences: `stonith`, `stonith_host`.

use super::directive::Name;
use super::value::check_path;
use super::{Problem, Settings, is_node_name};
use crate::config::diagnostic::{Position, Quoted, Report};
use crate::config::fence::MAX_FENCES;
use crate::config::lexer::{Word, Words};
use crate::config::{Config, Fence, Machine, Text};

/// Where heartbeat's plugins are, `external/NAME` among them.
const PLUGINS: &[u8] = b"/usr/lib/stonith/plugins/";

impl Settings {
    /// One line; an error is a word, and what is wrong with it.
    #[inline(never)]
    pub(super) fn read_fence<'a>(
        &mut self,
        name: Name,
        first: Word<'a>,
        mut words: Words<'a>,
        config: &mut Config,
        report: &mut Report<'_>,
    ) -> Result<(), (Word<'a>, &'static str)> {
        let any = Word {
            bytes: b"*",
            at: first.at,
        };
        let host = if name == Name::Stonith {
            any
        } else {
            words.next().unwrap_or(first)
        };
        let script = words.next().unwrap_or(first);
        if host.bytes != b"*" && !is_node_name(host.bytes) {
            return Err((host, "is no node: write its name, or * for any"));
        }
        let plugin = script.bytes.strip_prefix(b"external/");
        let plugin = name == Name::StonithHost && plugin.is_some_and(is_node_name);
        if !plugin && check_path(name, script.bytes).is_err() {
            return Err((
                script,
                "is no fence here: write stonith_host NODE external/PLUGIN PARAMETER=value, or stonith /PATH/OF/SCRIPT",
            ));
        }
        let at = script.at;
        let mut fence = Fence {
            host: Text::default(),
            path: Text::default(),
            parameters: Text::default(),
        };
        append(&mut fence.host, host, config, report);
        if plugin {
            let folder = Word { bytes: PLUGINS, at };
            append(&mut fence.path, folder, config, report);
        }
        append(&mut fence.path, script, config, report);
        for word in words {
            let mut parts = word.bytes.split(|byte| *byte == b'=');
            let variable = parts.next().unwrap_or_default();
            let sound = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let named = parts.next().is_some() && variable.iter().all(sound);
            let first = fence.parameters.len == 0;
            if (first && !named) || !word.bytes.iter().all(u8::is_ascii_graphic) {
                return Err((
                    word,
                    "must be PARAMETER=value, as the script's documentation names it",
                ));
            }
            // Commas separate words: such a list becomes one of blanks.
            let bytes: &[u8] = if named { b"\n" } else { b" " };
            let gap = Word { bytes, at: word.at };
            append(&mut fence.parameters, gap, config, report);
            append(&mut fence.parameters, word, config, report);
        }
        if config.fences.push(fence).is_err() {
            return Err((script, "is one fence too many: at most 8; remove some"));
        }
        let _ = self.fences.push(at);
        Ok(())
    }

    /// Says what is not there: a protection that is only believed in is worse than none.
    pub(in crate::config) fn compare_fences(
        &self,
        config: &Config,
        machine: Option<&dyn Machine>,
        report: &mut Report<'_>,
    ) {
        for (fence, at) in config.fences.iter().zip(&self.fences) {
            let (host, path) = (config.text(fence.host), config.text(fence.path));
            let known = host == "*" || config.node_named(host.as_bytes()).is_some();
            let (word, what) = if !known {
                (
                    host,
                    "is no node of this cluster: write one of the node line, or *",
                )
            } else if machine.is_some_and(|machine| !machine.has_program(path)) {
                (
                    path,
                    "is no executable here: install it, or remove the line",
                )
            } else {
                continue;
            };
            report.say(*at, Problem::Wrong(Quoted(word.as_bytes()), what));
        }
    }
}

/// Keeps a piece behind what was kept last.
#[inline(never)]
fn append(to: &mut Text, piece: Word<'_>, config: &mut Config, report: &mut Report<'_>) {
    if let Some(kept) = config.keep(piece.bytes, piece.at, report) {
        if to.len == 0 {
            to.start = kept.start;
        }
        to.len = to.len.saturating_add(kept.len);
    }
}

/// Where each stood.
pub(super) type Places = heapless::Vec<Position, MAX_FENCES>;

const _: () = assert!(MAX_FENCES == 8, "as in words");

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};
    use std::{format, vec::Vec};

    use crate::config::{Sources, read};

    /// The fences that some lines mean, or the first error.
    fn meaning(lines: &str) -> String {
        let ha_cf = format!("node alpha beta\nbcast eth0\nauto_failback on\n{lines}\n");
        let sources = Sources::new("alpha", &ha_cf, "", "auth 1\n1 sha1 0123456789abcdef\n");
        let mut said = Vec::new();
        let config = read(&sources, &mut |d| said.push(d.to_string()));
        let Some(config) = config else {
            return said
                .into_iter()
                .find(|one| one.contains(": error: "))
                .unwrap();
        };
        let shown = config.node_ids().map(|node| match config.fence_of(node) {
            Some(fence) => format!(
                "{}: {} {:?}; ",
                config.node_name(node),
                config.text(fence.path),
                config.text(fence.parameters)
            ),
            None => String::new(),
        });
        shown.collect()
    }

    #[test]
    fn a_node_is_switched_off_by_the_first_fence_that_is_for_it() {
        assert_eq!(
            meaning(
                "stonith_host Beta external/ipmi hostname=beta hosts=a,b x=y\nstonith /sbin/off"
            ),
            "alpha: /sbin/off \"\"; \
             beta: /usr/lib/stonith/plugins/external/ipmi \"\\nhostname=beta\\nhosts=a b\\nx=y\"; "
        );
        assert_eq!(
            meaning("stonith_host beta /bin/cut A_1=2"),
            "beta: /bin/cut \"\\nA_1=2\"; "
        );
    }

    #[test]
    fn what_is_no_fence_is_refused_by_word() {
        for (line, said) in [
            ("stonith", "ha.cf:4:1: error: \"stonith\" is no fence here"),
            (
                "stonith external/ipmi /etc/x",
                "ha.cf:4:9: error: \"external/ipmi\" is no fence",
            ),
            (
                "stonith_host * external/../x",
                "error: \"external/../x\" is no fence",
            ),
            (
                "stonith_host b@d /x",
                "ha.cf:4:14: error: \"b@d\" is no node",
            ),
            (
                "stonith_host * baytech 10.0.0.9",
                "error: \"baytech\" is no fence here",
            ),
            (
                "stonith_host * external/ssh alpha",
                "error: \"alpha\" must be PARAMETER=value",
            ),
            (
                "stonith_host * external/ssh a-b=c",
                "error: \"a-b=c\" must be PARAMETER=value",
            ),
            (
                "stonith_host gamma /x",
                "error: \"gamma\" is no node of this cluster",
            ),
        ] {
            let meant = meaning(line);
            assert!(meant.contains(said), "{line}: {meant}");
        }
        let many = "stonith /x\n".repeat(9);
        assert!(meaning(&many).contains("one fence too many: at most 8"));
    }
}
