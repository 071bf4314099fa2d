//! The dialect of a real heartbeat: what it said is read and written again to the same bytes, and
//! whatever else comes is taken apart or refused.

mod golden;
mod keys;
mod properties;
mod refusal;
mod sequences;

use keys::{encoded, framing, recorded, vectors};
use twinbeat::wire::linux_ha::{Framing, Word, decode};

const FRAMINGS: [Framing; 3] = [Framing::Classic, Framing::Netstring, Framing::Twofold];

#[test]
fn every_recorded_message_is_read_and_written_again_to_the_same_bytes() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 218);
    for (name, bytes) in vectors {
        let keys = recorded(&name);
        let message = decode(&bytes, &keys).unwrap_or_else(|why| panic!("{name}: {why:?}"));
        assert!(
            !matches!(message.word, Word::Unknown { .. }),
            "{name}: {message:?}"
        );
        assert!(name.ends_with(message.source), "{name}: {message:?}");
        let again = encoded(&message, framing(&bytes), &keys);
        assert_eq!(
            again.escape_ascii().to_string(),
            bytes.escape_ascii().to_string(),
            "{name}"
        );
    }
}

#[test]
fn a_recorded_message_means_the_same_in_every_framing() {
    for (name, bytes) in vectors() {
        let keys = recorded(&name);
        let message = decode(&bytes, &keys).unwrap();
        for framing in FRAMINGS {
            assert_eq!(
                decode(&encoded(&message, framing, &keys), &keys),
                Ok(message.clone())
            );
        }
    }
}
