//! A web server with its address: the agent is stopped, or a firewall takes its gateway away.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::browser::Browser;
use crate::lab::own_proc;
use crate::lab::pair::{A, B, Pair, SERVICE, Settings};
use crate::lab::process::bury_orphans;
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "nginx_and_its_address_move_when_the_agent_is_stopped",
        stopped,
    ),
    ("nginx_and_its_address_move_at_heartbeat_k", heartbeat_k),
    (
        "nginx_and_its_address_move_when_a_firewall_cuts_off_the_gateway",
        firewall,
    ),
];

const SECOND: Duration = Duration::from_secs(1);
/// From the order, or the verdict, until the other serves: two scripts, on a loaded machine.
const HANDOVER: Duration = Duration::from_secs(3);
/// Longest pause of a client while nothing happens, on a loaded machine.
const PEACE: Duration = Duration::from_millis(500);

/// `FOLDER/../story` tells in which order things happened on both.
const SCRIPT: &str = "
at=FOLDER/www
server() { nginx -p $at/ -c $at/nginx.conf -e $at/error.log \"$@\"; }
pid=$(cat $at/pid 2>/dev/null)
runs() { [ -n \"$pid\" ] && kill -0 $pid 2>/dev/null; }
case $1 in
start)  runs || { echo NODE starts >> FOLDER/../story; server; } ;;
stop)   runs || exit 0
        server -s stop
        for i in $(seq 200); do
            runs || {
                ip -o addr | grep -q 10.77.0.100 && had=with || had=without
                echo NODE has stopped $had its address >> FOLDER/../story; exit 0
            }
            sleep 0.02
        done
        exit 1 ;;
status) if runs; then echo running; else echo stopped; exit 3; fi ;;
esac";
const CONFIGURATION: &str = "
user root; worker_processes 1; pid FOLDER/www/pid;
events { worker_connections 64; }
http {
    access_log off; default_type text/plain;
    client_body_temp_path FOLDER/www/b; proxy_temp_path FOLDER/www/p; fastcgi_temp_path FOLDER/www/f;
    uwsgi_temp_path FOLDER/www/u; scgi_temp_path FOLDER/www/s;
    server { listen 10.77.0.100:80; root FOLDER/www/html; }
}";

/// Two nodes that serve one page, which names the one that serves it.
fn stage(directives: &'static str) -> Option<Pair> {
    if !Path::new("/usr/sbin/nginx").exists() || !own_proc() {
        println!("SKIPPED: nginx with its address: no /usr/sbin/nginx (package nginx-light)");
        return None;
    }
    bury_orphans();
    let pair = Pair::new(&Settings {
        directives,
        resources: "10.77.0.100/24 nginx",
        ..Settings::default()
    });
    pair.script("nginx", SCRIPT);
    pair.write("../www/nginx.conf", CONFIGURATION);
    pair.write("../www/html/index.html", "NODE");
    Some(pair)
}

/// Whether its nginx runs.
fn serves(pair: &Pair, node: usize) -> bool {
    let pid = pair.read(node, "www/pid");
    let pid = pid.trim();
    !pid.is_empty() && fs::metadata(format!("/proc/{pid}")).is_ok()
}

/// Until A alone serves, and a client has had its page for a while.
fn in_peace(pair: &mut Pair) -> Browser {
    pair.start(A);
    pair.start(B);
    let browser = Browser::new(&pair.outside, (SERVICE, 80).into());
    pair.wait_for("A's page", 5 * SECOND, |_| browser.sees("nodea"));
    let at = Instant::now();
    sleep(SECOND);
    assert!(serves(pair, A) && !serves(pair, B), "{}", pair.story());
    assert_eq!(browser.seen(at), ["nodea"], "{}", pair.story());
    let outage = browser.outage(at);
    assert!(outage < PEACE, "{outage:?} in peace\n{}", pair.story());
    browser
}

/// B has taken over: one move, one nginx, no page for no longer than that takes.
fn moved(pair: &Pair, browser: &Browser, at: Instant, what: &str) {
    sleep(SECOND / 2);
    assert!(!serves(pair, A) && serves(pair, B), "{}", pair.story());
    assert!(!pair.holds(A) && pair.holds(B), "{}", pair.story());
    let seen = browser.seen(at);
    let last = &seen[seen.len().saturating_sub(2)..];
    assert!(
        seen == last && seen.last().is_some_and(|page| page == "nodeb"),
        "{seen:?}\n{}",
        pair.story()
    );
    let story = fs::read_to_string(pair.nodes[A].folder.join("../story")).unwrap();
    assert_eq!(
        story,
        "nodea starts\nnodea has stopped with its address\nnodeb starts\n",
        "{}",
        pair.story()
    );
    let outage = browser.outage(at);
    println!("situations: {what}: no page for {} ms", outage.as_millis());
    assert!(outage < HANDOVER, "{outage:?}\n{}", pair.story());
}

fn says(pair: &Pair, node: usize, lines: &[&str]) {
    let log = pair.log(node);
    for line in lines {
        assert!(log.contains(line), "no {line:?} in\n{}", pair.story());
    }
}

fn stopped() {
    leaves("nginx, agent stopped by SIGTERM", |pair| {
        let status = pair.terminate(A);
        assert!(status.success(), "{status}\n{}", pair.story());
    });
}

fn heartbeat_k() {
    leaves("nginx, heartbeat -k", |pair| {
        let out = pair.command(A, &["heartbeat", "-k"]);
        assert!(out.status.success(), "{out:?}\n{}", pair.story());
        assert!(!pair.runs(A), "it ended too early\n{}", pair.story());
    });
}

fn leaves(what: &str, leave: impl FnOnce(&mut Pair)) {
    let Some(mut pair) = stage("auto_failback on\nbcast eth0\n") else {
        return;
    };
    let browser = in_peace(&mut pair);
    let at = Instant::now();
    leave(&mut pair);
    pair.wait_for("B's page", HANDOVER, |_| browser.sees("nodeb"));
    moved(&pair, &browser, at, what);
    says(&pair, A, &["stopping: this program is being stopped"]);
    says(&pair, B, &["node nodea has left", ": held"]);
}

fn firewall() {
    let Some(mut pair) = stage("auto_failback on\nbcast eth0\nping 10.77.0.9\n") else {
        return;
    };
    let browser = in_peace(&mut pair);
    let rules = "add table inet t; add chain inet t o { type filter hook output priority 0; }; \
                 add rule inet t o ip daddr 10.77.0.9 icmp type echo-request drop";
    let mut nft = Command::new("nft");
    let out = pair.nodes[A].namespace.within(|| nft.arg(rules).output());
    match out {
        Ok(out) if out.status.success() => {}
        other => {
            return println!("SKIPPED: nginx behind a firewall: no nft here: {other:?}");
        }
    }
    let at = Instant::now();
    pair.wait_for("B's page", SECOND + HANDOVER, |_| browser.sees("nodeb"));
    moved(&pair, &browser, at, "nginx, gateway cut off by a firewall");
    let reason = "stopping: another node reaches more ping targets";
    says(&pair, A, &["10.77.0.9 is not reached", reason]);
    let reason = "node nodea reaches 0 of 1 targets";
    says(&pair, B, &[reason, ": held"]);
}
