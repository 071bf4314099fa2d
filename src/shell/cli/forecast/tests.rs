use super::*;

fn path(loss: u32, jitter: u32) -> Path {
    Path {
        loss,
        jitter,
        asks: true,
    }
}

/// Mistakes in a year of virtual time, or less than one.
fn per_year(paths: &[Path], beat: u64, silence: u64) -> f64 {
    let span = Duration::from_micros;
    match mistakes(paths, span(beat), span(silence)) {
        Mistakes::PerYear(count) => count as f64,
        Mistakes::YearsEach(years) => 1.0 / years as f64,
    }
}

fn close(found: f64, expected: f64) {
    let ratio = found / expected;
    assert!((0.99..1.01).contains(&ratio), "{found} is not {expected}");
}

#[test]
fn without_jitter_it_is_a_power_of_the_loss() {
    let year = YEAR as f64;
    // Silence for 2.5 beats: two of them and six questions have to fail.
    let serial = Path {
        asks: false,
        ..path(10_000, 0)
    };
    close(per_year(&[serial], 1_000_000, 2_500_000), year / 1e6 * 1e-4);
    let both_ways = 1.0_f64 - 0.9 * 0.9;
    let expected = year / 1e6 * 1e-2 * both_ways.powi(5);
    close(
        per_year(&[path(100_000, 0)], 1_000_000, 2_500_000),
        expected,
    );
    // A second path that fails as often squares it all.
    let two_ways = 1.0_f64 - 0.99 * 0.99;
    let expected = year / 1e6 * 1e-4 * two_ways.powi(5);
    close(
        per_year(&[path(100_000, 0); 2], 1_000_000, 2_500_000),
        expected,
    );
}

#[test]
fn twenty_percent_of_loss_cost_what_was_calculated_for_them() {
    // DESIGN of the questions: some hundredths a minute and pair at 100 ms and 300 ms.
    let minute = per_year(&[path(200_000, 0)], 100_000, 300_000) / (365.25 * 24.0 * 60.0);
    assert!((0.005..0.05).contains(&(minute * 2.0)), "{minute}");
}

#[test]
fn a_delay_as_long_as_what_is_left_fails_half_the_time() {
    // One beat has 1 s left; the standard deviation of an arrival is the square root of 2 times 0.7071 s.
    let serial = Path {
        asks: false,
        ..path(0, 707_107)
    };
    assert!(all_fail(&[serial], 1_000_000, false).abs_diff(ONE / 2) < ONE / 10_000);
    close(
        per_year(&[serial], 1_000_000, 2_000_000),
        YEAR as f64 / 1e6 / 2.0,
    );
}

#[test]
fn the_extremes_neither_overflow_nor_last() {
    let all = path(1_000_000, u32::MAX);
    close(per_year(&[all], 1, u64::MAX), YEAR as f64);
    assert_eq!(
        mistakes(
            &[path(0, 0)],
            Duration::from_secs(1),
            Duration::from_secs(3)
        ),
        Mistakes::YearsEach(u64::MAX)
    );
    let fine = mistakes(
        &[path(1, 1)],
        Duration::from_secs(2),
        Duration::from_secs(3600),
    );
    assert_eq!(fine, Mistakes::YearsEach(u64::MAX));
    // Nobody is there to be heard.
    close(per_year(&[], 1_000_000, 3_000_000), YEAR as f64 / 1e6);
}

#[test]
fn a_longer_deadtime_and_a_better_path_are_never_worse() {
    for loss in [100, 10_000, 300_000] {
        for jitter in [0, 1_000, 100_000] {
            let rate = |silence| per_year(&[path(loss, jitter)], 100_000, silence);
            let mut before = f64::INFINITY;
            for silence in (200_000..2_000_000).step_by(50_000) {
                let now = rate(silence);
                assert!(now <= before, "{loss} {jitter} {silence}: {now} {before}");
                assert!(per_year(&[path(loss * 2, jitter)], 100_000, silence) >= now);
                before = now;
            }
        }
    }
}

/// Uniform in 0 to 1 (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// When what leaves now arrives: never, or after an exponential delay.
    fn arrives(&mut self, now: f64, path: Path) -> f64 {
        if self.roll() < f64::from(path.loss) / 1e6 {
            return f64::INFINITY;
        }
        now - (1.0 - self.roll()).ln() * f64::from(path.jitter)
    }
}

/// The detector itself in virtual time: mistakes per beat, of so many beats each `beat` microseconds.
fn played(path: Path, beat: f64, silence: f64, beats: u32) -> f64 {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut arrivals: Vec<f64> = (0..beats)
        .map(|nth| dice.arrives(f64::from(nth) * beat, path))
        .filter(|at| at.is_finite())
        .collect();
    arrivals.sort_by(f64::total_cmp);
    let (mut heard, mut mistakes) = (0.0, 0);
    for arrival in arrivals {
        loop {
            // Answers to questions that leave before the next arrival push the verdict away.
            let mut answer = f64::INFINITY;
            let mut ask = heard + 1.5 * beat;
            while path.asks && ask < (heard + silence).min(arrival) {
                let there = dice.arrives(ask, path);
                answer = answer.min(dice.arrives(there, path));
                ask += beat / 5.0;
            }
            let next = answer.min(arrival);
            if next - heard >= silence {
                mistakes += 1;
                break;
            }
            heard = next;
            if next == arrival {
                break;
            }
        }
        heard = arrival.max(heard);
    }
    f64::from(mistakes) / f64::from(beats)
}

#[test]
fn it_is_what_the_detector_does_when_it_is_played() {
    // Loss alone is told within its order of magnitude ...
    for (loss, silence, asks) in [
        (200_000, 300_000, true),
        (400_000, 300_000, true),
        (300_000, 450_000, true),
        (100_000, 250_000, false),
        (200_000, 550_000, false),
    ] {
        let path = Path {
            asks,
            ..path(loss, 0)
        };
        let told = per_year(&[path], 100_000, silence) / (YEAR as f64 / 1e5);
        let found = played(path, 1e5, silence as f64, 3_000_000);
        let ratio = told / found;
        assert!(
            (0.3..3.0).contains(&ratio),
            "{path:?} {silence}: told {told}, found {found}"
        );
    }
    // ... and with jitter it is a bound.
    for (loss, jitter, silence, asks) in [
        (50_000, 30_000, 250_000, false),
        (100_000, 20_000, 250_000, true),
        (0, 60_000, 350_000, false),
        (200_000, 10_000, 300_000, true),
    ] {
        let path = Path {
            asks,
            ..path(loss, jitter)
        };
        let told = per_year(&[path], 100_000, silence) / (YEAR as f64 / 1e5);
        let found = played(path, 1e5, silence as f64, 1_000_000);
        assert!(
            told >= found,
            "{path:?} {silence}: told {told}, found {found}"
        );
    }
}
