//! What is called: scripts, OCF agents, systemd units, and the one that only waits.

use super::{Problem, cut};
use crate::config::diagnostic::Quoted;

/// Whether a word, cut at its first `::`, can be called.
pub(super) fn check<'a>(
    word: &'a [u8],
    name: &'a [u8],
    arguments: Option<&'a [u8]>,
) -> Result<(), Problem<'a>> {
    let given = arguments.unwrap_or_default();
    let (first, second) = cut(given, b"::");
    let (sound, form) = match name {
        b"Delay" => (
            arguments.is_none() || is_number(first) && second.is_none_or(is_number),
            "Delay::SECONDS or Delay::SECONDS::SECONDS (start, stop)",
        ),
        b"systemd" => (is_name(given), "systemd::UNIT, such as systemd::nginx"),
        b"OCF" => (
            is_name(first) && second.is_some_and(is_name),
            "OCF::AGENT::INSTANCE, with conf/OCF/AGENT/INSTANCE beside ha.cf",
        ),
        _ => match name.strip_prefix(b"ocf:") {
            Some(rest) => {
                let (provider, agent) = cut(rest, b":");
                let (parameter, value) = cut(given, b"=");
                (
                    is_name(provider)
                        && agent.is_some_and(is_name)
                        && (arguments.is_none() || value.is_some() && is_variable(parameter)),
                    "ocf:PROVIDER:AGENT::name=value::name=value",
                )
            }
            None if is_name(name) => (true, ""),
            None => return Err(Problem::BadScript(Quoted(name))),
        },
    };
    if !sound {
        return Err(Problem::Form(Quoted(word), form));
    }
    let empty =
        given.starts_with(b"::") || given.ends_with(b"::") || cut(given, b"::::").1.is_some();
    if arguments.is_some() && (given.is_empty() || empty) {
        return Err(Problem::EmptyArgument(Quoted(word)));
    }
    Ok(())
}

/// The name of a file in a known folder, or of a unit; no option.
#[inline(never)]
fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && !name.starts_with(b".")
        && !name.starts_with(b"-")
        && !name.iter().any(|byte| matches!(byte, b'/' | b':'))
}

#[inline(never)]
fn is_number(part: &[u8]) -> bool {
    (1..=5).contains(&part.len()) && part.iter().all(u8::is_ascii_digit)
}

/// What follows without one belongs to the value before.
fn is_variable(name: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    !name.is_empty() && name.iter().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(word: &str) -> bool {
        let (name, arguments) = cut(word.as_bytes(), b"::");
        check(word.as_bytes(), name, arguments).is_ok()
    }

    #[test]
    fn each_kind_has_its_form_and_no_other() {
        for word in [
            "nginx",
            "Filesystem::/dev/sda1::/mnt",
            "Delay",
            "Delay::5",
            "Delay::5::10",
            "systemd::nginx",
            "systemd::getty@tty1.service",
            "OCF::IPaddr2::lan",
            "ocf:heartbeat:Dummy",
            "ocf:heartbeat:IPaddr2::ip=2001:db8::1::cidr_netmask=64",
        ] {
            assert!(sound(word), "{word}");
        }
        for word in [
            "",
            ".hidden",
            "a/b",
            "a:b",
            "nginx::",
            "nginx::::x",
            "Delay::soon",
            "Delay::1::2::3",
            "Delay::",
            "systemd",
            "systemd::-H",
            "systemd::../x",
            "systemd::a::b",
            "OCF::IPaddr2",
            "OCF::a/b::c",
            "OCF::a::../c",
            "ocf:heartbeat",
            "ocf:heartbeat:a:b",
            "ocf:../x:Dummy",
            "ocf:heartbeat:../../x",
            "ocf:heartbeat:Dummy::value",
            "ocf:heartbeat:Dummy::=value",
            "ocf:heartbeat:Dummy::a-b=value",
        ] {
            assert!(!sound(word), "{word}");
        }
    }
}
