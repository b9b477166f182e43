//! Names for runs that get none: two words and a number, as MLflow's users know them.

use crate::random::Random;

const FIRST: [&str; 24] = [
    "amused", "bold", "brave", "calm", "capable", "clean", "crisp", "eager", "fair", "fast", "gentle", "glad", "grand",
    "keen", "kind", "lively", "nimble", "plain", "polite", "quiet", "sharp", "silent", "steady", "warm",
];
const SECOND: [&str; 24] = [
    "ant", "badger", "bee", "crane", "deer", "dove", "finch", "fox", "goat", "hare", "heron", "lark", "lynx", "mole",
    "moose", "newt", "otter", "owl", "robin", "seal", "shrew", "swan", "trout", "wren",
];

pub(super) fn random_name(random: &dyn Random) -> String {
    let pick = |words: &[&'static str]| {
        let index = random.up_to(words.len() as u64 - 1);
        words.get(usize::try_from(index).unwrap_or_default()).copied().unwrap_or_default()
    };
    format!("{}-{}-{}", pick(&FIRST), pick(&SECOND), random.up_to(999))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn a_name_has_three_parts() {
        let name = random_name(&SeededRandom::new(7));
        let parts: Vec<&str> = name.split('-').collect();
        assert!(parts.len() == 3 && parts[2].parse::<u32>().is_ok_and(|it| it < 1_000), "{name}");
    }
}
