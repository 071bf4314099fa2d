//! Sentences with places to be filled in.

use core::fmt;

/// Writes a sentence, parts in the places of its `{0}`, `{1}` and so on; one may be written twice.
#[inline(never)]
pub(super) fn fill(
    f: &mut fmt::Formatter<'_>,
    template: &str,
    parts: &[&dyn fmt::Display],
) -> fmt::Result {
    let mut pieces = template.split('{');
    f.write_str(pieces.next().unwrap_or_default())?;
    for piece in pieces {
        let (place, text) = piece.split_at_checked(2).unwrap_or_default();
        let place = place.bytes().next().unwrap_or_default();
        let part = parts.get(usize::from(place.wrapping_sub(b'0')));
        part.map_or(Ok(()), |part| part.fmt(f))?;
        f.write_str(text)?;
    }
    Ok(())
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
