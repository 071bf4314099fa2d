//! Golden bytes of the dialect of a real heartbeat: one frame of each word as lines, signed by `1 crc`, made
//! by hand and by another program. What a real one said itself lies in `tests/vectors/linux_ha`.

use crate::keys::{encoded, message, ring};
use twinbeat::config::Method;
use twinbeat::wire::linux_ha::{Framing, Hold, Info, Message, Phase, State, Word, decode};

#[test]
fn each_word_has_the_bytes_that_it_always_had() {
    let keys = ring(1, &[(1, Method::Crc, "")]);
    for (word, lines, crc) in golden() {
        let dest = lines.contains("dest=").then_some("beta");
        let message = Message {
            dest,
            ..message(word)
        };
        let frame = format!(">>>\n{lines}auth=1 {crc}\n<<<\n");
        let bytes = encoded(&message, Framing::Classic, &keys);
        assert_eq!(String::from_utf8(bytes).unwrap(), frame);
        assert_eq!(decode(frame.as_bytes(), &keys), Ok(message));
    }
}

fn golden() -> Vec<(Word<'static>, &'static str, &'static str)> {
    vec![
        (
            Word::Status {
                state: State::Up,
                deadtime: Some(10_000),
                protocol: Some(1),
            },
            "t=status\nst=up\ndt=2710\nprotocol=1\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "a305c3a6",
        ),
        (
            Word::Reqnodes,
            "t=reqnodes\ndest=beta\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "931852de",
        ),
        (
            Word::Repnodes {
                nodes: "alpha beta ",
            },
            "dest=beta\nt=repnodes\nnodelist=alpha beta \ndelnodelist= \nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "c8cbbc4b",
        ),
        (
            Word::Starting,
            "t=starting\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "c91c827d",
        ),
        (
            Word::Resource {
                hold: Hold::All,
                full: true,
                stable: Some(true),
                info: Some(Info::Acquired),
            },
            "t=resource\nrsc_hold=all\nrtype=full\nisstable=1\ninfo=req_our_resources()\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "750c8e9a",
        ),
        (
            Word::Resource {
                hold: Hold::Foreign,
                full: false,
                stable: None,
                info: Some(Info::MachDown),
            },
            "t=resource\nrsc_hold=foreign\ninfo=mach_down\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "521f7109",
        ),
        (
            Word::AskResources {
                hold: Hold::Local,
                phase: Phase::Other,
            },
            "t=ask_resources\nrsc_hold=local\ninfo=other\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "c54071a1",
        ),
        (
            Word::IpRequest {
                key: "IPaddr2::10.0.0.1/24/eth0",
            },
            "t=ip-request\nipaddr=IPaddr2::10.0.0.1/24/eth0\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "e36af98a",
        ),
        (
            Word::IpRequestResp {
                key: "10.0.0.1",
                ok: true,
                owned: true,
            },
            "t=ip-request-resp\ndest=beta\nipaddr=10.0.0.1\nweown=yes\nok=OK\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "eb27e21",
        ),
        (
            Word::HbTakeover { hold: Hold::All },
            "t=hb_takeover\nrsc_hold=all\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "b4fb7a36",
        ),
        (
            Word::Shutdone,
            "t=shutdone\nst=dead\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "2674b431",
        ),
        (
            Word::Stonith {
                node: "beta",
                result: "n_stnth",
            },
            "t=stonith\nnode=beta\nresult=n_stnth\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "ae16134e",
        ),
        (
            Word::Ack { number: 0x1f },
            "t=NS_ackmsg\ndest=beta\nackseq=1f\nsrc=alpha\nhg=6b020a84\nts=6b020a85\n",
            "5d1c5e2e",
        ),
        (
            Word::Rexmit {
                first: 31,
                last: 32,
            },
            "t=NS_rexmit\ndest=beta\nfirstseq=31\nlastseq=32\nsrc=alpha\nhg=6b020a84\nts=6b020a85\n",
            "b980292a",
        ),
        (
            Word::Nak { number: 0x1f },
            "t=NS_nak_rexmit\ndest=beta\nfirstseq=1f\ninfo=seqno too low\nsrc=alpha\nhg=6b020a84\nts=6b020a85\n",
            "c9c8405e",
        ),
        (
            Word::ClientStatus {
                joined: true,
                info: Some("signon"),
            },
            "t=hbapi-clstat\nst=join\nsrc=alpha\ninfo=signon\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "f51a4b1d",
        ),
        (
            Word::QueryCstatus { client: "ipfail" },
            "t=query-cstatus\ndest=beta\ncn=ipfail\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "2d867e95",
        ),
        (
            Word::RespondCstatus {
                client: "ipfail",
                online: true,
            },
            "t=respond-cstatus\ndest=beta\nresult=OK\ncn=ipfail\ncs=online\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "bbb0a15f",
        ),
        (
            Word::NumPing { count: 12 },
            "t=num_ping_nodes\nsrc=alpha\nnum_ping=12\ndest=beta\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "6ca8d2cd",
        ),
        (
            Word::AbortGiveup,
            "t=abort_giveup\nsrc=alpha\ndest=beta\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "87bf8cb1",
        ),
        (
            Word::YouAreDead,
            "t=you_are_dead\ndest=beta\nsrc=alpha\nseq=2a\nhg=6b020a84\nts=6b020a85\n",
            "f605c3c2",
        ),
    ]
}
