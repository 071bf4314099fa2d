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

/// A fraction of one. 32 bits: to multiply two of them is one instruction, also on MIPS.
type Fraction = u32;
const ONE: Fraction = u32::MAX;
/// More halvings than anybody needs to be told of.
const ENOUGH: u32 = 120;
const MILLION: u32 = 1_000_000;
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
    for asks in [false, true] {
        let (mut at, every) = if asks {
            (beat + beat / 2, beat.div_ceil(5))
        } else {
            (beat, beat)
        };
        while at < silence && halvings < ENOUGH {
            let mut fails = all_fail(paths, silence - at, asks);
            if asks {
                fails = ONE - product(ONE - fails, ONE - fails);
            }
            // The later it is the more fails.
            if fails == ONE {
                break;
            }
            rest = product(rest, fails);
            if rest == 0 {
                return Mistakes::YearsEach(u64::MAX);
            }
            let zeros = rest.leading_zeros();
            rest <<= zeros;
            halvings += zeros;
            at += every;
        }
    }
    // 45 bits and 16.
    let scaled = YEAR / beat * u64::from(rest >> 16);
    let shift = halvings + 16;
    match scaled.checked_shr(shift).unwrap_or(0) {
        0 => Mistakes::YearsEach(
            1_u64
                .checked_shl(shift)
                .map_or(u64::MAX, |one| one / scaled),
        ),
        count => Mistakes::PerYear(count),
    }
}

/// Rounded up, so that one times one is one.
fn product(one: Fraction, other: Fraction) -> Fraction {
    ((u64::from(one) * u64::from(other) + u64::from(ONE)) >> 32) as Fraction
}

/// That nothing comes within `left` by any path.
fn all_fail(paths: &[Path], left: u64, asks: bool) -> Fraction {
    let mut all = ONE;
    for path in paths.iter().filter(|path| path.asks || !asks) {
        let square = |of: u64| of.min(LONGEST).pow(2);
        let (mut left, variance) = (square(left), square(path.jitter.into()));
        let mut whole = left + (variance << (1 + u32::from(asks)));
        while whole > ONE.into() {
            whole /= 2;
            left /= 2;
        }
        let in_time = (left << 32) / whole.max(1);
        let kept =
            u64::from(MILLION.saturating_sub(path.loss)) * u64::from(ONE) / u64::from(MILLION);
        all = product(
            all,
            ONE - product(in_time.min(ONE.into()) as u32, kept as u32),
        );
    }
    all
}

#[cfg(test)]
mod tests;
