//! What tests need from the machine they run on. Never part of the product: only ever a dev-dependency.

pub mod postgres;
