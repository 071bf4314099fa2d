//! `twinbeat plan`: what other settings of `keepalive` and `deadtime` would do on the paths that the running
//! program has measured, or on one that is described.

use twinbeat::time::Duration;

use super::forecast::{Mistakes, Path, mistakes};
use super::row::Call;
use super::{DONE, FAILED, USAGE, ask};
use crate::{configuration, stream};

/// keepalive and deadtime.
const SETTINGS: &[(Duration, Duration)] = &[
    setting(10, 30),
    setting(50, 200),
    setting(100, 300),
    setting(200, 1000),
    setting(500, 2000),
    setting(1000, 3000),
    setting(1000, 5000),
    setting(2000, 10_000),
];
/// So many frames lost are possible although none was (95 %).
const RULE_OF_THREE: u64 = 3;
/// Fewer frames than this say little.
const FEW: u64 = 10_000;
const MILLION: u64 = 1_000_000;

const fn setting(keepalive: u64, deadtime: u64) -> (Duration, Duration) {
    (
        Duration::from_millis(keepalive),
        Duration::from_millis(deadtime),
    )
}

pub(super) fn plan(call: &Call) -> u8 {
    let given = |option| call.value(option).unwrap_or("0");
    let (loss, jitter) = (given("--loss"), given("--jitter"));
    if call.value("--loss").or(call.value("--jitter")).is_some() {
        let (Some((loss, "")), Some((jitter, ""))) = (number(loss), number(jitter)) else {
            stream::complain(format_args!("twinbeat: --loss and --jitter are numbers"));
            return USAGE;
        };
        let asks = true;
        tell(call, &[Path { loss, jitter, asks }]);
        return DONE;
    }
    let reply = match ask::reply(ask::rundir(call.directory), "status --json") {
        Ok(reply) => reply,
        Err(code) => return code,
    };
    let (mut paths, mut told) = (Vec::new(), false);
    // What stands between quotation marks is a name or a text, and `:` and a number is the value of the last.
    let (mut node, mut link, mut name, mut last) = ("", "", "", "");
    let (mut path, mut frames, mut up) = (Path::default(), 0, false);
    let mut rest = reply.as_str();
    while let Some((piece, after)) = rest.split_once('"') {
        rest = after;
        let value = piece.strip_prefix(':').and_then(number);
        let value = value.map_or(0, |(value, _)| value);
        match last {
            ":" if name == "name" => {
                // The links have names, too.
                if !paths.is_empty() {
                    tell(call, &paths);
                    told = true;
                    paths.clear();
                }
                node = piece;
            }
            ":" if name == "link" => link = piece,
            "up" => up = piece.starts_with(":true"),
            "loss_ppm" => path.loss = value,
            "jitter_us" => path.jitter = value,
            "frames" => frames = u64::from(value),
            // The last one, of a path that is there.
            "missed" if up => {
                let missed = u64::from(value);
                let all = frames + missed;
                // Below a million, and a quotient of what is no more than its divisor.
                let loss = missed.max(RULE_OF_THREE) * MILLION / all.max(RULE_OF_THREE);
                path.loss = path.loss.max(loss as u32);
                path.asks = !link.starts_with("serial");
                let few = if all < FEW {
                    "; too few to see less"
                } else {
                    ""
                };
                stream::print_line(format_args!(
                    "{node} by {link}: {missed} of {all} frames lost, counted as {} ppm{few}; jitter {}us",
                    path.loss, path.jitter
                ));
                paths.push(path);
            }
            _ => {}
        }
        (name, last) = (last, piece);
    }
    if told {
        return DONE;
    }
    stream::complain(format_args!(
        "twinbeat: nothing is measured yet; --loss PPM and --jitter US describe a path"
    ));
    FAILED
}

/// The number at the beginning of a text, and what follows it. One that is too large is the largest.
#[inline(never)]
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit());
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    let value = digits.bytes().fold(0_u32, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(u32::from(digit - b'0'))
    });
    (!digits.is_empty()).then_some((value, rest))
}

/// One line for each setting, the present one first.
fn tell(call: &Call, paths: &[Path]) {
    let config = configuration::read(call.directory, &mut |_| {});
    // In place of framing the headers of IPv4 and UDP.
    let beat = config.as_ref().map_or(38, |config| config.load(1)) as u64 + 24;
    stream::print(
        "keepalive\tdeadtime\tfound dead after\tbytes/s\tfalse takeovers, unless losses come in bursts\n",
    );
    let line = |keepalive: Duration, deadtime: Duration| {
        let mean = deadtime.minus(keepalive.scaled(1, 2));
        let bytes = beat * MILLION / keepalive.micros().max(1);
        let often = match mistakes(paths, keepalive, deadtime) {
            Mistakes::PerYear(count) => format!("{count} a year"),
            Mistakes::YearsEach(years) if years > MILLION => "none in a million years".to_owned(),
            Mistakes::YearsEach(years) => format!("one in {years} years"),
        };
        stream::print_line(format_args!(
            "{keepalive}\t\t{deadtime}\t\t{mean} to {deadtime}\t{bytes}\t{often}"
        ));
    };
    if let Some(config) = &config {
        line(config.timing.keepalive, config.timing.deadtime);
    }
    for (keepalive, deadtime) in SETTINGS {
        line(*keepalive, *deadtime);
    }
}
