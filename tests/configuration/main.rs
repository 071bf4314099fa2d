//! What a configuration means, and what is said about a wrong one, from the outside of the core.

mod care;
mod change;
mod dialect;
mod meaning;
mod order;
mod reach;
mod refusal;

use twinbeat::config::{Config, Sources, read};

const HA_CF: &str = "node alpha Beta\nbcast eth0\nucast eth1 192.0.2.2\nauto_failback off\n\
                     keepalive 1\ndeadtime 10\ninitdead 30\n";
const HARESOURCES: &str =
    "alpha IPaddr::192.0.2.10/24/eth0 dnsmasq\nBETA MailTo::root 192.0.2.11\n";
const AUTHKEYS: &str = "auth 1\n1 sha256 0123456789abcdef\n";

/// Everything that is said, one line each, and the configuration.
fn outcome(sources: &Sources<'_>) -> (Option<Box<Config>>, Vec<String>) {
    let mut said = Vec::new();
    let config = read(sources, &mut |d| said.push(d.to_string()));
    (config.map(Box::new), said)
}

fn good(ha_cf: &str) -> Box<Config> {
    let (config, said) = outcome(&Sources::new("alpha", ha_cf, HARESOURCES, AUTHKEYS));
    config.unwrap_or_else(|| panic!("{said:?}"))
}

/// The errors of a `ha.cf` that has these lines more.
fn errors(more: &str) -> Vec<String> {
    let text = format!("{more}\nnode alpha beta\nbcast eth0\nauto_failback on\n");
    let (config, mut said) = outcome(&Sources::new("alpha", &text, HARESOURCES, AUTHKEYS));
    said.retain(|line| line.contains(": error: "));
    assert_eq!(config.is_none(), !said.is_empty(), "{more:?}: {said:?}");
    said
}

/// The only error of a `ha.cf` that has these lines more.
fn error(more: &str) -> String {
    let errors = errors(more);
    assert_eq!(errors.len(), 1, "{more:?}: {errors:?}");
    errors[0].clone()
}

/// The errors of a `haresources`.
fn resource_errors(text: &str) -> Vec<String> {
    let (config, mut said) = outcome(&Sources::new("alpha", HA_CF, text, AUTHKEYS));
    said.retain(|line| line.contains(": error: "));
    assert_eq!(config.is_none(), !said.is_empty(), "{text:?}: {said:?}");
    said
}

fn advice(ha_cf: &str, haresources: &str, authkeys: &str) -> String {
    let (_, mut said) = outcome(&Sources::new("alpha", ha_cf, haresources, authkeys));
    said.retain(|line| line.contains(": advice: "));
    said.join("\n")
}
