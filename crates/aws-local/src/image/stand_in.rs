//! The built-in algorithms that have a local stand-in: a Python program of this crate (`stand_ins/`) that takes the
//! algorithm's hyperparameters and channels, and prints and writes what the algorithm does.
//!
//! SageMaker ignores the metric definitions of a request for a built-in algorithm and uses the algorithm's own; so does
//! [`StandIn::metric_definitions`]. Names: "Tune a ... Model" pages of the SageMaker developer guide. `#011` in
//! XGBoost's lines is the tab that its log shows in CloudWatch.

/// A built-in algorithm with a program here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandIn {
    Xgboost,
    LinearLearner,
    KMeans,
}

/// Metrics that XGBoost computes, or that SageMaker's container adds to them. For two channels they are the 40 definitions
/// that a job can have.
const XGBOOST_METRICS: [&str; 20] = [
    "accuracy",
    "auc",
    "aucpr",
    "balanced_accuracy",
    "error",
    "f1",
    "f1_binary",
    "f1_macro",
    "gamma-nloglik",
    "logloss",
    "mae",
    "map",
    "mape",
    "merror",
    "mlogloss",
    "mse",
    "ndcg",
    "r2",
    "rmse",
    "rmsle",
];

/// Lines of the first-party algorithms: (metric, what the line says).
const LINEAR_METRICS: [(&str, &str); 26] = [
    ("train:objective_loss", r"#quality_metric: host=\S+, epoch=\S+, train \S+_objective <loss>=(\S+)"),
    ("train:objective_loss:final", r"#quality_metric: host=\S+, train \S+_objective <loss>=(\S+)"),
    ("train:progress", r"#progress_metric: host=\S+, completed (\S+) %"),
    ("train:throughput", r"#throughput_metric: host=\S+, train throughput=(\S+) records/second"),
    ("validation:objective_loss", r"#quality_metric: host=\S+, epoch=\S+, validation \S+_objective <loss>=(\S+)"),
    ("validation:objective_loss:final", r"#quality_metric: host=\S+, validation \S+_objective <loss>=(\S+)"),
    (
        "validation:binary_classification_accuracy",
        r"#quality_metric: host=\S+, validation binary_classification_accuracy <score>=(\S+)",
    ),
    ("validation:binary_f_beta", r"#quality_metric: host=\S+, validation binary_f_\S+ <score>=(\S+)"),
    ("validation:precision", r"#quality_metric: host=\S+, validation precision <score>=(\S+)"),
    ("validation:recall", r"#quality_metric: host=\S+, validation recall <score>=(\S+)"),
    ("validation:roc_auc_score", r"#quality_metric: host=\S+, validation roc_auc_score <score>=(\S+)"),
    ("validation:mse", r"#quality_metric: host=\S+, validation mse <loss>=(\S+)"),
    ("validation:absolute_loss", r"#quality_metric: host=\S+, validation absolute_loss <loss>=(\S+)"),
    ("validation:rmse", r"#quality_metric: host=\S+, validation rmse <loss>=(\S+)"),
    ("validation:r2", r"#quality_metric: host=\S+, validation r2 <score>=(\S+)"),
    ("validation:multiclass_accuracy", r"#quality_metric: host=\S+, validation multiclass_accuracy <score>=(\S+)"),
    ("test:objective_loss", r"#quality_metric: host=\S+, test \S+_objective <loss>=(\S+)"),
    (
        "test:binary_classification_accuracy",
        r"#quality_metric: host=\S+, test binary_classification_accuracy <score>=(\S+)",
    ),
    ("test:binary_f_beta", r"#quality_metric: host=\S+, test binary_f_\S+ <score>=(\S+)"),
    ("test:precision", r"#quality_metric: host=\S+, test precision <score>=(\S+)"),
    ("test:recall", r"#quality_metric: host=\S+, test recall <score>=(\S+)"),
    ("test:roc_auc_score", r"#quality_metric: host=\S+, test roc_auc_score <score>=(\S+)"),
    ("test:mse", r"#quality_metric: host=\S+, test mse <loss>=(\S+)"),
    ("test:absolute_loss", r"#quality_metric: host=\S+, test absolute_loss <loss>=(\S+)"),
    ("test:rmse", r"#quality_metric: host=\S+, test rmse <loss>=(\S+)"),
    ("test:multiclass_accuracy", r"#quality_metric: host=\S+, test multiclass_accuracy <score>=(\S+)"),
];

const K_MEANS_METRICS: [(&str, &str); 5] = [
    ("train:msd", r"#quality_metric: host=\S+, train msd <loss>=(\S+)"),
    ("train:progress", r"#progress_metric: host=\S+, completed (\S+) %"),
    ("train:throughput", r"#throughput_metric: host=\S+, train throughput=(\S+) records/second"),
    ("test:msd", r"#quality_metric: host=\S+, test msd <loss>=(\S+)"),
    ("test:ssd", r"#quality_metric: host=\S+, test ssd <loss>=(\S+)"),
];

impl StandIn {
    /// By the name of the algorithm's repository, which is also its `AlgorithmName`.
    pub fn named(name: &str) -> Option<StandIn> {
        match name {
            "xgboost" | "sagemaker-xgboost" => Some(StandIn::Xgboost),
            "linear-learner" => Some(StandIn::LinearLearner),
            "kmeans" => Some(StandIn::KMeans),
            _ => None,
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            StandIn::Xgboost => "XGBoost",
            StandIn::LinearLearner => "Linear Learner",
            StandIn::KMeans => "K-Means",
        }
    }

    /// What the job's log and record say, so that nobody takes the result for AWS's.
    pub fn sentence(self) -> &'static str {
        match self {
            StandIn::Xgboost => {
                "a local stand-in for SageMaker's XGBoost trains here with the XGBoost library from PyPI"
            }
            StandIn::LinearLearner => {
                "a local stand-in for SageMaker's Linear Learner trains here; AWS's own is not public"
            }
            StandIn::KMeans => "a local stand-in for SageMaker's K-Means trains here; AWS's own is not public",
        }
    }

    /// (file name, text) of the program; the first one is started.
    pub(crate) fn files(self) -> [(&'static str, &'static str); 4] {
        let main = match self {
            StandIn::Xgboost => ("train_xgboost.py", include_str!("../../stand_ins/train_xgboost.py")),
            StandIn::LinearLearner => {
                ("train_linear_learner.py", include_str!("../../stand_ins/train_linear_learner.py"))
            }
            StandIn::KMeans => ("train_kmeans.py", include_str!("../../stand_ins/train_kmeans.py")),
        };
        [
            main,
            ("stand_in.py", include_str!("../../stand_ins/stand_in.py")),
            ("stand_in_data.py", include_str!("../../stand_ins/stand_in_data.py")),
            ("linear_metrics.py", include_str!("../../stand_ins/linear_metrics.py")),
        ]
    }

    /// One environment for all of them: `xgboost-cpu` is XGBoost without GPU code, a few megabytes instead of hundreds.
    pub(crate) const REQUIREMENTS: [&str; 3] = ["numpy==2.2.6", "scipy==1.15.3", "xgboost-cpu==3.2.0"];

    /// (name, regular expression).
    pub(crate) fn metric_definitions(self) -> Vec<(String, String)> {
        let own = |list: &[(&str, &str)]| {
            list.iter().map(|(name, regex)| ((*name).to_owned(), (*regex).to_owned())).collect()
        };
        match self {
            StandIn::LinearLearner => own(&LINEAR_METRICS),
            StandIn::KMeans => own(&K_MEANS_METRICS),
            StandIn::Xgboost => ["train", "validation"]
                .iter()
                .flat_map(|set| XGBOOST_METRICS.iter().map(move |metric| (set, metric)))
                .map(|(set, metric)| {
                    let number = r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)";
                    (format!("{set}:{metric}"), format!(r".*\[[0-9]+\].*#011{set}-{metric}:{number}.*"))
                })
                .collect(),
        }
    }
}
