//! Lines of fields between tabs: what the running program tells its own commands.

/// The first four, empty where there are less.
pub(super) fn fields(line: &str) -> [&str; 4] {
    let mut rest = line;
    [(); 4].map(|()| {
        let (field, after) = rest.split_once('\t').unwrap_or((rest, ""));
        rest = after;
        field
    })
}
