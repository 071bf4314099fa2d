//! The dialect of a real heartbeat: what it said is read and written again to the same bytes, and
//! whatever else comes is taken apart or refused.

use std::fs;
use std::path::{Path, PathBuf};

use twinbeat::auth::Keyring;
use twinbeat::config::{Key, Keys, Method};
use twinbeat::wire::linux_ha::{self, Framing, MAX_FRAME, Message, Word};

fn ring(signing: u8, keys: &[(u8, Method, &str)]) -> Keyring {
    let key = |(number, method, secret): &(u8, Method, &str)| Key {
        number: *number,
        method: *method,
        secret: heapless::Vec::from_slice(secret.as_bytes()).unwrap(),
    };
    let keys = keys.iter().map(key).collect();
    Keyring::new(&Keys { keys, signing }, "linux-ha")
}

/// The keys that a recorded message was signed with.
fn recorded(name: &str) -> Keyring {
    let (number, method, secret) = match &name[..2] {
        "s1" => (1, Method::Crc, ""),
        "s2" => (1, Method::Md5, "Hello123"),
        "s3" => (3, Method::Sha1, "SecretKey42"),
        "s4" => (1, Method::Sha1, "SerialKey"),
        "s5" => (1, Method::Sha1, "k5"),
        other => panic!("no keys for {other}"),
    };
    ring(number, &[(number, method, secret)])
}

fn vectors() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/linux_ha");
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension() == Some("msg".as_ref()))
        .collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths
        .iter()
        .map(|path| (name(path), fs::read(path).unwrap()))
        .collect()
}

fn framing(bytes: &[u8]) -> Framing {
    if bytes.starts_with(b">>>") {
        Framing::Classic
    } else {
        Framing::Twofold
    }
}

fn encoded(message: &Message<'_>, framing: Framing, keys: &Keyring) -> Vec<u8> {
    let mut buf = [0xee; MAX_FRAME];
    let len = linux_ha::encode(message, framing, keys, &mut buf).unwrap();
    buf[..len].to_vec()
}

#[test]
fn every_recorded_message_is_read_and_written_again_to_the_same_bytes() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 218);
    for (name, bytes) in vectors {
        let keys = recorded(&name);
        let message =
            linux_ha::decode(&bytes, &keys).unwrap_or_else(|why| panic!("{name}: {why:?}"));
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
