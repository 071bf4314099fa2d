//! What is on the list of heartbeat's defects, done to a node of ours; a real one falls to it, which shows
//! that it is done rightly. beta is an impostor with the key.

use std::time::{Duration, Instant};

use crate::agent::Kind::{self, Real};
use crate::flow::Flow;
use crate::flow::Step::{Do, Holds, Start};
use crate::impostor::{Impostor, Manners};
use crate::ledger::Hold::All;
use crate::pair::Media::Bcast;
use crate::pair::{A, Pair, SETTING, Setting};
use crate::play::Play;

pub(crate) const FLOWS: &[Flow] = &[
    Flow {
        name: "defect_1_packets_that_no_program_sends_stop_nothing",
        setting: SETTING,
        steps: &[
            Start(A),
            Holds(40, Some(All), None),
            Do(garbage),
            Holds(1, Some(All), None),
        ],
        ..PLAYED
    },
    Flow {
        name: "defect_2_a_dead_node_that_is_replayed_delays_a_start_by_no_more_than_its_last_life",
        setting: SETTING,
        steps: &[Do(replay)],
        // Whether a real one gets over it is chance.
        known: false,
        suits: |kinds| kinds == [Kind::Ours, Real],
        ..PLAYED
    },
    Flow {
        name: "defect_5_no_field_of_a_message_reaches_a_script",
        setting: SETTING,
        steps: &[Start(A), Do(fields_for_scripts)],
        ..PLAYED
    },
    Flow {
        name: "defect_8_a_peer_that_never_says_done_costs_no_hour",
        setting: SETTING,
        steps: &[Start(A), Do(never_done)],
        ..PLAYED
    },
    Flow {
        name: "defect_17_a_peer_that_acknowledges_nothing_freezes_nobody",
        setting: Setting {
            timing: Some("keepalive 100ms\nwarntime 1\ndeadtime 2\ninitdead 4\n"),
            ..SETTING
        },
        steps: &[Start(A), Do(no_acks)],
        ..PLAYED
    },
];

const PLAYED: Flow = Flow {
    name: "",
    long: true,
    media: &[Bcast],
    known: true,
    suits: attacked,
    setting: SETTING,
    steps: &[],
};

/// Only alpha is a node here.
fn attacked(kinds: [Kind; 2]) -> bool {
    kinds[1] == Real
}

const POLITE: Manners = Manners {
    acks: true,
    finishes: true,
};

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// Lets the impostor live until the node is as it should be; no longer than `limit`.
fn until(
    beta: &mut Impostor,
    pair: &Pair,
    limit: u64,
    done: impl Fn(&Pair) -> Result<(), String>,
) -> Result<(), String> {
    let mut last = Ok(());
    for _ in 0..limit * 2 {
        beta.live(pair, Duration::from_millis(500));
        last = done(pair);
        if last.is_ok() {
            break;
        }
    }
    last.map_err(|why| format!("not within {limit} s: {why}"))
}

fn says(pair: &Pair, words: &[&str], wanted: &str) -> Result<(), String> {
    let said = pair.cl_status(A, words);
    if said == wanted {
        return Ok(());
    }
    Err(format!("{words:?}: {said:?}, not {wanted:?}"))
}

fn holds_all(pair: &Pair) -> Result<(), String> {
    let held = pair.ledger.holds(A)?;
    if held == All {
        return Ok(());
    }
    Err(format!("alpha has {}", held.word()))
}

/// Both active, everything on alpha, and stable.
fn acquainted(beta: &mut Impostor, pair: &Pair) -> Result<(), String> {
    until(beta, pair, 60, |pair| {
        says(pair, &["nodestatus", "beta"], "active")?;
        says(pair, &["nodestatus", "alpha"], "active")
    })
}

fn garbage(play: &mut Play) -> Result<(), String> {
    let pair = &play.pair;
    let before = pair.kinds[A].processes(&pair.machines[A]);
    let samples = pair.tap.heard();
    let mut chance = 7_u32;
    let mut draw = |most: usize| {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(chance >> 8).expect("32 bits") % most
    };
    let known: [&[u8]; 7] = [
        b"###\n3:abc,%%%\n",
        b"###\n",
        b"###\n99999999999999999999:(0)t=status,%%%\n",
        b"###\n4294967295:(0)t=status,%%%\n",
        b"###\n5:(9)=,,%%%\n0:,",
        b">>>\n<<<\n",
        b">>>\nt=status\nauth=1 \n<<<\n",
    ];
    for round in 0..3000 {
        let mut message = known[round % known.len()].to_vec();
        if round >= known.len() && !samples.is_empty() {
            message.clone_from(&samples[draw(samples.len())]);
            for _ in 0..=draw(4) {
                let at = draw(message.len());
                match draw(4) {
                    0 => message[at] = u8::try_from(draw(256)).expect("a byte"),
                    1 => drop(message.split_off(at.max(1))),
                    2 => message.insert(at, b"0123456789:,()%#\n\0"[draw(18)]),
                    _ => drop(message.drain(at..(at + draw(9)).min(message.len() - 1).max(at))),
                }
            }
        }
        pair.tap.say(&message, Some(A));
        if round % 100 == 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let after = pair.kinds[A].processes(&pair.machines[A]);
    if before != after {
        return Err(format!("processes were {before:?}, are {after:?}"));
    }
    quiet(pair)
}

/// The log has a few lines and no more.
fn quiet(pair: &Pair) -> Result<(), String> {
    let lines = pair.kinds[A].log(&pair.machines[A]).lines().count();
    if lines > 150 {
        return Err(format!("{lines} lines in the log"));
    }
    Ok(())
}

fn replay(play: &mut Play) -> Result<(), String> {
    play.pair.start(A);
    let mut beta = Impostor::new(&play.pair, POLITE);
    acquainted(&mut beta, &play.pair)?;
    beta.live(&play.pair, seconds(10));
    // What an eavesdropper has: beta's words, before and at its end.
    let heard = play.pair.tap.said();
    play.stop(A)?;
    play.pair.start(A);
    for message in &heard {
        play.pair.tap.say(message, None);
        std::thread::sleep(Duration::from_millis(50));
    }
    play.pair.within(30, holds_all)
}

fn fields_for_scripts(play: &mut Play) -> Result<(), String> {
    let pair = &play.pair;
    pair.machines[A].write("ha.d/tell", 0o644, "");
    pair.machines[A].write("log/evil", 0o755, "touch /var/log/harmed\n");
    let mut beta = Impostor::new(pair, POLITE);
    acquainted(&mut beta, pair)?;
    until(&mut beta, pair, 60, |pair| pair.ledger.holds(A).map(drop))?;
    beta.live(pair, seconds(12));
    let names = [
        "FUNCS",
        "DIR",
        "RCDIR",
        "BIN",
        "PATH",
        "LD_PRELOAD",
        "IFS",
        "harm",
    ];
    let harmful = names.map(|name| (name, "/var/log/evil"));
    for first in [("t", "hb_takeover"), ("t", "harmful"), ("t", "ip-request")] {
        let rest = [("rsc_hold", "all"), ("ipaddr", "$(touch /var/log/harmed)")];
        beta.say(pair, &[&[first], &rest[..], &harmful[..]].concat());
        beta.live(pair, seconds(6));
    }
    for _ in 0..2 {
        let _ = pair.kinds[A].ask(&pair.machines[A], &["hb_takeover", "all"]);
        beta.live(pair, seconds(6));
    }
    let told = pair.machines[A].read("log/environment");
    if told.is_empty() {
        return Err("no script has run".to_owned());
    }
    if pair.machines[A].disk.join("log/harmed").exists() {
        return Err("a field of a message was run".to_owned());
    }
    let harmful = |line: &&str| line.contains("evil") || line.contains("touch");
    match told.lines().find(harmful) {
        Some(line) => Err(format!("a script saw {line}")),
        None => Ok(()),
    }
}

fn never_done(play: &mut Play) -> Result<(), String> {
    let pair = &play.pair;
    let mut beta = Impostor::new(pair, POLITE);
    acquainted(&mut beta, pair)?;
    // Whatever is asked of beta at the start it does.
    beta.live(pair, seconds(15));
    says(pair, &["rscstatus"], "local").or_else(|_| says(pair, &["rscstatus"], "all"))?;
    beta.manners.finishes = false;
    let out = pair.kinds[A].ask(&pair.machines[A], &["hb_standby", "all"]);
    if !out.status.success() {
        return Err(format!("{out:?}"));
    }
    until(&mut beta, pair, 15, |pair| match pair.ledger.holds(A)? {
        crate::ledger::Hold::None => Ok(()),
        held => Err(format!("alpha still has {}", held.word())),
    })?;
    let local = |pair: &Pair| match pair.ledger.holds(A)? {
        crate::ledger::Hold::Local | All => Ok(()),
        held => Err(format!("alpha has {}", held.word())),
    };
    until(&mut beta, pair, 150, local)?;
    // And it can be stopped.
    play.stop(A)
}

fn no_acks(play: &mut Play) -> Result<(), String> {
    let pair = &play.pair;
    let deaf = Manners {
        acks: false,
        ..POLITE
    };
    let mut beta = Impostor::new(pair, deaf);
    acquainted(&mut beta, pair)?;
    // 600 messages: heartbeat's clients stand still after 250, and its log fills after 375.
    for _ in 0..6 {
        beta.live(pair, seconds(10));
        let asked = Instant::now();
        let said = says(pair, &["nodestatus", "beta"], "active");
        if asked.elapsed() > seconds(2) {
            return Err(format!("cl_status took {:?}", asked.elapsed()));
        }
        said?;
    }
    quiet(pair)
}
