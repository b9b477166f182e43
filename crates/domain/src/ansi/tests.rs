use proptest::prelude::*;

use super::*;

fn text_of(line: &str) -> String {
    spans(line).into_iter().map(|it| it.text).collect()
}

fn is_safe(c: char) -> bool {
    !c.is_control() && !is_bidi_control(c) && !is_invisible(c)
}

#[test]
fn colours_become_spans() {
    let red = Style { fg: Some(AnsiColor::Named(1)), bold: true, ..Style::default() };
    let expected = vec![
        Span { text: "ERROR".to_owned(), style: red, escaped: false },
        Span { text: " no such file".to_owned(), style: Style::default(), escaped: false },
    ];
    assert_eq!(spans("\u{1b}[1;31mERROR\u{1b}[0m no such file"), expected);
    assert_eq!(spans("\u{1b}[1;31mERROR\u{1b}[m no such file"), expected, "no parameter is 0");
    assert_eq!(expected[0].classes(), "ansi-fg-1 ansi-bold");
}

#[test]
fn extended_colours_in_both_notations() {
    let fg = |line: &str| spans(line)[0].style.fg;
    assert_eq!(fg("\u{1b}[38;5;208mx"), Some(AnsiColor::Palette(208)));
    assert_eq!(fg("\u{1b}[38;5;9mx"), Some(AnsiColor::Named(9)));
    assert_eq!(fg("\u{1b}[38;2;1;2;3mx"), Some(AnsiColor::Rgb(1, 2, 3)));
    assert_eq!(fg("\u{1b}[38:2::1:2:3mx"), Some(AnsiColor::Rgb(1, 2, 3)));
    assert_eq!(fg("\u{1b}[38:5:208mx"), Some(AnsiColor::Palette(208)));
    assert_eq!(fg("\u{1b}[94mx"), Some(AnsiColor::Named(12)));
    assert_eq!(fg("\u{1b}[38;2;1;2;999mx"), None, "not a colour");
    let after = spans("\u{1b}[58;5;1;3mx")[0].style;
    assert!(after.italic && !after.bold, "an underline colour's numbers are not codes");
}

#[test]
fn rich_colours_map_to_the_nearest_name() {
    assert_eq!(AnsiColor::Palette(196).named_index(), 9, "pure red");
    assert_eq!(AnsiColor::Palette(46).named_index(), 10, "pure green");
    assert_eq!(AnsiColor::Palette(208).named_index(), 11, "orange is nearest to yellow");
    assert_eq!(AnsiColor::Rgb(0, 0, 139).named_index(), 4, "dark blue");
    assert_eq!(AnsiColor::Palette(244).named_index(), 7, "a middle grey");
    assert_eq!(AnsiColor::Palette(232).named_index(), 0, "nearly black");
    for index in 0..=255 {
        assert!(palette_or_named(index).named_index() < 16);
    }
}

fn palette_or_named(index: u8) -> AnsiColor {
    if index < 16 { AnsiColor::Named(index) } else { AnsiColor::Palette(index) }
}

#[test]
fn every_other_sequence_has_no_effect() {
    assert_eq!(text_of("a\u{1b}[2J\u{1b}[1;1Hb"), "ab", "clear screen, cursor home");
    assert_eq!(text_of("\u{1b}]0;owned\u{7}text"), "text", "window title");
    assert_eq!(text_of("\u{1b}]52;c;cm0gLXJm\u{7}text"), "text", "clipboard");
    assert_eq!(text_of("\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\"), "click", "link");
    assert_eq!(text_of("\u{1b}P1$r0m\u{1b}\\x"), "x", "device control string");
    assert_eq!(text_of("\u{1b}(Bx\u{1b}7y\u{1b}cz"), "xyz", "charset, save cursor, reset");
    assert_eq!(text_of("\u{1b}[8msecret"), "secret", "a log cannot hide its text");
    assert_eq!(text_of("\u{1b}[>4;1mx"), "x", "a keyboard mode, no colour");
    assert_eq!(spans("\u{1b}[>4;1mx")[0].style, Style::default());
}

#[test]
fn broken_sequences_are_shown() {
    assert_eq!(text_of("\u{1b}"), "␛");
    assert_eq!(text_of("\u{1b}[31"), "␛[31");
    assert_eq!(text_of("\u{1b}]0;never ends"), "␛]0;never ends");
    assert_eq!(text_of("\u{1b}[31é"), "␛[31é", "cut in the middle by another character");
    assert!(spans("\u{1b}")[0].escaped);
    assert_eq!(spans("\u{1b}")[0].classes(), "ansi-escaped");
}

#[test]
fn control_and_reordering_characters_are_shown_and_invisible_ones_dropped() {
    assert_eq!(text_of("a\u{7}b\u{8}c\0d\u{7f}e\u{1f}"), "a␇b␈c␀d␡e␟");
    assert_eq!(text_of("user\u{202e}txt.exe"), "user‹U+202E›txt.exe");
    assert_eq!(text_of("\u{9b}31mx"), "‹U+009B›31mx", "an 8-bit CSI is no sequence in UTF-8");
    assert_eq!(text_of("pass\u{200b}word\u{feff}"), "password");
    assert_eq!(text_of("one\ntwo\n"), "one␊two", "a line's own end is not shown");
}

#[test]
fn a_carriage_return_overwrites_the_line() {
    assert_eq!(text_of("\r 10%|█   |\r 50%|██  |\r100%|████|"), "100%|████|");
    assert_eq!(text_of("done\r\n"), "done", "Windows line end");
    assert_eq!(text_of("done\r\u{1b}[0m"), "done", "an escape after it writes nothing");
    assert_eq!(spans("\u{1b}[32mold\rnew")[0].style.fg, Some(AnsiColor::Named(2)), "the colour stays");
}

#[test]
fn tabs_reach_the_next_stop() {
    assert_eq!(text_of("[12]\ttrain-rmse:0.5"), "[12]    train-rmse:0.5");
    assert_eq!(text_of("12345678\tx"), "12345678        x");
    assert_eq!(text_of("abc\r\tx"), "        x");
}

#[test]
fn plain_text_borrows_clean_lines() {
    assert!(matches!(plain_text("step 1 loss 0.5 ✓ äöü"), Cow::Borrowed(_)));
    assert_eq!(plain_text("\u{1b}[31mstep\u{1b}[0m 1"), "step 1");
}

/// Text in which escapes, their parts and hostile characters are frequent.
fn hostile_line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[\\[\\]();:0-9m?A-HJK\\\\]{0,6}",
        proptest::sample::select(vec![
            "\u{1b}",
            "\u{1b}[",
            "\u{1b}]8;;",
            "\u{1b}\\",
            "\u{7}",
            "\r",
            "\t",
            "\u{202e}",
            "\u{200b}",
            "\u{9b}",
            "m",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn output_is_always_safe(line in hostile_line()) {
        for span in spans(&line) {
            prop_assert!(span.text.chars().all(is_safe), "{:?}", span.text);
            prop_assert!(!span.text.is_empty());
        }
        let plain = plain_text(&line);
        prop_assert!(plain.chars().all(is_safe));
    }

    #[test]
    fn clean_text_is_unchanged(line in "[ -~äöüß✓█]{0,60}") {
        prop_assert_eq!(text_of(&line), line);
    }

    /// Cleaning is done once: what came out needs no more of it.
    #[test]
    fn cleaning_twice_changes_nothing(line in hostile_line()) {
        let once = text_of(&line);
        prop_assert_eq!(text_of(&once), once);
    }

    /// A thousand times the same hostile piece costs a thousand times as much output at most: no blow-up.
    #[test]
    fn output_is_bounded_by_input(line in hostile_line()) {
        let input = line.chars().count();
        let output: usize = spans(&line).iter().map(|it| it.text.chars().count()).sum();
        prop_assert!(output <= 8 * input, "{input} characters became {output}");
    }
}
