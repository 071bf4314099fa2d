//! How often silence is mistaken for death, from what the way from a peer loses and how its delay varies.
//!
//! Chen, Toueg, Aguilera, *On the Quality of Service of Failure Detectors*, IEEE Transactions on Computers
//! 51(5), 2002, sections 3 to 6. Their detector NFD-S sends a heartbeat each `η` and suspects after a shift
//! `δ`; a peer is found dead after `η + δ` at most (theorem 5), and with only the loss `p` and the variance
//! `V` of the delay known, mistakes recur after at least `η / β` on average, where (theorem 9)
//! ```text
//! β = Π over j of (V + p s²) / (V + s²),   s = δ - E(D) - jη, as long as s > 0
//! ```
//! Each factor says that one heartbeat was lost (`p`) or came later than the time `s` that was left for it;
//! for that the one-sided inequality of Chebyshev is `V / (V + s²)` whatever the distribution.
//!
//! Here `η` is `keepalive`, and death is the silence of `deadtime` after the last arrival, so that
//! `δ = deadtime - keepalive` beyond the mean delay: beat j has `s = deadtime - j keepalive`, j = 1, 2, ...
//! A verdict falls `deadtime` after the last arrival at the latest, on average half a beat earlier after the
//! death itself.
//!
//! * The arrival that the silence counts from varies, too: `V` is that of the time between two arrivals. What is
//!   measured is its mean deviation J, and `V = 2 J²`: exact for exponential delays, too much for normal ones.
//! * Several paths: all of them have to fail, as if each failed by itself.
//! * Ask before you bury: a question leaves 1.5 beats after the last arrival and each fifth of a beat from then on.
//!   It and its answer may be lost or late: where one way fails with `F`, both fail with `F (2 - F)`, with
//!   twice the variance. A serial line has no room for them and is left out there.
//! * Loss is taken for independent. A burst, a switch that starts, a standstill of the machine is not: what is
//!   told is the least that has to be expected, and the longest silence that was seen says more about these.

use twinbeat::time::Duration;

/// One way from a peer to here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Path {
    /// Parts per million.
    pub(super) loss: u32,
    /// Mean deviation of the time between two arrivals, in microseconds.
    pub(super) jitter: u32,
    /// Whether questions go by it.
    pub(super) asks: bool,
}

/// A fraction of one, which is 2^31: products of two fit, and so does one of them with a count.
type Fraction = u64;
const ONE: Fraction = 1 << 31;
/// More halvings than anybody needs to be told of.
const ENOUGH: u32 = 120;
const YEAR: u64 = 31_557_600_000_000;
/// Squares of microseconds up to this many fit.
const LONGEST: u64 = 1_000_000_000;

/// Mistakes in a year, or years for one mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistakes {
    /// At least one.
    PerYear(u64),
    /// So many or more; [`u64::MAX`] is never.
    YearsEach(u64),
}

/// What these paths make of a setting.
pub(super) fn mistakes(paths: &[Path], keepalive: Duration, deadtime: Duration) -> Mistakes {
    let (beat, silence) = (keepalive.micros().max(1), deadtime.micros());
    // One divided by 2 for each halving, times what is left.
    let (mut rest, mut halvings) = (ONE, 0);
    for (first, every, asks) in [
        (beat, beat, false),
        (beat + beat / 2, beat.div_ceil(5), true),
    ] {
        let mut at = first;
        while at < silence && halvings < ENOUGH && rest > 0 {
            let one_way = all_fail(paths, silence - at, asks);
            let fails = match asks {
                true => one_way * (2 * ONE - one_way) / ONE,
                false => one_way,
            };
            // The later it is the more fails.
            if fails == ONE {
                break;
            }
            rest = rest * fails / ONE;
            while rest > 0 && rest < ONE / 2 {
                rest *= 2;
                halvings += 1;
            }
            at += every;
        }
    }
    if rest == 0 {
        return Mistakes::YearsEach(u64::MAX);
    }
    // 45 bits and 15.
    let scaled = YEAR / beat * (rest >> 16);
    let shift = halvings + 15;
    match scaled.checked_shr(shift).unwrap_or(0) {
        0 => Mistakes::YearsEach(
            1_u64
                .checked_shl(shift)
                .map_or(u64::MAX, |one| one / scaled),
        ),
        count => Mistakes::PerYear(count),
    }
}

/// That nothing comes within `left` by any path.
fn all_fail(paths: &[Path], left: u64, asks: bool) -> Fraction {
    let mut product = ONE;
    for path in paths.iter().filter(|path| path.asks || !asks) {
        let square = |of: u64| of.min(LONGEST).pow(2);
        let mut variance = square(path.jitter.into()) * 2;
        if asks {
            variance *= 2;
        }
        let mut left = square(left);
        let mut whole = variance + left;
        while whole >= ONE {
            whole /= 2;
            left /= 2;
        }
        let in_time = left * ONE / whole.max(1);
        let kept = u64::from(1_000_000 - path.loss.min(1_000_000)) * ONE / 1_000_000;
        product = product * (ONE - in_time * kept / ONE) / ONE;
    }
    product
}

#[cfg(test)]
mod tests;
