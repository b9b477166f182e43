//! Text style as SGR sets it, reduced to what a page can show with classes.

/// A colour of SGR 30-37, 90-97, `38;5;n` or `38;2;r;g;b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnsiColor {
    /// 0-7 normal, 8-15 bright: the theme says what they look like.
    Named(u8),
    /// 16-231 the 6x6x6 cube, 232-255 the greys.
    Palette(u8),
    Rgb(u8, u8, u8),
}

impl AnsiColor {
    /// The nearest of the sixteen named colours, 0-15: what a page without inline styles shows.
    ///
    /// By hue and brightness, not by distance in RGB, so that an orange never becomes grey.
    pub fn named_index(self) -> u8 {
        let (red, green, blue) = match self {
            Self::Named(index) => return index.min(15),
            Self::Palette(index @ 232..) => {
                let level = 8 + 10 * (index - 232);
                (level, level, level)
            }
            Self::Palette(index) => {
                const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
                let cube = usize::from(index.saturating_sub(16));
                (LEVELS[cube / 36 % 6], LEVELS[cube / 6 % 6], LEVELS[cube % 6])
            }
            Self::Rgb(red, green, blue) => (red, green, blue),
        };
        let (low, high) = (red.min(green).min(blue), red.max(green).max(blue));
        if high - low < 40 {
            return match high {
                0..48 => 0,
                48..128 => 8,
                128..208 => 7,
                208.. => 15,
            };
        }
        // A channel counts as lit when it lies in the upper half between the weakest and the strongest.
        let lit = |channel: u8| u8::from(channel - low > (high - low) / 2);
        let bright = if high > 200 { 8 } else { 0 };
        bright + lit(red) + 2 * lit(green) + 4 * lit(blue)
    }
}

/// How a span looks. The default is plain text.
#[expect(clippy::struct_excessive_bools, reason = "SGR has independent flags, not states")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Style {
    pub fg: Option<AnsiColor>,
    pub bg: Option<AnsiColor>,
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: bool,
    /// Foreground and background change places.
    pub inverse: bool,
}

impl Style {
    pub(super) fn classes(&self) -> Vec<String> {
        let mut classes = Vec::new();
        classes.extend(self.fg.map(|it| format!("ansi-fg-{}", it.named_index())));
        classes.extend(self.bg.map(|it| format!("ansi-bg-{}", it.named_index())));
        let flags = [
            (self.bold, "ansi-bold"),
            (self.dim, "ansi-dim"),
            (self.italic, "ansi-italic"),
            (self.underline, "ansi-underline"),
            (self.inverse, "ansi-inverse"),
        ];
        classes.extend(flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, class)| class.to_owned()));
        classes
    }

    /// Applies the parameters of one SGR sequence. Unknown ones change nothing. "Conceal" (8) is one of them: a log
    /// must not hide its own text.
    pub(super) fn apply_sgr(&mut self, parameters: &str) {
        let mut codes = parameters.split(';');
        while let Some(code) = codes.next() {
            // `4:3` is a curly underline, `38:2::r:g:b` a colour: sub-parameters belong to their code.
            let mut parts = code.split(':').map(number);
            let is_compound = code.contains(':');
            let value = parts.next().flatten().unwrap_or(0);
            match value {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                3 => self.italic = true,
                4 => self.underline = !is_compound || parts.next().flatten() != Some(0),
                7 => self.inverse = true,
                21 => self.underline = true,
                22 => (self.bold, self.dim) = (false, false),
                23 => self.italic = false,
                24 => self.underline = false,
                27 => self.inverse = false,
                30..=37 => self.fg = Some(AnsiColor::Named((value - 30) as u8)),
                39 => self.fg = None,
                40..=47 => self.bg = Some(AnsiColor::Named((value - 40) as u8)),
                49 => self.bg = None,
                90..=97 => self.fg = Some(AnsiColor::Named((value - 82) as u8)),
                100..=107 => self.bg = Some(AnsiColor::Named((value - 92) as u8)),
                38 | 48 | 58 => {
                    let color = if is_compound {
                        compound_color(&parts.collect::<Vec<_>>())
                    } else {
                        extended_color(&mut codes)
                    };
                    match value {
                        38 => self.fg = color.or(self.fg),
                        48 => self.bg = color.or(self.bg),
                        // 58 colours the underline: read, so that its numbers are not taken for codes.
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}

/// `5;n` or `2;r;g;b`, read from the codes that follow.
fn extended_color<'a>(codes: &mut impl Iterator<Item = &'a str>) -> Option<AnsiColor> {
    let mut byte = || codes.next().and_then(number).and_then(|it| u8::try_from(it).ok());
    match byte()? {
        5 => Some(palette(byte()?)),
        2 => {
            let (red, green, blue) = (byte(), byte(), byte());
            Some(AnsiColor::Rgb(red?, green?, blue?))
        }
        _ => None,
    }
}

/// `5:n`, `2:r:g:b` or `2:<colour space>:r:g:b`.
fn compound_color(parts: &[Option<u32>]) -> Option<AnsiColor> {
    let byte = |it: Option<u32>| it.and_then(|it| u8::try_from(it).ok());
    match parts {
        [Some(5), index] => Some(palette(byte(*index)?)),
        [Some(2), red, green, blue] | [Some(2), _, red, green, blue, ..] => {
            Some(AnsiColor::Rgb(byte(*red)?, byte(*green)?, byte(*blue)?))
        }
        _ => None,
    }
}

fn palette(index: u8) -> AnsiColor {
    if index < 16 { AnsiColor::Named(index) } else { AnsiColor::Palette(index) }
}
