//! Messages in the story of a seed.

/// The fields of a message that tell something.
pub(super) fn brief(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace(['\n', ','], " ");
    let words = text
        .split(' ')
        .map(|word| word.rsplit(')').next().unwrap_or(word));
    let known = [
        "t=",
        "st=",
        "rsc_hold=",
        "info=",
        "isstable=",
        "seq=",
        "firstseq=",
        "ipaddr=",
    ];
    words
        .filter(|word| known.iter().any(|name| word.starts_with(name)))
        .collect::<Vec<_>>()
        .join(" ")
}
