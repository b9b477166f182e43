//! Which runs nobody beats: none is both cheaper and better.

use crate::sweep::Goal;

/// The places of the points that no other beats, by growing x: none has a smaller-or-equal x and a better-or-equal y
/// with one of the two strictly so. Points that are not finite are never among them; of equal points the first is.
pub fn pareto_front(points: &[(f64, f64)], goal: Goal) -> Vec<usize> {
    let height = |y: f64| if goal == Goal::Maximize { -y } else { y };
    let mut order: Vec<usize> =
        (0..points.len()).filter(|it| points[*it].0.is_finite() && points[*it].1.is_finite()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (points[*a], points[*b]);
        a.0.total_cmp(&b.0).then(height(a.1).total_cmp(&height(b.1)))
    });
    let mut front = Vec::new();
    let mut best = f64::INFINITY;
    for index in order {
        let y = height(points[index].1);
        if front.is_empty() || y < best {
            best = y;
            front.push(index);
        }
    }
    front
}
