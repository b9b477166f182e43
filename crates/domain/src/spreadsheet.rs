//! Text for the cells of a CSV that people open in a spreadsheet.

/// A text that a spreadsheet shows and does not run (OWASP, "CSV injection").
pub fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// The same between quotes where commas, quotes or line breaks need them (RFC 4180).
pub fn quoted_cell(text: &str) -> String {
    let text = cell(text);
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+x", "-x", "@SUM(A1)", "\tx"] {
            assert_eq!(cell(text), format!("'{text}"));
        }
        assert_eq!(cell("wine = good"), "wine = good");
        assert_eq!(quoted_cell("=a, \"b\""), "\"'=a, \"\"b\"\"\"");
        assert_eq!(quoted_cell("plain"), "plain");
    }
}
