//! `twinbeat status --metrics`: Prometheus' text format, made by the client of what `--json` said.
//!
//! ```text
//! nodes[].paths[].loss_ppm   twinbeat_path_loss_ratio{node="beta",link="bcast eth0"} 0.001953
//! links[].sent               twinbeat_link_sent_total{link="bcast eth0"} 12
//! groups[].state             twinbeat_group_state{group="10.0.0.1",state="held"} 1
//! rejected.stale             twinbeat_rejected_total{reason="stale"} 3
//! ```
//! So every number and flag is a metric, new ones too: named by the innermost list and the member, in
//! base units, with the names of all it is in as labels. Of texts only those of few values are.

use std::fmt::Write as _;

/// Members that only grow.
const COUNTERS: &str = "sent unsent received accepted noise frames missed rejected";
/// Texts of few values.
const STATES: &str = "state carrier holder";
/// Ends of members, the unit in a metric's name, and digits behind its point.
const UNITS: [(&str, &str, usize); 4] = [
    ("_ms", "_seconds", 3),
    ("_us", "_seconds", 6),
    ("_ppm", "_ratio", 6),
    ("_s", "_seconds", 0),
];

/// From our own JSON; other text gives less.
pub(crate) fn metrics(json: &str) -> String {
    // A metric's name and its samples, which must stand together.
    let mut families: Vec<(String, String)> = Vec::new();
    let mut labels = String::new();
    // For each open bracket: the length of the labels before it, and the member it is the value of;
    // for an item of a list, the list.
    let mut places: Vec<(usize, &str)> = Vec::new();
    let (mut rest, mut member) = (json, "");
    while let Some(first) = rest.bytes().next() {
        let end = match first {
            b'"' => string_end(rest),
            b'0'..=b'9' | b'a'..=b'z' => {
                let mut bytes = rest.bytes();
                let end = bytes.position(|byte| matches!(byte, b',' | b'}' | b']'));
                end.unwrap_or(rest.len())
            }
            _ => 1,
        };
        let Some((token, after)) = rest.split_at_checked(end) else {
            break;
        };
        rest = after;
        let list = places.last().map_or("", |place| place.1);
        match first {
            b'{' | b'[' => {
                places.push((labels.len(), if member.is_empty() { list } else { member }));
                member = "";
            }
            b'}' | b']' => {
                labels.truncate(places.pop().map_or(0, |place| place.0));
                member = "";
            }
            b'"' if after.starts_with(':') => member = &token[1..end - 1],
            b',' => member = "",
            b':' => {}
            // An item of a list of texts.
            _ if member.is_empty() => {}
            _ => add(&mut families, &mut labels, list, member, token),
        }
    }
    let mut out = String::new();
    for (_, text) in &families {
        out.push_str(text);
    }
    out
}

/// One value: a label, a sample, or nothing.
fn add(
    families: &mut Vec<(String, String)>,
    labels: &mut String,
    list: &str,
    member: &str,
    token: &str,
) {
    let rejected = list == "rejected";
    let item = list.strip_suffix('s').unwrap_or(list);
    let what = if rejected { list } else { member };
    let before = labels.len();
    let mut value = token;
    if token.starts_with('"') {
        let (label, is_name) = match member {
            "name" | "key" => (item, true),
            _ => (member, matches!(member, "host" | "target" | "link")),
        };
        if list.is_empty() || !is_name && !is_among(member, STATES) {
            return;
        }
        for part in [label, "=", token, ","] {
            labels.push_str(part);
        }
        if is_name {
            return;
        }
        value = "1";
    }
    let flag = match token {
        "null" => return,
        "true" => "1",
        "false" => "0",
        _ => "",
    };
    let mut name = "twinbeat_".to_owned();
    if rejected {
        let _ = write!(labels, "reason=\"{member}\",");
    } else if !list.is_empty() {
        name.push_str(item);
        name.push('_');
    }
    name.push_str(what);
    let mut digits = 0;
    if flag.is_empty() {
        for (end, unit, places) in UNITS {
            if name.ends_with(end) {
                name.truncate(name.len() - end.len());
                name.push_str(unit);
                digits = places;
            }
        }
    } else {
        // `hears_us` has no unit.
        value = flag;
    }
    let mut kind = "gauge";
    if is_among(what, COUNTERS) {
        name.push_str("_total");
        kind = "counter";
    }
    let place = families.iter().position(|family| family.0 == name);
    let place = place.unwrap_or_else(|| {
        let help = format!("# HELP {name} {what} of status --json\n# TYPE {name} {kind}\n");
        families.push((name.clone(), help));
        families.len() - 1
    });
    let text = &mut families[place].1;
    text.push_str(&name);
    if let Some(labels) = labels.strip_suffix(',') {
        let _ = write!(text, "{{{labels}}}");
    }
    let _ = writeln!(text, " {value:0>width$}", width = digits + 1);
    if digits > 0 {
        text.insert(text.len() - 1 - digits, '.');
    }
    labels.truncate(before);
}

fn is_among(word: &str, list: &str) -> bool {
    list.split_ascii_whitespace().any(|other| other == word)
}

/// Behind the closing quote of the text that begins it.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_and_flag_is_a_metric_with_the_names_it_is_in() {
        let json = r#"{"version":1,"node":"alpha","uptime_ms":1500,"healthy":true,"problems":["a, \"b\": 1"],
            "nodes":[{"name":"al\\p\"ha","self":true,"silence_ms":null,"links":[],"paths":[],"hears_us":true},
            {"name":"beta","state":"alive","silence_ms":7,"links":["bcast eth0"],"paths":[
            {"link":"bcast eth0","up":true,"loss_ppm":1953,"jitter_us":12,"frames":7}],"hears_us":false}],
            "groups":[{"key":"10.0.0.1","home":"beta","state":"held","holder":null,"retry_s":60}],
            "rejected":{"not signed with our key":3}}"#;
        let expected = r#"# HELP twinbeat_version version of status --json
# TYPE twinbeat_version gauge
twinbeat_version 1
# HELP twinbeat_uptime_seconds uptime_ms of status --json
# TYPE twinbeat_uptime_seconds gauge
twinbeat_uptime_seconds 1.500
# HELP twinbeat_healthy healthy of status --json
# TYPE twinbeat_healthy gauge
twinbeat_healthy 1
# HELP twinbeat_node_self self of status --json
# TYPE twinbeat_node_self gauge
twinbeat_node_self{node="al\\p\"ha"} 1
# HELP twinbeat_node_hears_us hears_us of status --json
# TYPE twinbeat_node_hears_us gauge
twinbeat_node_hears_us{node="al\\p\"ha"} 1
twinbeat_node_hears_us{node="beta"} 0
# HELP twinbeat_node_state state of status --json
# TYPE twinbeat_node_state gauge
twinbeat_node_state{node="beta",state="alive"} 1
# HELP twinbeat_node_silence_seconds silence_ms of status --json
# TYPE twinbeat_node_silence_seconds gauge
twinbeat_node_silence_seconds{node="beta"} 0.007
# HELP twinbeat_path_up up of status --json
# TYPE twinbeat_path_up gauge
twinbeat_path_up{node="beta",link="bcast eth0"} 1
# HELP twinbeat_path_loss_ratio loss_ppm of status --json
# TYPE twinbeat_path_loss_ratio gauge
twinbeat_path_loss_ratio{node="beta",link="bcast eth0"} 0.001953
# HELP twinbeat_path_jitter_seconds jitter_us of status --json
# TYPE twinbeat_path_jitter_seconds gauge
twinbeat_path_jitter_seconds{node="beta",link="bcast eth0"} 0.000012
# HELP twinbeat_path_frames_total frames of status --json
# TYPE twinbeat_path_frames_total counter
twinbeat_path_frames_total{node="beta",link="bcast eth0"} 7
# HELP twinbeat_group_state state of status --json
# TYPE twinbeat_group_state gauge
twinbeat_group_state{group="10.0.0.1",state="held"} 1
# HELP twinbeat_group_retry_seconds retry_s of status --json
# TYPE twinbeat_group_retry_seconds gauge
twinbeat_group_retry_seconds{group="10.0.0.1"} 60
# HELP twinbeat_rejected_total rejected of status --json
# TYPE twinbeat_rejected_total counter
twinbeat_rejected_total{reason="not signed with our key"} 3
"#;
        assert_eq!(metrics(&json.replace("\n            ", "")), expected);
    }

    #[test]
    fn what_is_cut_off_or_is_no_object_does_no_harm() {
        let json = r#"{"nodes":[{"name":"b\"","silence_ms":7}]}"#;
        for end in 0..json.len() {
            let _ = metrics(&json[..end]);
            let _ = metrics(&json[end..]);
        }
        let _ = metrics("]]}}\u{e9}:,\"\\");
    }
}
