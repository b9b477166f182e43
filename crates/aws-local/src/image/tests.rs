//! What [`super::resolve`] decides.

use std::path::PathBuf;

use serde_json::json;

use super::engine::EngineKind;
use super::{Engine, Environment, ImageError, ImageMapping, Packages, StandIn, resolve, resolve_algorithm};

const DLC: &str = "763104351884.dkr.ecr.us-east-1.amazonaws.com";

fn packages(image: &str) -> Packages {
    match resolve(image, &[], None) {
        Ok(Environment::Packages(packages)) => packages,
        other => panic!("{image}: {other:?}"),
    }
}

fn engine() -> Engine {
    Engine { program: PathBuf::from("/usr/bin/docker"), kind: EngineKind::Docker }
}

#[test]
fn framework_images_become_packages() {
    for (image, label, requirement) in [
        (
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
            "scikit-learn 1.2",
            "scikit-learn==1.2.1; ",
        ),
        (
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:0.23-1-cpu-py3",
            "scikit-learn 1.0",
            "scikit-learn==1.1.3; ",
        ),
        ("246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1", "XGBoost 1.7", "xgboost==1.7.6"),
        (&format!("{DLC}/pytorch-training:2.5.1-cpu-py311-ubuntu22.04-sagemaker"), "PyTorch 2.5", "torch==2.5.1"),
        (
            &format!("{DLC}/huggingface-pytorch-training:2.1.0-transformers4.36.0-gpu-py310-cu121-ubuntu20.04"),
            "Hugging Face Transformers 4.36",
            "transformers==4.36.2",
        ),
        ("public.ecr.aws/deep-learning-containers/pytorch-training:2.8.0-cpu-py312", "PyTorch 2.8", "torch==2.8.0"),
        ("pytorch/pytorch:2.3.1-cuda12.1", "PyTorch 2.3", "torch==2.3.1"),
    ] {
        let packages = packages(image);
        assert_eq!(packages.label, label, "{image}");
        assert!(packages.requirements.iter().any(|line| line.starts_with(requirement)), "{:?}", packages.requirements);
    }
    assert!(packages("python:3.11-slim").requirements.is_empty());
}

#[test]
fn differences_are_said() {
    let notes = packages(&format!("{DLC}/pytorch-training:1.8.0-gpu-py36-cu111-ubuntu18.04")).notes.join("; ");
    for word in ["the version of the tag 1.8.0-gpu", "2.0 is the nearest", "Python 3.6", "CPU", "NVIDIA"] {
        assert!(notes.contains(word), "{word}: {notes}");
    }
    let retired = resolve(&format!("{DLC}/mxnet-training:1.9.0-cpu-py38"), &[], Some(&engine())).expect_err("refused");
    assert!(matches!(&retired, ImageError::EndOfLife { .. }), "{retired:?}");
    assert!(retired.to_string().contains("PyTorch"), "{retired}");
}

#[test]
fn built_in_algorithms_have_stand_ins_by_image_and_by_name() {
    for (image, algorithm) in [
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", StandIn::Xgboost),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", StandIn::Xgboost),
        ("382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1", StandIn::LinearLearner),
        ("382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1", StandIn::KMeans),
    ] {
        assert_eq!(packages(image).stand_in, Some(algorithm), "{image}");
    }
    for name in ["kmeans", "arn:aws:sagemaker:us-east-1:000000000000:algorithm/kmeans"] {
        let Ok(Environment::Packages(packages)) = resolve_algorithm(name) else { panic!("{name}") };
        assert_eq!(packages.stand_in, Some(StandIn::KMeans));
    }
    for algorithm in [StandIn::Xgboost, StandIn::LinearLearner, StandIn::KMeans] {
        for (name, regex) in algorithm.metric_definitions() {
            let regex = regex::Regex::new(&regex).expect(&name);
            assert_eq!(regex.captures_len(), 2, "{name}");
        }
    }
    let closed = resolve("382416733822.dkr.ecr.us-east-1.amazonaws.com/pca:1", &[], None).expect_err("refused");
    assert!(matches!(closed, ImageError::NoStandIn { .. }) && resolve_algorithm("pca").is_err());
}

#[test]
fn other_images_need_an_engine_or_a_mapping() {
    // AWS's names in another account are not AWS's images.
    for image in ["000000000000.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", "mine:1", "ghcr.io/pytorch-training:2.1.0"]
    {
        let refused = resolve(image, &[], None).expect_err("refused");
        assert!(refused.to_string().contains("Docker"), "{refused}");
        assert!(matches!(resolve(image, &[], Some(&engine())), Ok(Environment::Container { .. })), "{image}");
    }
    assert!(matches!(resolve("-v", &[], Some(&engine())), Err(ImageError::NotAnImage { .. })));
    let mapping = |value| serde_json::from_value::<ImageMapping>(value).expect("a mapping");
    let mappings = [
        mapping(json!({"image": "mine:*", "requirements": ["einops==0.8.0"]})),
        mapping(json!({"image": "mi*", "python": "/usr/bin/python3"})),
        mapping(json!({"image": "*/kmeans:1", "container": true})),
    ];
    let Ok(Environment::Packages(packages)) = resolve("mine:1", &mappings, None) else { panic!("packages") };
    assert_eq!(packages.requirements, ["einops==0.8.0"]);
    assert_eq!(resolve("mist", &mappings, None), Ok(Environment::Python(PathBuf::from("/usr/bin/python3"))));
    let kmeans = "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1";
    assert!(matches!(resolve(kmeans, &mappings, Some(&engine())), Ok(Environment::Container { .. })));
    assert!(matches!(resolve(kmeans, &mappings, None), Err(ImageError::NoEngine { .. })));
}
