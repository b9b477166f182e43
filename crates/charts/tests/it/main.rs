//! Tests of the crate's public face: golden charts, and properties that hold for every chart.

mod golden;
mod properties;
mod support;
