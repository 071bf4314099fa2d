//! From the bytes of the files to a [`Config`]: what each room reads, in which order.

use super::diagnostic::{Diagnostic, File, NodeNames, Position, Problem, Quoted, Report};
use super::ha_cf::{self, Settings, is_node_name};
use super::lexer::Lines;
use super::{Config, authkeys, haresources, lint};

/// A file's bytes, or in words why there are none and what to do.
pub type Source<'a> = Result<&'a [u8], &'a str>;

/// Everything a configuration is read from.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// `ha.cf`.
    pub ha_cf: Source<'a>,
    /// `twinbeat.cf`, if there is one.
    pub twinbeat_cf: Option<Source<'a>>,
    /// `haresources`; it may be empty, but it must be there.
    pub haresources: Source<'a>,
    /// `authkeys`.
    pub authkeys: Source<'a>,
    /// What this machine is called.
    pub name: LocalName<'a>,
    /// What else is known of this machine; only for warnings and advice.
    pub machine: Option<&'a dyn Machine>,
}

/// What the files name and the machine should have.
pub trait Machine {
    /// Whether there is an executable script of this name.
    fn has_script(&self, name: &str) -> bool;
    /// Whether there is a network interface of this name at present.
    fn has_interface(&self, name: &str) -> bool;
    /// Says, in words, what keeps a device from being a serial line at present, if anything does.
    fn judge_line(&self, device: &str, say: &mut dyn FnMut(&str));
    /// Whether two paths lead to one device.
    fn is_same_device(&self, one: &str, other: &str) -> bool;
    /// Whether this path is that of an executable.
    fn has_program(&self, path: &str) -> bool;
    /// Whether there is a user of this name.
    fn has_user(&self, name: &str) -> bool;
}

/// Where a machine's name comes from.
#[derive(Clone, Copy, Debug)]
pub enum LocalName<'a> {
    /// `uname -n`.
    Kernel(&'a [u8]),
    /// The file `nodeinfo`.
    NodeInfo(Source<'a>),
}

impl<'a> Sources<'a> {
    /// From three texts, for a machine of a given name.
    pub fn new(name: &'a str, ha_cf: &'a str, haresources: &'a str, authkeys: &'a str) -> Self {
        Self {
            ha_cf: Ok(ha_cf.as_bytes()),
            twinbeat_cf: None,
            haresources: Ok(haresources.as_bytes()),
            authkeys: Ok(authkeys.as_bytes()),
            name: LocalName::Kernel(name.as_bytes()),
            machine: None,
        }
    }
}

/// Reads everything and says everything that is wrong with it, of all files; a configuration comes
/// back only when there is no error. It is large (about 20 kB): [`fill`] one on the heap where there is one.
///
/// Work is bounded by the length of the files, what is said by some dozens of short lines for each.
/// Advice is given only when there is no error.
pub fn read(sources: &Sources<'_>, say: &mut dyn FnMut(Diagnostic<'_>)) -> Option<Config> {
    let mut config = Config::empty();
    fill(&mut config, sources, say).then_some(config)
}

/// The same where an empty configuration already is; whether there is no error, otherwise what stands
/// there then is good for nothing.
pub fn fill(
    config: &mut Config,
    sources: &Sources<'_>,
    say: &mut dyn FnMut(Diagnostic<'_>),
) -> bool {
    let mut report = Report::new(say);
    let report_to = &mut report;
    let mut settings = Settings::default();
    config.fingerprint = sources.fingerprint();

    let ha_cf = usable(File::HaCf, sources.ha_cf, report_to);
    let twinbeat_cf = sources
        .twinbeat_cf
        .map(|source| usable(File::TwinbeatCf, source, report_to));
    let files = [
        (File::HaCf, ha_cf),
        (File::TwinbeatCf, twinbeat_cf.flatten()),
    ];
    config.dialect = ha_cf::dialect(&files);
    for (file, text) in files {
        if let Some(text) = text {
            settings.read(file, text, None, config, report_to);
        }
    }
    // What is missing may stand in a file that could not be read.
    let complete = ha_cf.is_some() && twinbeat_cf != Some(None);
    if complete {
        settings.finish(config, report_to);
    }
    let nodes_known = complete && settings.knows_nodes();
    find_me(sources.name, nodes_known, &settings, config, report_to);
    if let Some(text) = usable(File::Haresources, sources.haresources, report_to) {
        let before = report_to.errors();
        haresources::read(text, config, nodes_known, report_to);
        let sound = nodes_known && report_to.errors() == before;
        for (file, text) in files {
            let text = text.unwrap_or_default();
            settings.read(file, text, Some(sound), config, report_to);
        }
        if let Some(machine) = sources.machine {
            haresources::compare(text, machine, report_to);
        }
    }
    settings.finish_lines(config, report_to);
    let keys = usable(File::Authkeys, sources.authkeys, report_to)
        .map(|text| authkeys::read(text, config.dialect, &mut config.keys, report_to));
    if let Some(keys) = keys
        && report.errors() == 0
    {
        lint::advise(config, &settings, &keys, &mut report);
        if let Some(machine) = sources.machine {
            settings.compare(config, machine, &mut report);
            settings.compare_lines(config, machine, &mut report);
            settings.compare_companions(config, machine, &mut report);
        }
        settings.compare_fences(config, sources.machine, &mut report);
    }
    report.finish() == 0
}

/// Which of the nodes this machine is.
fn find_me(
    name: LocalName<'_>,
    nodes_known: bool,
    settings: &Settings,
    config: &mut Config,
    report: &mut Report<'_>,
) {
    let (name, at, from) = match name {
        LocalName::Kernel(name) => (name, settings.node_place(), "uname -n"),
        LocalName::NodeInfo(source) => {
            let Some(text) = usable(File::NodeInfo, source, report) else {
                return;
            };
            let mut lines = Lines::new(File::NodeInfo, text);
            let Some((word, mut rest)) = lines.next() else {
                return report.say(Position::start(File::NodeInfo), Problem::NodeInfo);
            };
            let more = rest.next().or_else(|| Some(lines.next()?.0));
            if more.is_some() || !is_node_name(word.bytes) {
                return report.say(more.unwrap_or(word).at, Problem::NodeInfo);
            }
            (word.bytes, word.at, "nodeinfo")
        }
    };
    match config.node_named(name) {
        Some(me) => config.me = me,
        None if nodes_known => {
            let problem = Problem::NotAMember {
                name: Quoted(name),
                from,
                nodes: NodeNames(config),
            };
            report.say(at, problem);
        }
        None => {}
    }
}

/// The text of a file, if it is one.
fn usable<'a>(file: File, source: Source<'a>, report: &mut Report<'_>) -> Option<&'a [u8]> {
    let text = match source {
        Ok(text) => text,
        Err(why) => {
            report.say(Position::start(file), Problem::Unusable(why));
            return None;
        }
    };
    if text.starts_with(b"\xef\xbb\xbf") {
        report.say(Position::start(file), Problem::ByteOrderMark);
        return None;
    }
    let Some(zero) = text.iter().position(|byte| *byte == 0) else {
        return Some(text);
    };
    let before = text.get(..zero).unwrap_or_default();
    let newlines = before.iter().filter(|byte| **byte == b'\n').count();
    let column = before
        .iter()
        .rev()
        .take_while(|byte| **byte != b'\n')
        .count();
    let position = Position {
        file,
        line: u32::try_from(newlines)
            .unwrap_or(u32::MAX)
            .saturating_add(1),
        column: u16::try_from(column).unwrap_or(u16::MAX).saturating_add(1),
    };
    report.say(position, Problem::Binary);
    None
}
