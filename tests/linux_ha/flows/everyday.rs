//! What every pair goes through: start, hand over, stop, die, return, and another key.

use crate::flow::Step::{Ask, At, Both, CutPower, Holds, Keys, Kill, Rest, Silence, Start, Stop};
use crate::flow::{Flow, all};
use crate::ledger::Hold::{All, Foreign, Local, None as Nothing};
use crate::pair::Media::{Bcast, Both as Twice, Mcast, Serial, Ucast};
use crate::pair::{A, B, Media, SETTING, Setting};

pub(crate) const FLOWS: &[Flow] = &[
    Flow {
        name: "two_that_start_together_are_active_and_have_each_its_own",
        long: false,
        media: EACH,
        known: false,
        suits: all,
        setting: SETTING,
        steps: &[
            At("start of both"),
            Start(A),
            Start(B),
            Holds(40, Some(Local), Some(Local)),
            Both(0),
        ],
    },
    Flow {
        name: "the_second_to_start_gets_its_own_from_the_first",
        long: false,
        media: MAIN,
        known: false,
        suits: all,
        setting: SETTING,
        steps: &[
            At("alone"),
            Start(A),
            Holds(40, Some(All), Some(Nothing)),
            At("the second starts"),
            Start(B),
            Holds(40, Some(Local), Some(Local)),
            Both(TOGETHER),
            Silence(HANDOVER),
        ],
    },
    Flow {
        name: "what_is_asked_by_hb_standby_and_hb_takeover_is_done_on_either_side",
        long: false,
        media: MAIN,
        known: false,
        suits: all,
        setting: SETTING,
        steps: &[
            Start(A),
            Start(B),
            Holds(40, Some(Local), Some(Local)),
            At("hb_standby all on alpha"),
            Ask(A, "hb_standby all"),
            Holds(20, Some(Nothing), Some(All)),
            Both(TOGETHER),
            Silence(HANDOVER),
            At("hb_takeover local on alpha"),
            Ask(A, "hb_takeover local"),
            Holds(20, Some(Local), Some(Local)),
            Both(TOGETHER),
            Silence(HANDOVER),
            At("hb_takeover foreign on beta"),
            Ask(B, "hb_takeover foreign"),
            Holds(20, Some(Nothing), Some(All)),
            Both(TOGETHER),
            Silence(HANDOVER),
            At("hb_standby foreign on beta"),
            Ask(B, "hb_standby foreign"),
            Holds(20, Some(Local), Some(Local)),
            Both(TOGETHER),
            Silence(HANDOVER),
            At("hb_takeover all on alpha"),
            Ask(A, "hb_takeover all"),
            Holds(20, Some(All), Some(Nothing)),
            Both(TOGETHER),
            Silence(HANDOVER),
            At("hb_standby local on alpha"),
            Ask(A, "hb_standby local"),
            Holds(20, Some(Foreign), Some(Foreign)),
            Both(TOGETHER),
            Silence(HANDOVER),
            At("hb_takeover all on beta"),
            Ask(B, "hb_takeover all"),
            Holds(20, Some(Nothing), Some(All)),
            Both(TOGETHER),
            Silence(HANDOVER),
        ],
    },
    Flow {
        name: "a_graceful_stop_hands_over_at_once_and_a_return_takes_back",
        long: false,
        media: MAIN,
        known: false,
        suits: all,
        setting: SETTING,
        steps: &[
            Start(A),
            Start(B),
            Holds(40, Some(Local), Some(Local)),
            At("stop of alpha"),
            Stop(A),
            Holds(20, Some(Nothing), Some(All)),
            Both(TOGETHER),
            Silence(HANDOVER),
            At("return of alpha"),
            Start(A),
            Holds(40, Some(Local), Some(Local)),
            Both(TOGETHER),
            Silence(HANDOVER),
        ],
    },
    Flow {
        name: "with_auto_failback_off_a_return_moves_nothing",
        long: false,
        media: &[Bcast],
        known: false,
        suits: all,
        setting: OFF,
        steps: &[
            Start(A),
            Start(B),
            Holds(40, Some(Local), Some(Local)),
            Stop(A),
            Holds(20, Some(Nothing), Some(All)),
            At("return of alpha"),
            Start(A),
            Holds(40, Some(Nothing), Some(All)),
            // heartbeat's own timer for what nobody has.
            Rest(11),
            Holds(1, Some(Nothing), Some(All)),
            Both(0),
            Silence(QUIET),
        ],
    },
    Flow {
        name: "with_auto_failback_legacy_a_return_asks_for_its_own",
        long: false,
        media: &[Bcast],
        known: false,
        suits: all,
        setting: LEGACY,
        steps: &[
            Start(A),
            Start(B),
            Holds(40, Some(Local), Some(Local)),
            At("stop of alpha"),
            Stop(A),
            Holds(20, Some(Nothing), Some(All)),
            At("return of alpha"),
            Start(A),
            Holds(40, Some(Local), Some(Local)),
            Both(TOGETHER),
            Silence(HANDOVER),
        ],
    },
    Flow {
        name: "power_cut_of_one_is_taken_over_and_its_return_is_welcome",
        long: false,
        media: MAIN,
        known: false,
        suits: all,
        setting: SETTING,
        steps: &[
            Start(A),
            Start(B),
            Holds(40, Some(Local), Some(Local)),
            // In its first five seconds a real one has a longer `deadtime`.
            Rest(6),
            At("power cut of alpha"),
            CutPower(A),
            Holds(20, Some(Nothing), Some(All)),
            Silence(DEATH),
            At("return of alpha"),
            Start(A),
            Holds(40, Some(Local), Some(Local)),
            Both(TOGETHER),
            Silence(HANDOVER),
        ],
    },
    Flow {
        name: "an_agent_killed_with_9_is_replaced_and_comes_back",
        long: false,
        media: MAIN,
        known: false,
        suits: all,
        setting: SETTING,
        steps: &[
            Start(A),
            Start(B),
            Holds(40, Some(Local), Some(Local)),
            // In its first five seconds a real one has a longer `deadtime`.
            Rest(6),
            At("kill -9 of alpha"),
            Kill(A),
            // What a killed real one installed stays there.
            Holds(20, None, Some(All)),
            Silence(DEATH),
            At("return of alpha"),
            Start(A),
            Holds(40, Some(Local), Some(Local)),
        ],
    },
    Flow {
        name: "keys_roll_over_from_md5_to_sha1_without_a_gap",
        long: false,
        media: MAIN,
        known: true,
        suits: all,
        setting: Setting {
            authkeys: MD5_FIRST,
            ..SETTING
        },
        steps: &[
            Start(A),
            Start(B),
            Holds(40, Some(Local), Some(Local)),
            At("keys roll over"),
            Keys(A, SHA1_FIRST),
            // Longer than `deadtime` of either sort of media.
            Rest(6),
            Holds(1, Some(Local), Some(Local)),
            Keys(B, SHA1_FIRST),
            Rest(6),
            Holds(1, Some(Local), Some(Local)),
            Both(0),
            Silence(QUIET),
        ],
    },
];

const MAIN: &[Media] = &[Bcast, Serial];
const EACH: &[Media] = &[Bcast, Serial, Mcast, Ucast, Twice];
const OFF: Setting = Setting {
    failback: "off",
    ..SETTING
};
const LEGACY: Setting = Setting {
    failback: "legacy",
    ..SETTING
};
pub(crate) const MD5_FIRST: &str =
    "auth 1\n1 md5 the-first-of-two-keys\n2 sha1 the-second-of-two-keys\n";
pub(crate) const SHA1_FIRST: &str =
    "auth 2\n1 md5 the-first-of-two-keys\n2 sha1 the-second-of-two-keys\n";

/// Milliseconds. One looks every ten, and the machine is noisy.
pub(crate) const TOGETHER: u64 = 100;
/// No answers were missed but by noise.
pub(crate) const QUIET: u64 = 700;
/// A dozen shell scripts of heartbeat's: a second, or eight on a machine that compiles.
pub(crate) const HANDOVER: u64 = 12_000;
/// The longest `deadtime`, and a handover.
pub(crate) const DEATH: u64 = 4_000 + HANDOVER;
