//! What is refused, where, and in which words.

use twinbeat::config::diagnostic::Severity;
use twinbeat::config::{Sources, read};
use twinbeat::id::MAX_GROUPS;

use crate::{AUTHKEYS, HA_CF, HARESOURCES, error, errors, outcome, resource_errors};

#[test]
fn a_directive_said_twice_is_refused_even_across_the_files() {
    let mut sources = Sources::new("alpha", HA_CF, HARESOURCES, AUTHKEYS);
    sources.twinbeat_cf = Some(Ok(b"keepalive 2\n"));
    let (config, said) = outcome(&sources);
    assert!(config.is_none());
    assert!(said[0].starts_with("twinbeat.cf:1:1: error: keepalive is given a second time"));
    assert!(said[0].contains("ha.cf:5:1"), "{}", said[0]);
}

#[test]
fn times_that_cannot_work_are_refused() {
    assert!(error("keepalive 0").starts_with("ha.cf:1:11: error: the time must be above zero"));
    let short = error("keepalive 1\ndeadtime 2");
    assert!(short.starts_with("ha.cf:2:1: error: deadtime 2s is not above twice keepalive 1s"));
    assert!(errors("keepalive 1\ndeadtime 2000001us").is_empty());
    assert!(error("warntime 0").contains("above zero"));
    assert!(error("deadtime 8\ninitdead 5").contains("initdead 5s is below deadtime 8s"));
    assert!(error("deadtime 100 ms").contains("without a blank (100ms)"));
    assert!(error("deadtime 10s").contains("\"10s\" is not a time"));
    assert!(error("deadtime 86400").contains("at most 14400s"));
}

#[test]
fn a_lease_above_the_longest_is_refused_with_the_longest() {
    let long = error("keepalive 1\ndeadtime 3\nlease 2");
    assert!(
        long.starts_with("ha.cf:3:1: error: lease 2s is above 1s"),
        "{long}"
    );
    assert!(errors("keepalive 1\ndeadtime 10\nlease 8").is_empty());
    assert!(error("keepalive 1\ndeadtime 10\nlease 9").contains("above 8s"));
    assert!(error("lease 1.5").contains("whole seconds"));
    assert!(error("lease 0").contains("whole seconds"));
}

#[test]
fn media_are_checked_word_by_word() {
    for (line, said) in [
        (
            "bcast abcdefghijklmnop",
            "ha.cf:1:7: error: \"abcdefghijklmnop\" is longer than 15 bytes",
        ),
        ("bcast", "ha.cf:1:1: error: a value is missing"),
        (
            "bcast eth0",
            "ha.cf:3:7: error: the same stands already at ha.cf:1:7",
        ),
        (
            "mcast eth1 10.0.0.1 694 1 0",
            "ha.cf:1:12: error: \"10.0.0.1\" is no multicast",
        ),
        (
            "mcast eth1 225.0.0.1 0 1 0",
            "ha.cf:1:22: error: \"0\" is no port",
        ),
        (
            "mcast eth1 225.0.0.1 694 256 0",
            "ha.cf:1:26: error: \"256\" is no TTL",
        ),
        (
            "mcast eth1 225.0.0.1 694 1 2",
            "ha.cf:1:28: error: \"2\" must be 0 or 1",
        ),
        (
            "mcast eth1 225.0.0.1 694 1 0 9",
            "ha.cf:1:30: error: \"9\" is one value too many",
        ),
        (
            "mcast6 eth1 ff01::1 694 1 0",
            "ha.cf:1:13: error: \"ff01::1\" never leaves",
        ),
        (
            "mcast6 eth1 225.0.0.1 694 1 0",
            "ha.cf:1:13: error: \"225.0.0.1\" is an IPv4",
        ),
        (
            "ucast eth1 peer",
            "ha.cf:1:12: error: \"peer\" is not an address",
        ),
        (
            "ucast eth1 224.0.0.1",
            "ha.cf:1:12: error: 224.0.0.1 is not the address of one",
        ),
        (
            "ucast eth1 fe80::1",
            "ha.cf:1:12: error: \"fe80::1\" is an IPv6 address",
        ),
        (
            "ucast6 eth1 10.0.0.1",
            "ha.cf:1:13: error: \"10.0.0.1\" is an IPv4 address",
        ),
        ("udpport 0", "ha.cf:1:9: error: \"0\" is no port"),
        ("udpport +5", "ha.cf:1:9: error: \"+5\" is no port"),
    ] {
        let error = error(line);
        assert!(error.starts_with(said), "{line}: {error}");
    }
}

#[test]
fn every_directive_of_heartbeat_is_known() {
    let harmless = "hopfudge 1\nmsgfmt classic\ncompression zlib\ncompression_threshold 2\n\
        traditional_compression no\nhbgenmethod file\nuuidfrom file\nautojoin none\ncrm off\n\
        apiauth ping uid=0\nrealtime on\nrtprio 1\nmemreserve 6500\ncoredumps true\ncoreroot /x\n\
        log_badpack on\nuse_logd off\nconn_logd_time 60\nsyslogmsgfmt on\nmax_rexmit_delay 250\n\
        use_apphbd no\nnormalpoll 1\nenv A=B\nquorum_server x\nrecord_config_changes on\n\
        record_pengine_inputs on\nenable_config_writes on\ncrm_daemon_dir /x\ncrmd_spawns_pengine on\n";
    assert_eq!(errors(harmless), Vec::<String>::new());
    let text = format!("{harmless}{HA_CF}");
    let mut warnings = 0;
    read(
        &Sources::new("alpha", &text, HARESOURCES, AUTHKEYS),
        &mut |d| {
            warnings += usize::from(d.severity() == Severity::Warning);
        },
    );
    assert_eq!(warnings, harmless.lines().count());
    for line in [
        "hbaping fc0",
        "failfast root /bin/true",
        "crm on",
        "crm respawn",
        "autojoin any",
        "autojoin other",
    ] {
        let error = error(line);
        assert!(
            error.contains("not yet supported") || error.contains("remove the line"),
            "{error}"
        );
    }
    assert!(error("nice_failback on").contains("auto_failback"));
    assert!(error("keepalve 2").contains("did you mean keepalive?"));
}

#[test]
fn a_name_that_is_not_in_ha_cf_is_an_error_that_names_both() {
    let (config, said) = outcome(&Sources::new("Gamma", HA_CF, HARESOURCES, AUTHKEYS));
    assert!(config.is_none());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("ha.cf:1:6: error: this machine is called \"Gamma\" (uname -n)"));
    assert!(said[0].contains("\"alpha\", \"beta\""));
}

#[test]
fn nodes_are_unique_and_at_most_eight() {
    let same = error("node ALPHA");
    assert!(
        same.starts_with("ha.cf:2:6: error: node \"alpha\" stands twice"),
        "{same}"
    );
    assert!(error("node a b c d e f g h i").contains("at most 8"));
    assert!(error("bcast a b c d e f g h").contains("more than 8 media"));
    assert!(error("node a:b").contains("is no node name"));
}

#[test]
fn groups_are_checked_word_by_word() {
    for (text, said) in [
        (
            "alpha local",
            "haresources:1:7: error: \"local\" cannot name a group",
        ),
        ("alpha", "haresources:1:1: error: nothing behind \"alpha\""),
        (
            "gamma x",
            "haresources:1:1: error: a line begins with the node",
        ),
        (
            "alpha x\nbeta x",
            "haresources:2:6: error: a second group that begins with \"x\"",
        ),
        (
            "alpha 10.0.0.1\nbeta x IPaddr2::10.0.0.1/8",
            "haresources:2:8: error: the address 10.0.0.1",
        ),
        (
            "alpha x \\\n 10.0.0.300",
            "haresources:2:2: error: \"10.0.0.300\" is not an address",
        ),
        (
            "alpha IPaddr::nonsense",
            "haresources:1:7: error: \"nonsense\" is not an address",
        ),
        (
            "alpha 2001:db8::g",
            "haresources:1:7: error: \"2001:db8::g\" is not an address",
        ),
        (
            "alpha fe80::1",
            "haresources:1:7: error: fe80::1 is link-local",
        ),
        (
            "alpha IPaddr",
            "haresources:1:7: error: \"IPaddr\" needs an address",
        ),
        ("alpha ../x", "haresources:1:7: error: \"../x\" is neither"),
        ("alpha .x", "haresources:1:7: error: \".x\" is neither"),
        ("alpha x::a\x07", "haresources:1:7: error: the byte 0x07"),
        ("alpha x::\u{e4}", "haresources:1:7: error: the byte 0xc3"),
        ("alpha x::", "haresources:1:7: error: an empty argument"),
        (
            "alpha Link::eth0",
            "haresources:1:7: error: \"Link::eth0\" would take an interface down that heartbeats leave by",
        ),
        (
            "alpha Route::default",
            "haresources:1:7: error: \"Route::default\": write Route::DESTINATION::via::GATEWAY",
        ),
        (
            "alpha ocf:heartbeat:Dummy::x",
            "haresources:1:7: error: \"ocf:heartbeat:Dummy::x\": write ocf:PROVIDER:AGENT::name=value",
        ),
        (
            "alpha IPAddr2::10.0.0.1",
            "haresources:1:7: error: \"IPAddr2\" is written IPaddr2",
        ),
        ("alpha x \\ \n  y", "haresources:1:9: error: a lone"),
    ] {
        let errors = resource_errors(text);
        let found = errors.iter().any(|e| e.starts_with(said));
        assert!(found, "{text:?}: {errors:?}");
    }
    assert!(resource_errors("").is_empty());
}

#[test]
fn what_does_not_fit_is_an_error_with_the_limit() {
    let groups: String = (0..=MAX_GROUPS).map(|n| format!("alpha s{n}\n")).collect();
    assert!(resource_errors(&groups)[0].contains("haresources:17:1: error: more than 16 groups"));
    let many: String = (0..65).map(|n| format!(" s{n}")).collect();
    assert!(resource_errors(&format!("alpha{many}"))[0].contains("more than 64 resources"));
    let long = "x".repeat(201);
    assert!(resource_errors(&format!("alpha {long}"))[0].contains("at most 200"));
    let wide: String = (10..60)
        .map(|n| format!(" s{n}::{}", "x".repeat(150)))
        .collect();
    let errors = resource_errors(&format!("alpha{wide}"));
    assert_eq!(errors.len(), 1);
    assert!(errors[0].contains("6144 bytes"), "{errors:?}");
}

#[test]
fn all_errors_of_all_files_are_said_in_one_run() {
    let (_, said) = outcome(&Sources::new(
        "x",
        "node a\nfoo\nbar\n",
        "b y\nz\n",
        "1 md5 k\n",
    ));
    let places: Vec<_> = said.iter().map(|s| s.split(": ").next().unwrap()).collect();
    for place in [
        "ha.cf:1:6",
        "ha.cf:2:1",
        "ha.cf:3:1",
        "ha.cf:1:1",
        "haresources:1:1",
    ] {
        assert!(places.contains(&place), "{place} in {said:?}");
    }
    assert!(places.contains(&"haresources:2:1") && places.contains(&"authkeys:1:3"));
}

#[test]
fn a_file_that_cannot_be_read_is_one_error_and_not_a_flood() {
    let mut sources = Sources::new("alpha", HA_CF, HARESOURCES, AUTHKEYS);
    sources.ha_cf = Err("cannot read it");
    let (config, said) = outcome(&sources);
    assert!(config.is_none());
    assert_eq!(said, ["ha.cf:1:1: error: cannot read it"]);
}

#[test]
fn junk_costs_one_line_and_nonsense_a_bounded_number() {
    let mut sources = Sources::new("alpha", HA_CF, HARESOURCES, AUTHKEYS);
    sources.ha_cf = Ok(b"node\x7fELF\n\n\x02\x00\x01");
    let (_, said) = outcome(&sources);
    assert!(
        said[0].starts_with("ha.cf:3:2: error: a zero byte"),
        "{said:?}"
    );
    let nonsense = "\u{1b}[2Jfoo bar\n".repeat(3000);
    let (_, said) = outcome(&Sources::new("alpha", &nonsense, &nonsense, &nonsense));
    assert!(said.len() < 110 && said.iter().all(|line| line.len() < 600));
    assert!(said.iter().all(|line| !line.contains('\u{1b}')));
    assert!(
        said.iter()
            .any(|line| line.contains("more of the kind error from here on")),
        "{said:?}"
    );
}

#[test]
fn warnings_do_not_crowd_out_errors() {
    let many = "env A=B\n".repeat(50);
    let (config, said) = outcome(&Sources::new(
        "alpha",
        &format!("{many}{HA_CF}"),
        HARESOURCES,
        AUTHKEYS,
    ));
    assert!(config.is_some(), "{said:?}");
    assert!(
        said.iter()
            .any(|line| line.contains("warning: 19 more of the kind warning")),
        "{said:?}"
    );
    assert!(error(&format!("{many}bogus")).starts_with("ha.cf:51:1: error: unknown directive"));
}

#[test]
fn a_long_word_is_quoted_by_its_beginning() {
    let long = error(&"x".repeat(5000));
    assert!(
        long.contains(&format!("\"{}...\"", "x".repeat(32))),
        "{long}"
    );
    assert!(!long.contains(&"x".repeat(33)));
    let exact = error(&"x".repeat(32));
    assert!(
        exact.contains(&format!("\"{}\"", "x".repeat(32))),
        "{exact}"
    );
}
