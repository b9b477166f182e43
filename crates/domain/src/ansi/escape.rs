//! The grammar of escape sequences (ECMA-48, and xterm's OSC ended by BEL): where one ends, and whether it is SGR.

/// What followed an escape character.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Escape<'a> {
    /// `ESC [ ... m` with these parameters.
    Sgr(&'a str),
    /// A complete sequence that must have no effect.
    Ignored,
    /// Not a complete sequence: the escape character itself is shown, the rest is text.
    Broken,
}

/// Reads what follows `ESC`; returns it with the text after it.
///
/// Linear over a whole line: a scan never passes another control character, so each character is looked at by at most
/// one sequence and once as text.
pub(super) fn read_escape(rest: &str) -> (Escape<'_>, &str) {
    let bytes = rest.as_bytes();
    let ignored = |end: usize| (Escape::Ignored, &rest[end..]);
    let broken = (Escape::Broken, rest);
    let span = |from: usize, range: std::ops::RangeInclusive<u8>| {
        from + bytes[from..].iter().take_while(|byte| range.contains(byte)).count()
    };
    match bytes.first() {
        // CSI: parameters, intermediates, one final byte. All are ASCII, so every cut is at a character's border.
        Some(b'[') => {
            let parameters_end = span(1, 0x30..=0x3f);
            let intermediates_end = span(parameters_end, 0x20..=0x2f);
            match bytes.get(intermediates_end) {
                Some(b'm') if intermediates_end == parameters_end => {
                    let parameters = &rest[1..parameters_end];
                    // `ESC [ > 4 ; 1 m` and the like set keyboard modes, not colours.
                    if parameters.starts_with(['<', '=', '>', '?']) {
                        return ignored(intermediates_end + 1);
                    }
                    (Escape::Sgr(parameters), &rest[intermediates_end + 1..])
                }
                Some(0x40..=0x7e) => ignored(intermediates_end + 1),
                _ => broken,
            }
        }
        // OSC, DCS, SOS, PM, APC: text up to BEL or `ESC \`.
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let end = 1 + bytes[1..].iter().take_while(|byte| **byte >= 0x20 && **byte != 0x7f).count();
            match bytes.get(end..) {
                Some([0x07, ..]) => ignored(end + 1),
                Some([0x1b, b'\\', ..]) => ignored(end + 2),
                _ => broken,
            }
        }
        // `ESC ( B` and other charset choices.
        Some(0x20..=0x2f) => {
            let end = span(0, 0x20..=0x2f);
            match bytes.get(end) {
                Some(0x30..=0x7e) => ignored(end + 1),
                _ => broken,
            }
        }
        // `ESC 7`, `ESC =`, `ESC c`: save the cursor, keypad, reset.
        Some(0x30..=0x7e) => ignored(1),
        _ => broken,
    }
}
