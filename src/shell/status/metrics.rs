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
const COUNTERS: &str = " sent unsent received accepted noise frames missed rejected failures ";
/// Texts of few values.
const STATES: &str = " state carrier holder ";
/// Ends of members, the unit in a metric's name, and digits behind its point.
const UNITS: [(&str, &str, usize); 4] = [
    ("_ms", "_seconds", 3),
    ("_us", "_seconds", 6),
    ("_ppm", "_ratio", 6),
    ("_s", "_seconds", 0),
];

/// One metric and its samples, which must stand together.
struct Family {
    name: String,
    text: String,
}

/// Where in the object the reader is.
#[derive(Default)]
struct Place {
    /// Length of `labels` there.
    labels: usize,
    /// The member it is the value of: for an item of a list, the list.
    member: String,
}

/// From our own JSON; other text gives less.
pub(crate) fn metrics(json: &str) -> String {
    let mut families = Vec::new();
    let (mut labels, mut member) = (String::new(), String::new());
    let mut places: Vec<Place> = Vec::new();
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => string_end(rest),
            '-' | '0'..='9' | 'a'..='z' => rest.find([',', '}', ']']).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(end);
        rest = after;
        let list = places.last().map_or("", |place| place.member.as_str());
        match first {
            '{' | '[' => {
                // The items of a list have its name, and so has the list of an item.
                let name = if member.is_empty() {
                    list.to_owned()
                } else {
                    std::mem::take(&mut member)
                };
                places.push(Place {
                    labels: labels.len(),
                    member: name,
                });
            }
            '}' | ']' => {
                let place = places.pop().unwrap_or_default();
                labels.truncate(place.labels);
                member.clear();
            }
            '"' if rest.starts_with(':') => token.trim_matches('"').clone_into(&mut member),
            ',' => member.clear(),
            ':' => {}
            // An item of a list of texts.
            _ if member.is_empty() => {}
            '"' => {
                let label = match member.as_str() {
                    "name" | "key" => singular(list),
                    "target" | "host" | "link" => &member,
                    _ => "",
                };
                if !label.is_empty() {
                    let _ = write!(labels, "{label}={token},");
                } else if is_among(&member, STATES) && !list.is_empty() {
                    let sample = format!("{labels}{member}={token},");
                    add(&mut families, list, &member, &sample, "1");
                }
            }
            _ => {
                if list == "rejected" {
                    let sample = format!("reason=\"{member}\",");
                    add(&mut families, "", list, &sample, token);
                } else if token != "null" {
                    add(&mut families, list, &member, &labels, token);
                }
            }
        }
    }
    families.iter().map(|family| family.text.as_str()).collect()
}

fn add(families: &mut Vec<Family>, list: &str, member: &str, labels: &str, value: &str) {
    let mut name = "twinbeat_".to_owned();
    if !list.is_empty() {
        let _ = write!(name, "{}_", singular(list));
    }
    let flag = matches!(value, "true" | "false");
    let mut value = match value {
        "true" => "1",
        "false" => "0",
        _ => value,
    }
    .to_owned();
    let unit = UNITS.iter().find(|(end, ..)| member.ends_with(end));
    // Not that of a flag: `hears_us`.
    if let Some((end, unit, digits)) = unit.filter(|_| !flag) {
        name.push_str(member.trim_end_matches(end));
        name.push_str(unit);
        if *digits > 0 {
            value = format!("{value:0>width$}", width = digits + 1);
            value.insert(value.len() - digits, '.');
        }
    } else {
        name.push_str(member);
    }
    let kind = if is_among(member, COUNTERS) {
        name.push_str("_total");
        "counter"
    } else {
        "gauge"
    };
    let place = families.iter().position(|family| family.name == name);
    let place = place.unwrap_or_else(|| {
        let of = if list.is_empty() { "" } else { " of " };
        let text =
            format!("# HELP {name} {member}{of}{list} in status --json\n# TYPE {name} {kind}\n");
        families.push(Family {
            name: name.clone(),
            text,
        });
        families.len() - 1
    });
    let text = &mut families[place].text;
    text.push_str(&name);
    if let Some(labels) = labels.strip_suffix(',') {
        let _ = write!(text, "{{{labels}}}");
    }
    let _ = writeln!(text, " {value}");
}

/// A list's name as that of one item.
fn singular(list: &str) -> &str {
    list.strip_suffix('s').unwrap_or(list)
}

fn is_among(word: &str, list: &str) -> bool {
    list.split(' ').any(|other| other == word)
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
        let expected = r#"# HELP twinbeat_version version in status --json
# TYPE twinbeat_version gauge
twinbeat_version 1
# HELP twinbeat_uptime_seconds uptime_ms in status --json
# TYPE twinbeat_uptime_seconds gauge
twinbeat_uptime_seconds 1.500
# HELP twinbeat_healthy healthy in status --json
# TYPE twinbeat_healthy gauge
twinbeat_healthy 1
# HELP twinbeat_node_self self of nodes in status --json
# TYPE twinbeat_node_self gauge
twinbeat_node_self{node="al\\p\"ha"} 1
# HELP twinbeat_node_hears_us hears_us of nodes in status --json
# TYPE twinbeat_node_hears_us gauge
twinbeat_node_hears_us{node="al\\p\"ha"} 1
twinbeat_node_hears_us{node="beta"} 0
# HELP twinbeat_node_state state of nodes in status --json
# TYPE twinbeat_node_state gauge
twinbeat_node_state{node="beta",state="alive"} 1
# HELP twinbeat_node_silence_seconds silence_ms of nodes in status --json
# TYPE twinbeat_node_silence_seconds gauge
twinbeat_node_silence_seconds{node="beta"} 0.007
# HELP twinbeat_path_up up of paths in status --json
# TYPE twinbeat_path_up gauge
twinbeat_path_up{node="beta",link="bcast eth0"} 1
# HELP twinbeat_path_loss_ratio loss_ppm of paths in status --json
# TYPE twinbeat_path_loss_ratio gauge
twinbeat_path_loss_ratio{node="beta",link="bcast eth0"} 0.001953
# HELP twinbeat_path_jitter_seconds jitter_us of paths in status --json
# TYPE twinbeat_path_jitter_seconds gauge
twinbeat_path_jitter_seconds{node="beta",link="bcast eth0"} 0.000012
# HELP twinbeat_path_frames_total frames of paths in status --json
# TYPE twinbeat_path_frames_total counter
twinbeat_path_frames_total{node="beta",link="bcast eth0"} 7
# HELP twinbeat_group_state state of groups in status --json
# TYPE twinbeat_group_state gauge
twinbeat_group_state{group="10.0.0.1",state="held"} 1
# HELP twinbeat_group_retry_seconds retry_s of groups in status --json
# TYPE twinbeat_group_retry_seconds gauge
twinbeat_group_retry_seconds{group="10.0.0.1"} 60
# HELP twinbeat_rejected_total rejected in status --json
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
