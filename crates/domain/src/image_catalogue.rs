//! Training images that AWS offers, with their URIs in a region. Sources: `data/README.md`.

use serde::{Deserialize, Serialize};

/// An image that the form proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueImage {
    pub uri: String,
    /// `pytorch`, `xgboost`
    pub name: String,
    /// `PyTorch 2.8.0, Python 3.12, GPU`
    pub title: String,
    /// Whether it brings its own program; a framework's image runs a script.
    pub is_algorithm: bool,
}

#[derive(Deserialize)]
struct Row {
    kind: String,
    name: String,
    version: String,
    python: String,
    processor: String,
    repository: String,
    tag: String,
    registry: String,
}

#[derive(Deserialize)]
struct Registry {
    group: String,
    region: String,
    account: String,
    dns_suffix: String,
}

/// Every image that AWS offers in this region, frameworks first, each with its newest version first.
pub fn catalogue_images(region: &str) -> Vec<CatalogueImage> {
    let registries: Vec<Registry> =
        read::<Registry>(include_str!("../data/image_registries.csv")).filter(|it| it.region == region).collect();
    let mut images: Vec<(Row, CatalogueImage)> = read::<Row>(include_str!("../data/image_catalogue.csv"))
        .filter_map(|row| {
            let Registry { account, dns_suffix, .. } = registries.iter().find(|it| it.group == row.registry)?;
            let uri = format!("{account}.dkr.ecr.{region}.{dns_suffix}/{}:{}", row.repository, row.tag);
            let image = CatalogueImage {
                uri,
                name: row.name.clone(),
                title: title(&row),
                is_algorithm: row.kind == "algorithm",
            };
            Some((row, image))
        })
        .collect();
    // Stable: inside one name the table's own order is from old to new.
    images.reverse();
    images.sort_by(|(one, _), (other, _)| {
        (other.kind.as_str(), one.name.as_str()).cmp(&(one.kind.as_str(), other.name.as_str()))
    });
    images.into_iter().map(|(_, image)| image).collect()
}

fn read<T: for<'a> Deserialize<'a>>(table: &'static str) -> impl Iterator<Item = T> {
    csv::Reader::from_reader(table.as_bytes()).into_deserialize().filter_map(Result::ok)
}

fn title(row: &Row) -> String {
    let name = match row.name.as_str() {
        "pytorch" => "PyTorch",
        "tensorflow" => "TensorFlow",
        "huggingface" => "Hugging Face",
        "sklearn" => "scikit-learn",
        "xgboost" => "XGBoost",
        "linear-learner" => "Linear Learner",
        "kmeans" => "K-Means",
        other => other,
    };
    let python = match row.python.strip_prefix("py").unwrap_or_default() {
        "" => String::new(),
        "3" => ", Python 3".to_owned(),
        digits => format!(", Python {}.{}", &digits[..1], &digits[1..]),
    };
    let processor = row.processor.replace('|', " or ").to_uppercase().replace(" OR ", " or ");
    let kind = if row.kind == "algorithm" { "built-in algorithm, " } else { "" };
    format!("{name} {}{python}, {kind}{processor}", row.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_those_of_the_region() {
        let images = catalogue_images("us-east-1");
        assert!(images.len() > 50, "{}", images.len());
        let scikit = images.iter().find(|it| it.name == "sklearn").expect("scikit-learn is offered");
        assert!(scikit.uri.starts_with("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:"));
        let beijing = catalogue_images("cn-north-1");
        assert!(beijing.iter().all(|it| it.uri.contains(".amazonaws.com.cn/")) && !beijing.is_empty());
        assert!(catalogue_images("mars-north-1").is_empty());
    }

    #[test]
    fn frameworks_come_first_and_the_newest_of_each() {
        let images = catalogue_images("us-east-1");
        let first_algorithm = images.iter().position(|it| it.is_algorithm).expect("algorithms");
        assert!(images[first_algorithm..].iter().all(|it| it.is_algorithm));
        let torch: Vec<&str> = images.iter().filter(|it| it.name == "pytorch").map(|it| it.title.as_str()).collect();
        assert!(torch.len() >= 8 && torch[0].starts_with("PyTorch 2."), "{torch:?}");
        assert!(images.iter().all(|it| it.title.contains("CPU") || it.title.contains("GPU")));
    }
}
