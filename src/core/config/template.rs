//! Sentences with places to be filled in.

use core::fmt;

/// Writes a sentence, parts in the places of its `{0}`, `{1}` and so on; one may be written twice.
#[inline(never)]
pub(super) fn fill(
    f: &mut fmt::Formatter<'_>,
    template: &str,
    parts: &[&dyn fmt::Display],
) -> fmt::Result {
    let mut rest = template;
    loop {
        let end = rest.bytes().position(|byte| byte == b'{');
        let end = end.unwrap_or(rest.len());
        let (text, place) = rest.split_at_checked(end).unwrap_or_default();
        f.write_str(text)?;
        let Some(place) = place.as_bytes().get(1) else {
            return Ok(());
        };
        let part = parts.get(usize::from(place.wrapping_sub(b'0')));
        part.map_or(Ok(()), |part| part.fmt(f))?;
        rest = rest.get(end.saturating_add(3)..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    struct Filled(&'static str);

    impl fmt::Display for Filled {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fill(f, self.0, &[&"one", &2])
        }
    }

    #[test]
    fn a_part_stands_in_its_place_as_often_as_it_is_named() {
        assert_eq!(Filled("none").to_string(), "none");
        assert_eq!(Filled("{1}: {0}, {0}.").to_string(), "2: one, one.");
    }
}
