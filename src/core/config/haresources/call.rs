//! What is called: scripts, OCF agents, systemd units, and the one that only waits.

use super::Problem;
use crate::config::diagnostic::Quoted;

/// Whether a word, cut at its first `::`, can be called.
pub(super) fn check<'a>(
    word: &'a [u8],
    name: &'a [u8],
    arguments: Option<&'a [u8]>,
) -> Result<(), Problem<'a>> {
    let form = match name {
        b"Delay" if arguments.is_none_or(is_delay) => None,
        b"Delay" => Some("Delay::SECONDS or Delay::SECONDS::SECONDS (start, stop)"),
        b"systemd" if arguments.is_some_and(is_unit) => None,
        b"systemd" => Some("systemd::UNIT, such as systemd::nginx"),
        b"OCF" if arguments.is_some_and(is_instance) => None,
        b"OCF" => Some("OCF::AGENT::INSTANCE, with conf/OCF/AGENT/INSTANCE beside ha.cf"),
        _ => match name.strip_prefix(b"ocf:") {
            Some(agent) if is_agent(agent) && arguments.is_none_or(is_parameters) => None,
            Some(_) => Some("ocf:PROVIDER:AGENT::name=value::name=value"),
            None if is_name(name) && !name.contains(&b':') => None,
            None => return Err(Problem::BadScript(Quoted(name))),
        },
    };
    if let Some(form) = form {
        return Err(Problem::Form(Quoted(word), form));
    }
    if let Some(arguments) = arguments
        && (arguments.is_empty()
            || arguments.starts_with(b"::")
            || arguments.ends_with(b"::")
            || arguments.windows(4).any(|four| four == b"::::"))
    {
        return Err(Problem::EmptyArgument(Quoted(word)));
    }
    Ok(())
}

/// The name of a file in a known folder.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && !name.starts_with(b".") && !name.contains(&b'/')
}

/// One number of seconds for the start, or one more for the stop.
fn is_delay(arguments: &[u8]) -> bool {
    let second = |part: &[u8]| (1..=5).contains(&part.len()) && part.iter().all(u8::is_ascii_digit);
    let (start, stop) = super::script_name(arguments);
    second(start) && stop.is_none_or(second)
}

/// No option of systemctl.
fn is_unit(unit: &[u8]) -> bool {
    is_name(unit) && !unit.starts_with(b"-") && !unit.windows(2).any(|two| two == b"::")
}

/// `AGENT::INSTANCE`.
fn is_instance(arguments: &[u8]) -> bool {
    let (agent, instance) = super::script_name(arguments);
    is_name(agent) && instance.is_some_and(is_unit)
}

/// `PROVIDER:AGENT`.
fn is_agent(name: &[u8]) -> bool {
    let mut parts = name.split(|byte| *byte == b':');
    parts.next().is_some_and(is_name) && parts.next().is_some_and(is_name) && parts.next().is_none()
}

/// Begins with a parameter's name; what follows without one belongs to the value before.
fn is_parameters(arguments: &[u8]) -> bool {
    arguments
        .iter()
        .position(|byte| *byte == b'=')
        .is_some_and(|end| {
            let name = arguments.get(..end).unwrap_or_default();
            !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(word: &str) -> bool {
        let (name, arguments) = super::super::script_name(word.as_bytes());
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
