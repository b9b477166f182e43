//! A plotters back end that writes SVG path data and nothing else: no colours, no text, no measuring.
//!
//! plotters' pixels are whole numbers; ours are tenths of a CSS pixel, so that curves are smooth.

use std::convert::Infallible;

use plotters::{
    coord::{Shift, cartesian::Cartesian2d, types::RangedCoordf64},
    drawing::{DrawingArea, IntoDrawingArea},
    element::{PathElement, Polygon},
    style::BLACK,
};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingBackend, DrawingErrorKind};

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// Tenths of a pixel.
const SCALE: u32 = 10;

/// The rectangle of a layer in whole pixels, and the ranges that it shows. `y` is in places (`YScale::place`).
#[derive(Clone, Debug)]
pub(crate) struct LayerArea {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) x: (f64, f64),
    pub(crate) y: (f64, f64),
}

impl LayerArea {
    /// The `d` attribute of one path with all strokes of two or more points.
    pub(crate) fn line_path(&self, strokes: &[Vec<(f64, f64)>]) -> String {
        self.draw(|area| {
            for stroke in strokes.iter().filter(|it| it.len() > 1) {
                let line = PathElement::new(stroke.as_slice(), BLACK);
                area.draw(&line).expect("the back end cannot fail and is not shared");
            }
        })
    }

    /// The `d` attribute of the areas between the strokes and the bottom edge.
    pub(crate) fn area_path(&self, strokes: &[Vec<(f64, f64)>]) -> String {
        self.draw(|area| {
            for stroke in strokes.iter().filter(|it| it.len() > 1) {
                let (first, last) = (stroke[0], stroke[stroke.len() - 1]);
                let mut outline = stroke.clone();
                outline.extend([(last.0, self.y.0), (first.0, self.y.0)]);
                area.draw(&Polygon::new(outline, BLACK)).expect("the back end cannot fail and is not shared");
            }
        })
    }

    fn draw(
        &self,
        paint: impl FnOnce(&DrawingArea<PathLayer<'_>, Cartesian2d<RangedCoordf64, RangedCoordf64>>),
    ) -> String {
        let mut path = String::new();
        let layer = PathLayer { path: &mut path, area: self };
        let root: DrawingArea<PathLayer<'_>, Shift> = layer.into_drawing_area();
        let (width, height) = self.scaled_size();
        let coordinates = Cartesian2d::new(self.x.0..self.x.1, self.y.0..self.y.1, (0..width, height..0));
        let area = root.apply_coord_spec(coordinates);
        paint(&area);
        drop(area);
        path
    }

    fn scaled_size(&self) -> (i32, i32) {
        // At most `ChartSpec::MAX_SIZE` x 10: far from the limit.
        ((self.width * SCALE).cast_signed(), (self.height * SCALE).cast_signed())
    }
}

struct PathLayer<'a> {
    path: &'a mut String,
    area: &'a LayerArea,
}

impl PathLayer<'_> {
    fn write(&mut self, command: char, (x, y): BackendCoord) {
        self.path.push(command);
        push_tenths(self.path, i64::from(x) + i64::from(self.area.left * SCALE));
        self.path.push(' ');
        push_tenths(self.path, i64::from(y) + i64::from(self.area.top * SCALE));
    }
}

/// `123` is written as `12.3`, `120` as `12`.
fn push_tenths(text: &mut String, tenths: i64) {
    let sign = if tenths < 0 { "-" } else { "" };
    let (mut whole, tenth) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
    // Digits by hand: a chart has tens of thousands of these numbers, and `write!` costs five times as much.
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (whole % 10) as u8;
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    text.push_str(sign);
    text.extend(digits[start..].iter().map(|digit| char::from(*digit)));
    if tenth > 0 {
        text.push('.');
        text.push(char::from(b'0' + tenth as u8));
    }
}

impl DrawingBackend for PathLayer<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.area.width * SCALE, self.area.height * SCALE)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, _: BackendColor) -> Drawn {
        self.write('M', point);
        self.path.push_str("h0");
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, _: &S) -> Drawn {
        self.write('M', from);
        self.write('L', to);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, _: &S) -> Drawn {
        let mut previous = None;
        for point in path {
            // Points that fall on one tenth of a pixel add nothing.
            if previous != Some(point) {
                self.write(if previous.is_none() { 'M' } else { 'L' }, point);
            }
            previous = Some(point);
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, corners: I, style: &S) -> Drawn {
        self.draw_path(corners, style)?;
        self.path.push('Z');
        Ok(())
    }
}
