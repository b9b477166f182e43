//! Cuts a byte stream into lines, with bounded memory.
//!
//! A line ends at `\n` (`\r\n` too). A lone `\r` stays inside its line, as in CloudWatch. A line longer than
//! [`LINE_BYTES_MAX`] comes in pieces, cut between characters where it is UTF-8.

/// Longest piece; as text it may grow threefold (invalid bytes) and still be one or a few events.
pub(super) const LINE_BYTES_MAX: usize = 256 * 1024 - 64;

/// Where a piece lies in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// A whole line.
    Whole,
    /// The beginning of a line that goes on.
    Begin,
    /// What follows.
    Rest,
}

/// Holds the unfinished line.
#[derive(Debug, Default)]
pub(super) struct Framer {
    pending: Vec<u8>,
    inside_line: bool,
}

impl Framer {
    pub(super) fn push(&mut self, mut bytes: &[u8], emit: &mut dyn FnMut(&[u8], Piece)) {
        while !bytes.is_empty() {
            let room = LINE_BYTES_MAX - self.pending.len();
            let window = &bytes[..bytes.len().min(room)];
            if let Some(end) = window.iter().position(|b| *b == b'\n') {
                if self.pending.is_empty() {
                    self.end_line(&window[..end], emit);
                } else {
                    let mut line = std::mem::take(&mut self.pending);
                    line.extend_from_slice(&window[..end]);
                    self.end_line(&line, emit);
                    line.clear();
                    self.pending = line; // keeps the allocation
                }
                bytes = &bytes[end + 1..];
            } else {
                self.pending.extend_from_slice(window);
                bytes = &bytes[window.len()..];
                if self.pending.len() >= LINE_BYTES_MAX {
                    self.cut(emit);
                }
            }
        }
    }

    /// The stream has ended: an unfinished line is a line.
    pub(super) fn finish(&mut self, emit: &mut dyn FnMut(&[u8], Piece)) {
        if !self.pending.is_empty() {
            let line = std::mem::take(&mut self.pending);
            self.end_line(&line, emit);
        }
    }

    fn end_line(&mut self, line: &[u8], emit: &mut dyn FnMut(&[u8], Piece)) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let was_inside = std::mem::replace(&mut self.inside_line, false);
        if was_inside && line.is_empty() {
            return; // the line ended exactly at a cut
        }
        emit(line, if was_inside { Piece::Rest } else { Piece::Whole });
    }

    /// Emits a full buffer, keeping back an unfinished character.
    fn cut(&mut self, emit: &mut dyn FnMut(&[u8], Piece)) {
        let at = character_boundary(&self.pending);
        let kept = self.pending.split_off(at);
        let piece = std::mem::replace(&mut self.pending, kept);
        emit(&piece, if self.inside_line { Piece::Rest } else { Piece::Begin });
        self.inside_line = true;
    }
}

/// The end of the last whole UTF-8 character; the end itself where the bytes are not UTF-8.
fn character_boundary(bytes: &[u8]) -> usize {
    let from = bytes.len().saturating_sub(3);
    for at in (from..bytes.len()).rev() {
        let width = match bytes[at] {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            0x80..=0xBF => continue,
            _ => 1,
        };
        return if at + width > bytes.len() { at } else { bytes.len() };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::{Framer, LINE_BYTES_MAX, Piece};

    fn frame(chunks: &[&[u8]]) -> Vec<(Vec<u8>, Piece)> {
        let mut framer = Framer::default();
        let mut lines = Vec::new();
        let mut emit = |line: &[u8], piece| lines.push((line.to_vec(), piece));
        for chunk in chunks {
            framer.push(chunk, &mut emit);
        }
        framer.finish(&mut emit);
        lines
    }

    #[test]
    fn lines_are_the_same_however_the_stream_is_chopped() {
        let text = b"one\r\n\ntwo\rthree\nlast";
        let whole = frame(&[text]);
        let bytewise: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(whole, frame(&bytewise));
        let lines: Vec<&[u8]> = whole.iter().map(|(line, _)| line.as_slice()).collect();
        assert_eq!(lines, [b"one".as_slice(), b"", b"two\rthree", b"last"]);
    }

    #[test]
    fn long_lines_come_in_pieces_between_characters() {
        let mut text = vec![b'a'; LINE_BYTES_MAX - 1];
        text.extend_from_slice("\u{20ac}uro\nnext\n".as_bytes());
        let pieces = frame(&[&text]);
        assert_eq!(pieces.len(), 3);
        assert_eq!((pieces[0].0.len(), pieces[0].1), (LINE_BYTES_MAX - 1, Piece::Begin));
        assert_eq!(pieces[1], ("\u{20ac}uro".as_bytes().to_vec(), Piece::Rest));
        assert_eq!(pieces[2], (b"next".to_vec(), Piece::Whole));
        let binary = frame(&[&vec![0xFF; LINE_BYTES_MAX * 2]]);
        assert_eq!(binary.len(), 2);
    }
}
