//! String literals of Python: every kind of quote, raw or not, with the escapes that Python knows.

use crate::share::{
    cursor::Cursor,
    fault::{Fault, Path},
};

/// The text of one literal or of several side by side; the cursor is at the first. `path` is for messages.
pub(super) fn strings(cursor: &mut Cursor<'_>, path: &Path) -> Result<String, Fault> {
    let mut text = String::new();
    while cursor.is_at_string() {
        one(cursor, path, &mut text)?;
        cursor.skip_blanks_and_comments();
    }
    Ok(text)
}

fn one(cursor: &mut Cursor<'_>, path: &Path, out: &mut String) -> Result<(), Fault> {
    let start = cursor.at;
    let prefix = cursor.name().to_ascii_lowercase();
    if prefix.contains(['f', 't']) {
        return Err(Fault::new(
            start,
            format!("`{path}` is an f-string, which only Python can fill in. Write the text that it becomes."),
        ));
    }
    if prefix.contains('b') {
        return Err(Fault::new(start, format!("`{path}` is bytes. Write text: remove the `b` before the quote.")));
    }
    let is_raw = prefix.contains('r');
    let quote = if cursor.rest().starts_with('"') { "\"" } else { "'" };
    let triple = quote.repeat(3);
    let is_long = cursor.eat(&triple);
    if !is_long {
        cursor.at += 1;
    }
    loop {
        if cursor.eat(if is_long { &triple } else { quote }) {
            return Ok(());
        }
        let at = cursor.at;
        match cursor.bump() {
            None => return Err(unclosed(start, path)),
            Some('\n') if !is_long => return Err(unclosed(start, path)),
            Some('\\') if is_raw => {
                out.push('\\');
                let next = cursor.bump().ok_or_else(|| unclosed(start, path))?;
                out.push(next);
            }
            Some('\\') => escape(cursor, at, path, out)?,
            // Python reads every line end as a line feed.
            Some('\r') => {
                cursor.eat("\n");
                out.push('\n');
            }
            Some(c) => out.push(c),
        }
    }
}

/// Steps over one literal of any kind, whatever is in it.
pub(super) fn skip_string(cursor: &mut Cursor<'_>, path: &Path) -> Result<(), Fault> {
    let start = cursor.at;
    cursor.name();
    let quote = if cursor.rest().starts_with('"') { "\"" } else { "'" };
    let triple = quote.repeat(3);
    let end = if cursor.eat(&triple) { triple.as_str() } else { quote };
    if end == quote {
        cursor.at += 1;
    }
    while !cursor.eat(end) {
        match cursor.bump() {
            None => return Err(unclosed(start, path)),
            Some('\n') if end == quote => return Err(unclosed(start, path)),
            Some('\\') => {
                cursor.bump();
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn unclosed(at: usize, path: &Path) -> Fault {
    Fault::new(
        at,
        format!("the string of `{path}` that begins here has no end. Close it with the quote it begins with."),
    )
}

/// What follows a backslash; `at` is the backslash.
fn escape(cursor: &mut Cursor<'_>, at: usize, path: &Path, out: &mut String) -> Result<(), Fault> {
    let c = cursor.bump().ok_or_else(|| unclosed(at, path))?;
    let code = match c {
        '\n' => return Ok(()),
        '\r' => {
            cursor.eat("\n");
            return Ok(());
        }
        '\\' | '\'' | '"' => u32::from(c),
        'a' => 7,
        'b' => 8,
        't' => 9,
        'n' => 10,
        'v' => 11,
        'f' => 12,
        'r' => 13,
        '0'..='7' => {
            cursor.at -= 1;
            digits(cursor, 8, 3)
        }
        'x' | 'u' | 'U' => {
            let count = match c {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let start = cursor.at;
            let code = digits(cursor, 16, count);
            if cursor.at - start < count {
                return Err(Fault::new(
                    at,
                    format!("in `{path}`, `\\{c}` needs {count} hexadecimal digits. Add them."),
                ));
            }
            code
        }
        'N' => {
            return Err(Fault::new(at, format!("in `{path}`, `\\N` names a character. Write the character itself.")));
        }
        // Python keeps a backslash that it does not know, as in the regular expression "\d".
        other => {
            out.extend(['\\', other]);
            return Ok(());
        }
    };
    let c = char::from_u32(code).ok_or_else(|| {
        Fault::new(at, format!("in `{path}`, this escape is half of a character. Write the character itself."))
    })?;
    out.push(c);
    Ok(())
}

/// At most `count` digits.
fn digits(cursor: &mut Cursor<'_>, radix: u32, count: usize) -> u32 {
    let mut code = 0_u32;
    for _ in 0..count {
        let Some(digit) = cursor.peek().and_then(|c| c.to_digit(radix)) else { break };
        code = code.wrapping_mul(radix).wrapping_add(digit);
        cursor.at += 1;
    }
    code
}
