//! Keys and frames for the tests of the dialect of a real heartbeat.

use std::fs;
use std::path::Path;

use twinbeat::auth::Keyring;
use twinbeat::config::{Key, Keys, Method};
use twinbeat::wire::linux_ha::{Client, Framing, MAX_FRAME, Message, Sign, Word, encode};

/// Keys by number, method and secret; one signs.
pub(crate) fn ring(signing: u8, keys: &[(u8, Method, &str)]) -> Keyring {
    let key = |(number, method, secret): &(u8, Method, &str)| Key {
        number: *number,
        method: *method,
        secret: heapless::Vec::from_slice(secret.as_bytes()).unwrap(),
    };
    let keys = keys.iter().map(key).collect();
    Keyring::new(&Keys { keys, signing }, "linux-ha")
}

/// The keys that a recorded message was signed with.
pub(crate) fn recorded(name: &str) -> Keyring {
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

/// All recorded messages, by name.
pub(crate) fn vectors() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/linux_ha");
    let mut vectors = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "msg") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            vectors.push((name, fs::read(path).unwrap()));
        }
    }
    vectors.sort();
    vectors
}

/// How a recorded one is framed.
pub(crate) fn framing(bytes: &[u8]) -> Framing {
    if bytes.starts_with(b">>>") {
        Framing::Classic
    } else {
        Framing::Twofold
    }
}

/// A message as bytes.
pub(crate) fn encoded(message: &Message<'_>, framing: Framing, keys: &Keyring) -> Vec<u8> {
    let mut buf = [0xee; MAX_FRAME];
    let len = encode(message, framing, keys, &mut buf).unwrap();
    buf[..len].to_vec()
}

/// A short message that says this.
pub(crate) fn message(word: Word<'_>) -> Message<'_> {
    Message {
        source: "alpha",
        source_uuid: None,
        number: word.is_numbered().then_some(0x2a),
        generation: 0x6b02_0a84,
        time: 0x6b02_0a85,
        load: None,
        ttl: None,
        dest: None,
        dest_uuid: None,
        client: Client::default(),
        word,
    }
}

/// A signed frame of any fields, text or marked as binary by a `(1)`.
pub(crate) fn netstrings(keys: &Keyring, fields: &[&str]) -> Vec<u8> {
    let mut bytes = b"###\n".to_vec();
    for field in fields {
        let mark = if field.starts_with('(') { "" } else { "(0)" };
        let len = mark.len() + field.len();
        bytes.extend_from_slice(format!("{len}:{mark}{field},").as_bytes());
    }
    bytes.extend_from_slice(b"%%%\n");
    let proof = proof(keys, &bytes);
    bytes.extend_from_slice(format!("{}:{proof},", proof.len()).as_bytes());
    bytes
}

/// A signed frame of lines.
pub(crate) fn signed(keys: &Keyring, lines: &str) -> Vec<u8> {
    let proof = proof(keys, lines.as_bytes());
    format!(">>>\n{lines}auth={proof}\n<<<\n").into_bytes()
}

fn proof(keys: &Keyring, bytes: &[u8]) -> String {
    String::from_utf8(keys.signature(None, &[bytes]).unwrap().to_vec()).unwrap()
}
