//! Randomness as a parameter: for run ids, form keys, lease owners and back-off jitter.

use std::sync::Mutex;

use rand::{RngCore, SeedableRng, rngs::StdRng};

pub trait Random: Send + Sync + 'static {
    fn next_u128(&self) -> u128;

    /// Uniform in `0..=max`.
    fn up_to(&self, max: u64) -> u64 {
        match u128::from(max).checked_add(1) {
            Some(span) => u64::try_from(self.next_u128() % span).unwrap_or(max),
            None => max,
        }
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn next_u128(&self) -> u128 {
        let mut bytes = [0_u8; 16];
        rand::rng().fill_bytes(&mut bytes);
        u128::from_le_bytes(bytes)
    }
}

/// The same numbers for the same seed: for tests.
#[derive(Debug)]
pub struct SeededRandom(Mutex<StdRng>);

impl SeededRandom {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn next_u128(&self) -> u128 {
        let mut bytes = [0_u8; 16];
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(&mut bytes);
        u128::from_le_bytes(bytes)
    }
}
