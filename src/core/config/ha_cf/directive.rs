//! Every directive of heartbeat 3.0.6 and of ours, and what becomes of it.

use crate::config::group;

/// What becomes of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is read.
    Works(Name),
    /// It is accepted; why it changes nothing.
    NoEffect(&'static str),
    /// It is accepted; why it changes nothing in the native dialect, and in heartbeat's.
    ByDialect([&'static str; 2]),
    /// Ignoring it would deceive the user; what to do meanwhile.
    NotYet(&'static str),
    /// `nice_failback`.
    Obsolete,
}

/// The directives that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    AutoFailback,
    Autojoin,
    Baud,
    Bcast,
    Cluster,
    Crm,
    Deadping,
    Deadtime,
    Debug,
    Debugfile,
    Group,
    Hbgenmethod,
    Heartbeatdir,
    Initdead,
    Keepalive,
    Lease,
    Logfacility,
    Logfile,
    Mcast,
    Mcast6,
    Monitor,
    Node,
    Ping,
    Ping6,
    PingGroup,
    Protocol,
    Respawn,
    Rtscts,
    Rundir,
    Serial,
    Statedir,
    Stonith,
    StonithHost,
    Track,
    Ucast,
    Ucast6,
    Udpport,
    Warntime,
    Watchdog,
    WatchdogTimeout,
}

impl Name {
    /// Whether it takes one value and may come once.
    pub(super) fn is_single(self) -> bool {
        !matches!(
            self,
            Self::Bcast
                | Self::Group
                | Self::Mcast
                | Self::Mcast6
                | Self::Node
                | Self::Ping
                | Self::Ping6
                | Self::PingGroup
                | Self::Respawn
                | Self::Serial
                | Self::Stonith
                | Self::StonithHost
                | Self::Track
                | Self::Ucast
                | Self::Ucast6
                | Self::Watchdog
        )
    }

    /// How it is written.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::AutoFailback => "auto_failback on",
            Self::Autojoin => "autojoin none",
            Self::Baud => "baud 19200",
            Self::Bcast => "bcast eth0",
            Self::Cluster => "cluster home",
            Self::Crm => "crm off",
            Self::Deadping => "deadping 10",
            Self::Deadtime => "deadtime 10",
            Self::Debug => "debug 0",
            Self::Debugfile => "debugfile /var/log/twinbeat-debug",
            Self::Group => group::EXAMPLE,
            Self::Hbgenmethod => "hbgenmethod file",
            Self::Heartbeatdir => "heartbeatdir /var/lib/heartbeat",
            Self::Initdead => "initdead 30",
            Self::Keepalive => "keepalive 1",
            Self::Lease => "lease 2",
            Self::Logfacility => "logfacility daemon",
            Self::Logfile => "logfile /var/log/twinbeat",
            Self::Mcast => "mcast eth0 239.0.0.42 694 1 0",
            Self::Mcast6 => "mcast6 eth0 ff02::694 694 1 0",
            Self::Monitor => "monitor 10",
            Self::Node => "node alpha beta",
            Self::Ping => "ping 192.0.2.1",
            Self::Ping6 => "ping6 2001:db8::1",
            Self::PingGroup => "ping_group routers 192.0.2.1 192.0.2.2",
            Self::Protocol => "protocol native",
            Self::Respawn => "respawn nobody /usr/local/sbin/observer",
            Self::Rtscts => "rtscts off",
            Self::Rundir => "rundir /run/twinbeat",
            Self::Serial => "serial /dev/ttyS1",
            Self::Statedir => "statedir /var/lib/twinbeat",
            Self::Stonith => "stonith /usr/local/sbin/power",
            Self::StonithHost => "stonith_host beta external/ipmi hostname=beta ipaddr=192.0.2.9",
            Self::Track => "track eth0",
            Self::Ucast => "ucast eth0 192.0.2.2",
            Self::Ucast6 => "ucast6 eth0 fe80::2",
            Self::Udpport => "udpport 694",
            Self::Warntime => "warntime 5",
            Self::Watchdog => "watchdog /dev/watchdog required",
            Self::WatchdogTimeout => "watchdog_timeout 2",
        }
    }

    /// Its word.
    pub(super) fn word(self) -> &'static str {
        let example = self.example();
        let end = example.bytes().position(|byte| byte == b' ');
        end.and_then(|end| example.get(..end)).unwrap_or(example)
    }
}

/// What becomes of a directive and its own spelling; `None` if there is no such directive.
pub(super) fn find(word: &[u8]) -> Option<(&'static str, Fate)> {
    TABLE
        .iter()
        .find(|(name, _)| name.as_bytes() == word)
        .map(|(name, fate)| (*name, *fate))
}

/// The directive that a misspelt word most likely means.
pub(super) fn meant(word: &[u8]) -> Option<&'static str> {
    let allowed = match word.len() {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    };
    TABLE
        .iter()
        .map(|(name, _)| (*name, distance(word, name.as_bytes())))
        .min_by_key(|(_, far)| *far)
        .filter(|(_, far)| *far <= allowed)
        .map(|(name, _)| name)
}

/// How many letters must be changed, added or taken away; the case of a letter does not count.
fn distance(word: &[u8], name: &[u8]) -> usize {
    const LONGEST: usize = 24;
    if word.len().abs_diff(name.len()) > 2 || name.len() > LONGEST {
        return usize::MAX;
    }
    let mut row: [usize; LONGEST + 1] = core::array::from_fn(|i| i);
    for (done, have) in word.iter().enumerate() {
        let mut diagonal = done;
        let mut left = done.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (above, want) in row.iter_mut().skip(1).zip(name) {
            let differs = usize::from(!have.eq_ignore_ascii_case(want));
            let best = diagonal
                .saturating_add(differs)
                .min(above.saturating_add(1))
                .min(left.saturating_add(1));
            diagonal = core::mem::replace(above, best);
            left = best;
        }
    }
    row.get(name.len()).copied().unwrap_or(usize::MAX)
}

/// Of a random incarnation.
pub(super) const RANDOM: &str = "each start draws a random incarnation instead";
const CRM: &str = "it is for clusters with a resource manager (crm)";
const DAEMON: &str =
    "there is no logging daemon; lines go to standard error, logfile and logfacility";
const PLAIN: &str = "what is said is short and never compressed";
const HOPS: [&str; 2] = [
    "no beat goes round twice",
    "nobody counts hops, and the ttl that is sent is that of hopfudge 1",
];
const REXMIT: [&str; 2] = [
    "every beat carries the whole state",
    "what is missing is asked for as with max_rexmit_delay 250",
];
const FORMAT: [&str; 2] = [
    "it is for protocol linux-ha",
    "what is sent is classic, and both formats are understood",
];
const UUID: [&str; 2] = [
    RANDOM,
    "hb_uuid is read where it is there, and no uuid is sent where it is not",
];
const REALTIME: &str = "priority and locked memory are set as far as the system permits";
const CORES: &str = "core dumps are left to the system (ulimit -c, core_pattern)";
const CLIENTS: &str = "there is no client interface besides the control socket";

// What to do about those that are not yet supported.
const ADAPTER: &str = "no Fibre Channel adapter would be watched; remove the line";
const CHILD: &str = "the program would not be started; let init start it, and remove the line";

/// Heartbeat's directives in alphabetical order, ours among them.
const TABLE: &[(&str, Fate)] = &[
    ("apiauth", Fate::NoEffect(CLIENTS)),
    ("auto_failback", Fate::Works(Name::AutoFailback)),
    ("autojoin", Fate::Works(Name::Autojoin)),
    ("baud", Fate::Works(Name::Baud)),
    ("bcast", Fate::Works(Name::Bcast)),
    ("cluster", Fate::Works(Name::Cluster)),
    ("compression", Fate::NoEffect(PLAIN)),
    ("compression_threshold", Fate::NoEffect(PLAIN)),
    ("conn_logd_time", Fate::NoEffect(DAEMON)),
    ("coredumps", Fate::NoEffect(CORES)),
    ("coreroot", Fate::NoEffect(CORES)),
    ("crm", Fate::Works(Name::Crm)),
    ("crm_daemon_dir", Fate::NoEffect(CRM)),
    ("crmd_spawns_pengine", Fate::NoEffect(CRM)),
    ("deadping", Fate::Works(Name::Deadping)),
    ("deadtime", Fate::Works(Name::Deadtime)),
    ("debug", Fate::Works(Name::Debug)),
    ("debugfile", Fate::Works(Name::Debugfile)),
    ("enable_config_writes", Fate::NoEffect(CRM)),
    ("env", Fate::NoEffect("scripts get a fixed environment")),
    ("failfast", Fate::NotYet(CHILD)),
    ("group", Fate::Works(Name::Group)),
    ("hbaping", Fate::NotYet(ADAPTER)),
    ("hbgenmethod", Fate::Works(Name::Hbgenmethod)),
    ("heartbeatdir", Fate::Works(Name::Heartbeatdir)),
    ("hopfudge", Fate::ByDialect(HOPS)),
    ("initdead", Fate::Works(Name::Initdead)),
    ("keepalive", Fate::Works(Name::Keepalive)),
    ("lease", Fate::Works(Name::Lease)),
    (
        "log_badpack",
        Fate::NoEffect("refused frames are counted and said once a minute"),
    ),
    ("logfacility", Fate::Works(Name::Logfacility)),
    ("logfile", Fate::Works(Name::Logfile)),
    ("max_rexmit_delay", Fate::ByDialect(REXMIT)),
    ("mcast", Fate::Works(Name::Mcast)),
    ("mcast6", Fate::Works(Name::Mcast6)),
    ("memreserve", Fate::NoEffect(REALTIME)),
    ("monitor", Fate::Works(Name::Monitor)),
    ("msgfmt", Fate::ByDialect(FORMAT)),
    ("nice_failback", Fate::Obsolete),
    ("node", Fate::Works(Name::Node)),
    (
        "normalpoll",
        Fate::NoEffect("it sleeps until something happens"),
    ),
    ("pacemaker", Fate::Works(Name::Crm)),
    ("ping", Fate::Works(Name::Ping)),
    ("ping6", Fate::Works(Name::Ping6)),
    ("ping_group", Fate::Works(Name::PingGroup)),
    ("protocol", Fate::Works(Name::Protocol)),
    ("quorum_server", Fate::NoEffect(CRM)),
    ("realtime", Fate::NoEffect(REALTIME)),
    ("record_config_changes", Fate::NoEffect(CRM)),
    ("record_pengine_inputs", Fate::NoEffect(CRM)),
    ("respawn", Fate::Works(Name::Respawn)),
    ("rtprio", Fate::NoEffect(REALTIME)),
    ("rtscts", Fate::Works(Name::Rtscts)),
    ("rundir", Fate::Works(Name::Rundir)),
    ("serial", Fate::Works(Name::Serial)),
    ("statedir", Fate::Works(Name::Statedir)),
    ("stonith", Fate::Works(Name::Stonith)),
    ("stonith_host", Fate::Works(Name::StonithHost)),
    ("syslogmsgfmt", Fate::NoEffect("log lines have one format")),
    ("track", Fate::Works(Name::Track)),
    ("traditional_compression", Fate::NoEffect(PLAIN)),
    ("ucast", Fate::Works(Name::Ucast)),
    ("ucast6", Fate::Works(Name::Ucast6)),
    ("udpport", Fate::Works(Name::Udpport)),
    ("use_apphbd", Fate::NoEffect(CLIENTS)),
    ("use_logd", Fate::NoEffect(DAEMON)),
    ("uuidfrom", Fate::ByDialect(UUID)),
    ("warntime", Fate::Works(Name::Warntime)),
    ("watchdog", Fate::Works(Name::Watchdog)),
    ("watchdog_timeout", Fate::Works(Name::WatchdogTimeout)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_agree_with_their_examples() {
        assert!(TABLE.is_sorted_by(|a, b| a.0 < b.0));
        for (word, fate) in TABLE {
            if let Fate::Works(name) = fate {
                assert!(*word == "pacemaker" || *word == name.word(), "{word}");
            }
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        for (word, name) in [
            ("keepalve", Some("keepalive")),
            ("Keepalive", Some("keepalive")),
            ("dedtime", Some("deadtime")),
            ("nodes", Some("node")),
            ("bcst", Some("bcast")),
            ("autofailback", Some("auto_failback")),
            ("xyzzy", None),
            ("en", None),
            ("", None),
        ] {
            assert_eq!(meant(word.as_bytes()), name, "{word}");
        }
    }
}
