//! Nothing that was changed, forged or malformed is believed, and nothing is written that a real one would
//! trip over.

use crate::FRAMINGS;
use crate::keys::{encoded, message, netstrings, recorded, ring, signed, vectors};
use twinbeat::action::Reject;
use twinbeat::config::Method;
use twinbeat::wire::linux_ha::{
    Client, Framing, Hold, Info, MAX_FRAME, MAX_KEY, Message, Phase, State, Unsayable, Word,
    decode, encode,
};

#[test]
fn a_changed_byte_a_lost_end_and_a_longer_one_are_refused() {
    for (name, bytes) in vectors() {
        let keys = recorded(&name);
        for at in 0..bytes.len() {
            for flip in [1 << (at % 8), 0x20, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                assert!(decode(&changed, &keys).is_err(), "{name} at {at}");
            }
            assert!(decode(&bytes[..at], &keys).is_err(), "{name} cut at {at}");
        }
        for more in [0, b'\n', b',', b'>'] {
            assert!(decode(&[&bytes[..], &[more]].concat(), &keys).is_err());
        }
    }
}

#[test]
fn a_key_proves_by_its_number_whichever_signs() {
    let keys = [
        (1, Method::Md5, "old"),
        (2, Method::Sha1, "new"),
        (9, Method::Crc, ""),
        (3, Method::Sha256, "secret"),
    ];
    for signing in [1, 2, 9] {
        for framing in FRAMINGS {
            let bytes = encoded(&message(Word::Starting), framing, &ring(signing, &keys));
            for other in [1, 2, 9] {
                assert!(decode(&bytes, &ring(other, &keys)).is_ok());
            }
            let others: Vec<_> = keys.into_iter().filter(|key| key.0 != signing).collect();
            assert_eq!(
                decode(&bytes, &ring(9, &others)),
                Err(Reject::UnknownKey),
                "{signing}"
            );
            let changed = [(1, Method::Md5, "Old"), (2, Method::Sha1, "New")];
            if signing < 3 {
                assert_eq!(decode(&bytes, &ring(1, &changed)), Err(Reject::BadTag));
            }
        }
    }
    // No real one knows sha256.
    let message = message(Word::Starting);
    let refused = encode(
        &message,
        Framing::Netstring,
        &ring(3, &keys),
        &mut [0; MAX_FRAME],
    );
    assert_eq!(refused, Err(Unsayable::NoKey));
}

#[test]
fn what_aborts_a_real_daemon_or_lies_about_its_length_is_refused() {
    let keys = ring(1, &[(1, Method::Crc, "")]);
    for bytes in [
        &b"###\n3:abc,%%%\n"[..],
        b"###\n",
        b"###\n%%%\n",
        b"###\n%%%\n1:1,",
        b"###\n%%%\n10:1 00000000,",
        b"###\n4294967295:(0)t=a,%%%\n",
        b"###\n99999999999999999999:(0)t=a,%%%\n",
        b"###\n0:,%%%\n",
        b"###\n9:(0)t=status,%%%\n",
        b"###\n11:(2)t=status,%%%\n10:1 00000000,",
        b">>>\n",
        b">>>\n<<<\n",
        b">>>\nauth=1 0\n<<<\n",
        b">>>\n\n<<<\n",
        b">>>\n=\n<<<\n",
        b">>>\nt\n<<<\n",
        b">>>\nauth=1 0\n<<<",
        b">>>\nauth=1\n<<<\n",
        b">>>\nauth= 0\n<<<\n",
        b">>>\nauth=4294967297 0\n<<<\n",
    ] {
        assert!(decode(bytes, &keys).is_err(), "{}", bytes.escape_ascii());
    }
    assert_eq!(decode(b"", &keys), Err(Reject::ForeignDialect));
    assert_eq!(
        decode(b"\x11\x00native", &keys),
        Err(Reject::ForeignDialect)
    );
}

#[test]
fn of_two_fields_the_first_counts_and_of_two_signatures_none() {
    let keys = ring(1, &[(1, Method::Sha1, "key")]);
    let bytes = netstrings(
        &keys,
        &["t=starting", "src=a", "src=b", "seq=1", "seq=2", "ts=1"],
    );
    let message = decode(&bytes, &keys).unwrap();
    assert_eq!((message.source, message.number), ("a", Some(1)));
    let text = String::from_utf8(signed(&keys, "t=starting\nsrc=a\nseq=1\nts=1\n")).unwrap();
    assert!(decode(text.as_bytes(), &keys).is_ok());
    // Neither of them would cover the other.
    let twice = text.replace("t=starting\n", "auth=1 00\nt=starting\n");
    assert_eq!(decode(twice.as_bytes(), &keys), Err(Reject::Malformed));
    let twice = text.replace("<<<\n", "auth=1 00\n<<<\n");
    assert_eq!(decode(twice.as_bytes(), &keys), Err(Reject::Malformed));
}

#[test]
fn nothing_that_could_hurt_a_log_a_path_or_a_script_gets_in_even_when_signed() {
    let keys = ring(1, &[(1, Method::Sha1, "key")]);
    let long = "n".repeat(100);
    for bad in [
        "a\nb", "a\0b", "\x1b[2J", "a b", "../a", "a;b", "$(a)", "a\"", "\u{e9}", "", &long,
    ] {
        for field in ["t", "src", "dest"] {
            let of = |name| if name == field { bad } else { "a" };
            let fields = [
                &format!("t={}", of("t")),
                &format!("src={}", of("src")),
                &format!("dest={}", of("dest")),
                "seq=1",
                "ts=1",
            ];
            let expected = if field == "dest" && bad.is_empty() {
                Ok(()) // as good as none
            } else {
                Err(Reject::Malformed)
            };
            let read = decode(&netstrings(&keys, &fields), &keys).map(|_| ());
            assert_eq!(read, expected, "{field}={bad:?}");
        }
        // What says more than it should is no word, but its number counts.
        let fields = [
            "t=stonith",
            &format!("node={bad}"),
            "result=bad",
            "src=a",
            "seq=b",
            "ts=1",
        ];
        let read = netstrings(&keys, &fields);
        let read = decode(&read, &keys).unwrap();
        assert_eq!(read.word, Word::Unknown { name: "stonith" });
        assert_eq!(read.number, Some(11));
    }
}

#[test]
fn a_header_that_is_missing_or_overflows_is_refused() {
    let keys = ring(1, &[(1, Method::Crc, "")]);
    let read = |fields: &[&str]| {
        decode(&netstrings(&keys, fields), &keys).map(|m| (m.number, m.generation, m.time))
    };
    assert_eq!(
        read(&["t=status", "src=a", "seq=ffffffff", "ts=A"]),
        Ok((Some(u32::MAX), 0, 10))
    );
    assert_eq!(
        read(&["t=NS_ackmsg", "src=a", "seq=7", "hg=10", "ts=1"]),
        Ok((None, 16, 1))
    );
    for fields in [
        &["t=status", "src=a", "seq=100000000", "ts=1"][..],
        &["t=status", "src=a", "seq=0", "ts=1"],
        &["t=status", "src=a", "seq=-1", "ts=1"],
        &["t=status", "src=a", "seq=+1", "ts=1"],
        &["t=status", "src=a", "seq=1", "ts=0"],
        &["t=status", "src=a", "seq=1", "ts=100000000"],
        &["t=status", "src=a", "seq=1", "ts=1", "hg=100000000"],
        &["t=status", "src=a", "seq=1", "ts=1", "hg=x"],
        &["t=status", "src=a", "seq=1", "ts=1", "(1)srcuuid=short"],
        &[
            "t=status",
            "src=a",
            "seq=1",
            "ts=1",
            "(1)destuuid=0123456789abcdefg",
        ],
        &["t=status", "src=a", "ts=1"],
        &["t=status", "src=a", "seq=1"],
        &["t=status", "seq=1", "ts=1"],
        &["src=a", "seq=1", "ts=1"],
        &["t=status", "src=a", "(1)seq=1", "ts=1"],
    ] {
        assert_eq!(read(fields), Err(Reject::Malformed), "{fields:?}");
    }
}

#[test]
fn two_hundred_fields_are_skipped_and_a_longer_frame_refused() {
    let keys = ring(1, &[(1, Method::Crc, "")]);
    let mut fields = vec!["t=starting", "src=a", "seq=1", "ts=1"];
    fields.resize(96, "x=1,2");
    let bytes = netstrings(&keys, &fields[..60]);
    assert!(bytes.len() < MAX_FRAME && decode(&bytes, &keys).is_ok());
    fields.resize(200, "a=");
    let bytes = netstrings(&keys, &fields);
    assert!(bytes.len() > MAX_FRAME);
    assert_eq!(decode(&bytes, &keys), Err(Reject::Malformed));
}

/// The longest of each word that is sent, with names of so many bytes.
fn longest<'a>(
    name: &'a str,
    list: &'a str,
    key: &'a str,
    load: Option<&'a str>,
) -> Vec<Message<'a>> {
    let words = [
        Word::Status {
            state: State::Active,
            deadtime: Some(u32::MAX),
            protocol: Some(1),
        },
        Word::Repnodes { nodes: list },
        Word::Resource {
            hold: Hold::Foreign,
            full: true,
            stable: Some(false),
            info: Some(Info::Acquired),
        },
        Word::AskResources {
            hold: Hold::Foreign,
            phase: Phase::Other,
        },
        Word::IpRequestResp {
            key,
            ok: true,
            owned: true,
        },
        Word::Stonith {
            node: name,
            result: "unneeded",
        },
        Word::Rexmit {
            first: u32::MAX,
            last: u32::MAX,
        },
        Word::RespondCstatus {
            client: name,
            online: false,
        },
        Word::NumPing { count: u32::MAX },
    ];
    let client = |word: &Word<'_>| {
        let of = Client {
            from: Some("ipfail"),
            to: Some("ipfail"),
            generation: Some(u32::MAX),
        };
        match word {
            Word::AskResources { .. } | Word::NumPing { .. } | Word::RespondCstatus { .. } => of,
            _ => Client::default(),
        }
    };
    let whole = |word: Word<'a>| Message {
        source: name,
        source_uuid: Some([0xff; 16]),
        number: word.is_numbered().then_some(u32::MAX),
        generation: u32::MAX,
        time: u32::MAX,
        load,
        ttl: Some(u16::MAX),
        dest: Some(name),
        dest_uuid: Some([0xff; 16]),
        client: client(&word),
        word,
    };
    words.into_iter().map(whole).collect()
}

#[test]
fn whatever_is_sent_fits_a_frame_and_with_short_names_512_bytes() {
    let keys = ring(15, &[(15, Method::Sha1, "key")]);
    let load = Some("100.00 100.00 100.00 1000/1000 4194304");
    // The longest that a configuration takes.
    let (name, key) = ("n".repeat(63), "k".repeat(MAX_KEY));
    let list = format!("{name} {name} ");
    for message in longest(&name, &list, &key, load) {
        for framing in FRAMINGS {
            let len = encoded(&message, framing, &keys).len();
            assert!(len <= MAX_FRAME, "{len}: {message:?}");
        }
    }
    let (name, key) = ("n".repeat(20), "k".repeat(64));
    let list = format!("{name} {name} ");
    for message in longest(&name, &list, &key, None) {
        for framing in [Framing::Classic, Framing::Netstring] {
            let len = encoded(&message, framing, &keys).len();
            assert!(len <= 512, "{len}: {message:?}");
        }
    }
}

#[test]
fn what_a_real_one_would_trip_over_is_never_written() {
    let keys = ring(1, &[(1, Method::Crc, "")]);
    let say = |message: &Message<'_>| encode(message, Framing::Classic, &keys, &mut [0; MAX_FRAME]);
    assert!(say(&message(Word::Starting)).is_ok());
    for bad in ["", "a\nb", "a\0", "\u{13}", "\u{e9}"] {
        let word = Word::IpRequest { key: bad };
        assert_eq!(say(&message(word)), Err(Unsayable::Value), "{bad:?}");
        let from = Message {
            source: bad,
            ..message(Word::Starting)
        };
        assert_eq!(say(&from), Err(Unsayable::Value));
    }
    let unknown = Word::Unknown { name: "other" };
    assert_eq!(say(&message(unknown)), Err(Unsayable::Unknown));
    let whole = encoded(&message(Word::Starting), Framing::Twofold, &keys);
    for room in 0..whole.len() {
        let mut buf = vec![0; room];
        let refused = encode(&message(Word::Starting), Framing::Twofold, &keys, &mut buf);
        assert_eq!(refused, Err(Unsayable::TooLong));
    }
}
