//! Fields: their names, their order in each word, and how one is cut from a frame.

/// A field that is known, by its place in [`NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Field {
    Type,
    State,
    Deadtime,
    Protocol,
    Hold,
    Full,
    Stable,
    Info,
    Key,
    Owned,
    Ok,
    Node,
    Result,
    Nodes,
    NoNodes,
    Acked,
    First,
    Last,
    Client,
    ClientState,
    Ping,
    From,
    To,
    ClientGeneration,
    Dest,
    DestUuid,
    Source,
    SourceUuid,
    Number,
    Generation,
    Time,
    Load,
    Ttl,
    Auth,
}

/// How many there are.
pub(super) const FIELDS: usize = Field::Auth as usize + 1;

/// As they are written (PROTOCOL 3), in the order of [`Field`].
pub(super) const NAMES: &str = "t st dt protocol rsc_hold rtype isstable info ipaddr weown ok node result nodelist \
    delnodelist ackseq firstseq lastseq cn cs num_ping from_id to_id client_gen dest \
    destuuid src srcuuid seq hg ts ld ttl auth";

/// Which word it is, by its place in [`WORDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Status,
    Reqnodes,
    Repnodes,
    Starting,
    Resource,
    AskResources,
    IpRequest,
    IpRequestResp,
    HbTakeover,
    Shutdone,
    Stonith,
    Ack,
    Rexmit,
    Nak,
    ClientStatus,
    QueryCstatus,
    RespondCstatus,
    NumPing,
    AbortGiveup,
    YouAreDead,
}

/// Each word's name and the fields that a real one writes before the common ones. The order says nothing
/// but is signed, and a known order is one thing less for a real one to stumble over.
pub(super) const WORDS: [(&str, Kind, &[Field]); 20] = {
    use Field::*;
    [
        ("status", Kind::Status, &[Type, State, Deadtime, Protocol]),
        ("reqnodes", Kind::Reqnodes, &[Type, Dest]),
        ("repnodes", Kind::Repnodes, &[Dest, Type, Nodes, NoNodes]),
        ("starting", Kind::Starting, &[Type]),
        (
            "resource",
            Kind::Resource,
            &[Type, Hold, Full, Stable, Info],
        ),
        ("ask_resources", Kind::AskResources, &[Type, Hold, Info]),
        ("ip-request", Kind::IpRequest, &[Type, Key]),
        (
            "ip-request-resp",
            Kind::IpRequestResp,
            &[Type, Dest, Key, Owned, Ok],
        ),
        ("hb_takeover", Kind::HbTakeover, &[Type, Hold]),
        ("shutdone", Kind::Shutdone, &[Type, State]),
        ("stonith", Kind::Stonith, &[Type, Node, Result]),
        ("NS_ackmsg", Kind::Ack, &[Type, Dest, Acked]),
        ("NS_rexmit", Kind::Rexmit, &[Type, Dest, First, Last]),
        ("NS_nak_rexmit", Kind::Nak, &[Type, Dest, First, Info]),
        (
            "hbapi-clstat",
            Kind::ClientStatus,
            &[Type, State, From, To, Source, Info, ClientGeneration],
        ),
        (
            "query-cstatus",
            Kind::QueryCstatus,
            &[Type, Dest, Client, From],
        ),
        (
            "respond-cstatus",
            Kind::RespondCstatus,
            &[Type, Dest, Result, Client, To, ClientState],
        ),
        ("num_ping_nodes", Kind::NumPing, &[Type, Source, Ping, Dest]),
        ("abort_giveup", Kind::AbortGiveup, &[Type, Source, Dest]),
        ("you_are_dead", Kind::YouAreDead, &[Type, Dest]),
    ]
};

/// `ask_resources` of a client: the daemon adds its fields to what the client wrote.
pub(super) const ASKED_BY_CLIENT: &[Field] =
    &[Field::Type, Field::Hold, Field::Source, Field::Info];

/// What follows in every word, as far as it was not yet written.
pub(super) const COMMON: &[Field] = {
    use Field::*;
    &[
        From,
        To,
        ClientGeneration,
        Dest,
        DestUuid,
        Source,
        SourceUuid,
        Number,
        Generation,
        Time,
        Load,
        Ttl,
    ]
};

/// The place of a text among words with a blank between two.
#[inline(never)]
pub(super) fn place(words: &str, text: &[u8]) -> Option<usize> {
    let mut words = words.as_bytes().split(|byte| *byte == b' ');
    words.position(|word| word == text)
}

/// The word at a place.
#[inline(never)]
pub(super) fn word(words: &'static str, place: usize) -> Option<&'static str> {
    words.split(' ').nth(place)
}

/// The field that comes first in `rest`, which then begins behind it: name, value, whether it is binary.
/// `None` for what is no field, or of a type that v1 mode does not have.
pub(super) fn take<'a>(rest: &mut &'a [u8], classic: bool) -> Option<(&'a [u8], &'a [u8], bool)> {
    let (mut field, end);
    if classic {
        end = rest.iter().position(|byte| *byte == b'\n')?;
        (field, *rest) = rest.split_at_checked(end)?;
        (_, *rest) = rest.split_first()?;
    } else {
        field = netstring(rest)?;
    }
    let binary = match field {
        [b'(', digit, b')', more @ ..] => {
            field = more;
            // Text is marked in netstrings only.
            match digit {
                b'0' if !classic => false,
                b'1' => true,
                _ => return None,
            }
        }
        _ if classic => false,
        _ => return None,
    };
    let equals = field.iter().position(|byte| *byte == b'=')?;
    let (name, value) = field.split_at_checked(equals)?;
    let (_, value) = value.split_first()?;
    (!name.is_empty()).then_some((name, value, binary))
}

/// The netstring that comes first in `rest`, which then begins behind it.
pub(super) fn netstring<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (len, more) = rest.split_at_checked(digits)?;
    let len = usize::try_from(number(len, 10)?).ok()?;
    let (text, more) = more.strip_prefix(b":")?.split_at_checked(len)?;
    *rest = more.strip_prefix(b",")?;
    Some(text)
}

/// A number of any digits that fits.
pub(super) fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit.wrapping_sub(b'0'),
            _ => (digit | 0x20).checked_sub(b'a')?.checked_add(10)?,
        };
        let value = Some(u32::from(value)).filter(|value| *value < radix)?;
        number.checked_mul(radix)?.checked_add(value)
    })
}

/// A digit, lower case.
pub fn digit(value: u32) -> u8 {
    let digit = char::from_digit(value, 16).unwrap_or('0');
    u32::from(digit).to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_words_stand_in_the_order_of_their_numbers() {
        for (field, name) in [
            (Field::Auth, "auth"),
            (Field::Client, "cn"),
            (Field::ClientGeneration, "client_gen"),
        ] {
            assert_eq!(word(NAMES, field as usize), Some(name));
            assert_eq!(place(NAMES, name.as_bytes()), Some(field as usize));
        }
        assert_eq!((word(NAMES, FIELDS), place(NAMES, b"")), (None, None));
        for (position, (_, kind, _)) in WORDS.iter().enumerate() {
            assert_eq!(*kind as usize, position);
        }
    }

    #[test]
    fn a_length_that_overflows_or_lies_is_no_netstring() {
        for text in [
            &b"4294967296:a,"[..],
            b"99999999999999999999:a,",
            b"4294967295:a,",
            b":,",
            b"1:a",
            b"1a,",
            b"1:ab",
            b"-1:a,",
            b"+1:a,",
            b"2:a,",
            b"0:",
            b"",
            b"1",
        ] {
            assert_eq!(netstring(&mut &*text), None, "{text:?}");
        }
        assert_eq!(netstring(&mut &b"0:,"[..]), Some(&b""[..]));
    }

    #[test]
    fn what_would_abort_a_real_parser_is_no_field() {
        for text in [
            &b"3:abc,"[..],
            b"1:(,",
            b"3:(0),",
            b"5:(0)ab,",
            b"6:(0)=ab,",
            b"6:(2)a=b,",
            b"0:,",
        ] {
            assert_eq!(take(&mut &*text, false), None, "{text:?}");
        }
        let mut rest = &b"6:(0)a==,7"[..];
        assert_eq!(take(&mut rest, false), Some((&b"a"[..], &b"="[..], false)));
        assert_eq!(rest, b"7");
    }
}
