//! A pair of LVS directors before two real servers: one init script sets forwarding and the table of
//! the kernel's load balancer. Where the kernel has none, a stand-in for `ipvsadm` has nftables do it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::browser::Browser;
use crate::lab::namespace::Namespace;
use crate::lab::pair::{A, B, Pair, SERVICE, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[(
    "a_director_takes_its_table_and_forwarding_along_and_leaves_neither",
    director,
)];

const SECOND: Duration = Duration::from_secs(1);
/// Some ten programs, on a loaded machine.
const MOVE: Duration = Duration::from_secs(5);

const DIRECTOR: &str = "
service=10.77.0.100:80
case $1 in
start)
    ipvsadm -C
    ipvsadm -A -t $service -s rr &&
    ipvsadm -a -t $service -r 10.77.1.11:80 -m &&
    ipvsadm -a -t $service -r 10.77.1.12:80 -m &&
    echo 1 > /proc/sys/net/ipv4/ip_forward ;;
stop)
    echo 0 > /proc/sys/net/ipv4/ip_forward
    ipvsadm -C ;;
status)
    if ipvsadm -L -n | grep -q 'TCP  10.77.0.100:80'; then echo running; else echo stopped; exit 3; fi ;;
esac";
/// Its table is a file of the node's; nftables does as the file says.
const STAND_IN: &str = "#!/bin/sh
table=FOLDER/table
apply() {
    nft delete table ip director 2> /dev/null
    servers=$(sed -n 's/^  -> \\([0-9.]*\\):80 .*/\\1/p' $table)
    set -- $servers
    [ $# -gt 0 ] || return 0
    n=0 map=
    for server; do map=\"$map${map:+, }$n : $server\"; n=$((n + 1)); done
    nft \"add table ip director;
        add chain ip director in { type nat hook prerouting priority -100; };
        add rule ip director in ip daddr 10.77.0.100 tcp dport 80 dnat to numgen inc mod $n map { $map }\"
}
case $1 in
-C) : > $table; apply ;;
-A) echo \"TCP  $3 $5\" >> $table ;;
-a) echo \"  -> $5 Masq 1\" >> $table; apply ;;
-L) cat $table 2> /dev/null ;;
*)  exit 2 ;;
esac
";

fn director() {
    let mut pair = Pair::new(&Settings {
        directives: "auto_failback off\nbcast eth0\n",
        resources: "10.77.0.100/24 10.77.1.254/24 director",
        ..Settings::default()
    });
    pair.script("director", DIRECTOR);
    let says = |program: &mut Command, words: &[&str]| {
        let out = pair.nodes[A]
            .namespace
            .within(|| program.args(words).output());
        out.is_ok_and(|out| out.status.success())
    };
    if !says(&mut Command::new("ipvsadm"), &["-L", "-n"]) {
        if !says(&mut Command::new("nft"), &["list", "ruleset"]) {
            return println!(
                "SKIPPED: a pair of directors: no ipvsadm, no IPVS in this kernel, no nft"
            );
        }
        println!(
            "SKIPPED: the real ipvsadm: it is not installed or this kernel has no IPVS; a stand-in forwards by nftables"
        );
        stand_in(&mut pair);
    }
    pair.lay_second_network();
    for node in [A, B] {
        assert!(!forwards(&pair, node), "a new namespace forwards");
    }
    // 10.77.1.11 and 10.77.1.12; the way back leads through the director.
    let servers = [(10, "one"), (11, "two")].map(|(number, page)| {
        let server = Namespace::new(&format!("server{number}"));
        pair.lay_cable(&server, number, "eth1", "br1");
        server.ip("route add default via 10.77.1.254");
        serve(&server, page);
        server
    });

    pair.start(A);
    pair.start(B);
    let browser = Browser::new(&pair.outside, (SERVICE, 80).into());
    pair.wait_for("A to direct", MOVE, |p| {
        directs(p, A) && browser.sees("two")
    });
    sleep(SECOND);
    assert!(rests(&pair, B), "{}", pair.story());

    for (from, to) in [(A, B), (B, A)] {
        let at = Instant::now();
        let out = pair.command(to, &["takeover"]);
        assert!(out.status.success(), "{out:?}\n{}", pair.story());
        pair.wait_for("the other to direct", MOVE, |p| {
            directs(p, to) && rests(p, from)
        });
        let directs_at = Instant::now();
        let both = |_: &Pair| {
            let seen = browser.seen(directs_at);
            ["one", "two"]
                .iter()
                .all(|page| seen.iter().any(|got| got == page))
        };
        pair.wait_for("pages of both servers", MOVE, both);
        let outage = browser.outage(at);
        println!(
            "situations: directors: no page for {} ms",
            outage.as_millis()
        );
        assert!(outage < MOVE, "{outage:?}\n{}", pair.story());
    }
    for node in [A, B] {
        assert!(pair.terminate(node).success(), "{}", pair.story());
        assert!(rests(&pair, node), "{}", pair.story());
    }
    drop(servers);
}

/// Each node finds the stand-in first, as what `/usr/local/sbin` has.
fn stand_in(pair: &mut Pair) {
    pair.write("../bin/ipvsadm", STAND_IN);
    for node in &mut pair.nodes {
        let bin = node.folder.join("bin");
        fs::set_permissions(bin.join("ipvsadm"), fs::Permissions::from_mode(0o755)).unwrap();
        let prepare = format!(
            "mount --bind {} /usr/local/sbin && exec \"$0\" \"$@\"",
            bin.display()
        );
        let before = ["unshare", "-m", "/bin/sh", "-c", &prepare].map(str::to_owned);
        node.program.splice(0..0, before);
    }
}

/// A real server: one page, which is its name.
fn serve(server: &Namespace, page: &'static str) {
    server.spawn_thread(move || {
        let listener = TcpListener::bind("0.0.0.0:80").expect("nobody else is here");
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.set_read_timeout(Some(SECOND));
            let _ = stream.read(&mut [0; 512]);
            let _ = write!(stream, "HTTP/1.0 200 OK\r\n\r\n{page}");
        }
    });
}

fn directs(pair: &Pair, node: usize) -> bool {
    let table = table(pair, node);
    let servers = ["10.77.1.11:80", "10.77.1.12:80"];
    forwards(pair, node) && servers.iter().all(|server| table.contains(server))
}

fn rests(pair: &Pair, node: usize) -> bool {
    !forwards(pair, node) && !table(pair, node).contains("10.77.")
}

fn forwards(pair: &Pair, node: usize) -> bool {
    let read = || fs::read_to_string("/proc/sys/net/ipv4/ip_forward");
    pair.nodes[node]
        .namespace
        .within(read)
        .is_ok_and(|text| text == "1\n")
}

/// What the kernel is told to do: by the load balancer, or by the stand-in.
fn table(pair: &Pair, node: usize) -> String {
    let said = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        let out = pair.nodes[node]
            .namespace
            .within(|| command.args(words).output());
        out.map_or(String::new(), |out| {
            String::from_utf8_lossy(&out.stdout).into_owned()
        })
    };
    let balancer = said("ipvsadm", &["-L", "-n"]);
    let rules = said("nft", &["list", "ruleset"]);
    // nftables writes addresses without the port, which is the same everywhere here.
    let rules = rules
        .replace("10.77.1.11", "10.77.1.11:80")
        .replace("10.77.1.12", "10.77.1.12:80");
    balancer + &rules
}
