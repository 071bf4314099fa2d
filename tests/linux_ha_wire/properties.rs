//! The dialect of a real heartbeat under chance: no bytes are too strange, every message comes back as it
//! went, nothing changed is believed, and a noisy line loses no whole frame.

use crate::keys::{encoded, netstrings, recorded, ring, signed, vectors};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use twinbeat::auth::Keyring;
use twinbeat::config::Method;
use twinbeat::wire::linux_ha::{
    Client, Collector, Framing, Hold, Info, MAX_FRAME, Message, Phase, State, Word, decode, encode,
};

/// Texts of which messages are made; leaked, as there are only so many of them.
fn name() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "a",
            "beta",
            "router-2.lan",
            "fe80::1",
            "N_3",
            "n234567890123456789012345678901234567890123456789012345678901234",
        ][..],
    )
}

fn text() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "x",
            "IPaddr2::10.0.0.1/24/eth0",
            "10.0.0.1",
            "10.0.0.2",
            "a=b",
            "100%,5:(0)x=1",
            "<<<",
            "###",
            "(1)x=y",
        ][..],
    )
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![0..20_u32, any::<u32>(), Just(u32::MAX)]
}

fn hold() -> impl Strategy<Value = Hold> {
    select(&[Hold::None, Hold::Local, Hold::Foreign, Hold::All][..])
}

pub(crate) fn word() -> impl Strategy<Value = Word<'static>> {
    use prop::option::of;
    let state = select(&[State::Init, State::Up, State::Active][..]);
    let info = select(
        &[
            Info::Acquired,
            Info::MachDown,
            Info::Standby,
            Info::Shutdown,
        ][..],
    );
    let phase = select(&[Phase::Me, Phase::Other, Phase::Done][..]);
    let nodes = select(&["a ", "alpha beta ", "a beta router-2.lan N_3 "][..]);
    prop_oneof![
        (state, of(number()), of(number())).prop_map(|(state, deadtime, protocol)| Word::Status {
            state,
            deadtime,
            protocol
        }),
        nodes.prop_map(|nodes| Word::Repnodes { nodes }),
        (hold(), any::<bool>(), any::<Option<bool>>(), of(info)).prop_map(
            |(hold, full, stable, info)| Word::Resource {
                hold,
                full,
                stable,
                info
            }
        ),
        (hold(), phase).prop_map(|(hold, phase)| Word::AskResources { hold, phase }),
        text().prop_map(|key| Word::IpRequest { key }),
        (text(), any::<bool>(), any::<bool>()).prop_map(|(key, ok, owned)| Word::IpRequestResp {
            key,
            ok,
            owned
        }),
        hold().prop_map(|hold| Word::HbTakeover { hold }),
        (name(), name()).prop_map(|(node, result)| Word::Stonith { node, result }),
        number().prop_map(|number| Word::Ack { number }),
        (number(), number()).prop_map(|(a, b)| Word::Rexmit {
            first: a.min(b),
            last: a.max(b)
        }),
        number().prop_map(|number| Word::Nak { number }),
        (any::<bool>(), of(text())).prop_map(|(joined, info)| Word::ClientStatus { joined, info }),
        name().prop_map(|client| Word::QueryCstatus { client }),
        (name(), any::<bool>())
            .prop_map(|(client, online)| Word::RespondCstatus { client, online }),
        number().prop_map(|count| Word::NumPing { count }),
        select(
            &[
                Word::Reqnodes,
                Word::Starting,
                Word::Shutdone,
                Word::AbortGiveup,
                Word::YouAreDead
            ][..]
        ),
    ]
}

fn message() -> impl Strategy<Value = Message<'static>> {
    use prop::option::of;
    let when = (1..=u32::MAX, number(), 1..=u32::MAX);
    let client = (of(name()), of(name()), of(number()));
    let uuids = (any::<Option<[u8; 16]>>(), any::<Option<[u8; 16]>>());
    (
        name(),
        of(name()),
        uuids,
        when,
        of(text()),
        any::<Option<u16>>(),
        client,
        word(),
    )
        .prop_map(
            |(source, dest, uuids, when, load, ttl, client, word)| Message {
                source,
                source_uuid: uuids.0,
                number: word.is_numbered().then_some(when.0),
                generation: when.1,
                time: when.2,
                load,
                ttl,
                dest,
                dest_uuid: uuids.1,
                client: Client {
                    from: client.0,
                    to: client.1,
                    generation: client.2,
                },
                word,
            },
        )
}

fn keys() -> impl Strategy<Value = Keyring> {
    let keys = [
        (0, Method::Crc, ""),
        (7, Method::Md5, "k"),
        (15, Method::Sha1, "secret"),
    ];
    select(&[0, 7, 15][..]).prop_map(move |signing| ring(signing, &keys))
}

fn any_framing() -> impl Strategy<Value = Framing> {
    select(&[Framing::Classic, Framing::Netstring, Framing::Twofold][..])
}

/// What frames are made of.
const PIECES: [&[u8]; 25] = [
    b"###\n",
    b"%%%\n",
    b">>>\n",
    b"<<<\n",
    b"\n",
    b"=",
    b",",
    b":",
    b"(0)",
    b"(1)",
    b"(2)",
    b"t=status",
    b"12:(0)t=status,",
    b"src=a",
    b"9:(0)src=a,",
    b"seq=1",
    b"ts=1",
    b"8:(0)ts=1,",
    b"auth=1 0",
    b"3:1 0,",
    b"99999999999:",
    b"1024:",
    b"\0",
    b"\xff",
    b"\x13",
];
const MARKS: [&[u8]; 3] = [b"", b"###\n", b">>>\n"];

/// Such pieces in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(select(&PIECES[..]), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    // A seed that fails is printed; it becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_taken_apart_or_refused(
        bytes in prop_oneof![pieces(), prop::collection::vec(any::<u8>(), 0..1100)], mark in select(&MARKS[..]),
        keys in keys(),
    ) {
        let bytes = [mark, &bytes].concat();
        prop_assert!(decode(&bytes, &keys).is_err());
        let mut collector = Collector::new();
        let mut rest = &bytes[..];
        while let Some(frame) = collector.feed(&mut rest) {
            prop_assert!(frame.starts_with(b">>>\n") && frame.ends_with(b"<<<\n") && frame.len() <= MAX_FRAME);
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn any_signed_fields_are_read_or_refused_and_what_is_read_can_be_written(
        fields in prop::collection::vec((any::<Index>(), "[ -~\n\r\0\u{13}\u{e9}]{0,20}"), 0..12), classic in any::<bool>(), keys in keys(),
    ) {
        const NAMES: [&str; 14] = ["st", "dt", "rsc_hold", "info", "nodelist", "ipaddr", "firstseq", "lastseq", "ld", "ttl", "(1)srcuuid", "(1)destuuid", "dest", "hg"];
        let mut lines = vec!["t=resource".to_owned(), "src=a".to_owned(), "seq=1".to_owned(), "ts=1".to_owned(), "rsc_hold=all".to_owned()];
        lines.extend(fields.iter().map(|(name, value)| format!("{}={value}", name.get(&NAMES))));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let bytes = if classic { signed(&keys, &(lines.join("\n") + "\n")) } else { netstrings(&keys, &lines) };
        if let Ok(message) = decode(&bytes, &keys) {
            let mut buf = [0; MAX_FRAME];
            if let Ok(len) = encode(&message, Framing::Twofold, &keys, &mut buf) {
                prop_assert_eq!(decode(&buf[..len], &keys), Ok(message));
            }
        }
    }

    #[test]
    fn a_message_comes_back_as_it_went(message in message(), framing in any_framing(), keys in keys()) {
        let bytes = encoded(&message, framing, &keys);
        prop_assert!(bytes.len() <= MAX_FRAME);
        prop_assert_eq!(decode(&bytes, &keys), Ok(message));
    }

    #[test]
    fn a_changed_frame_is_refused(
        message in message(), framing in any_framing(), keys in keys(), at in any::<Index>(), flip in 1u8..=255, cut in any::<bool>(),
    ) {
        let mut bytes = encoded(&message, framing, &keys);
        let at = at.index(bytes.len());
        if cut {
            bytes.remove(at);
        } else {
            bytes[at] ^= flip;
        }
        prop_assert!(decode(&bytes, &keys).is_err(), "byte {} changed: {}", at, bytes.escape_ascii());
    }

    #[test]
    fn a_noisy_line_loses_no_frame_that_is_whole(
        frames in subsequence(serial(), 1..8), noise in prop::collection::vec(prop_oneof![pieces(), prop::collection::vec(any::<u8>(), 0..300)], 8),
        piece in 1usize..400,
    ) {
        let keys = recorded("s4");
        let line: Vec<u8> = frames.iter().zip(&noise).flat_map(|(frame, noise)| [noise.clone(), frame.clone()].concat()).collect();
        let (mut collector, mut found) = (Collector::new(), Vec::new());
        for mut rest in line.chunks(piece) {
            while let Some(bytes) = collector.feed(&mut rest) {
                if decode(bytes, &keys).is_ok() {
                    found.push(bytes.to_vec());
                }
            }
        }
        prop_assert_eq!(found, frames);
    }
}

/// What was recorded on a serial line.
fn serial() -> Vec<Vec<u8>> {
    let all = vectors().into_iter();
    all.filter(|(name, _)| name.starts_with("s4"))
        .map(|(_, bytes)| bytes)
        .collect()
}
