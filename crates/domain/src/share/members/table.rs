//! The members of CreateTrainingJob, in the order and with the types of the SageMaker API model (2017-07-24).
//!
//! One more member of the API is one more line here; nothing else needs to know it, except `model_trainer` and
//! `terraform` where those tools lack it.

use super::{Kind, Structure};

pub(in crate::share) static REQUEST: Structure = Structure {
    name: "CreateTrainingJobRequest",
    members: &[
        ("TrainingJobName", Kind::Text),
        ("HyperParameters", Kind::Map),
        ("AlgorithmSpecification", Kind::Structure(&ALGORITHM_SPECIFICATION)),
        ("RoleArn", Kind::Text),
        ("InputDataConfig", Kind::List(&Kind::Structure(&CHANNEL))),
        ("OutputDataConfig", Kind::Structure(&OUTPUT_DATA_CONFIG)),
        ("ResourceConfig", Kind::Structure(&RESOURCE_CONFIG)),
        ("VpcConfig", Kind::Structure(&VPC_CONFIG)),
        ("StoppingCondition", Kind::Structure(&STOPPING_CONDITION)),
        ("Tags", Kind::List(&Kind::Structure(&TAG))),
        ("EnableNetworkIsolation", Kind::Flag),
        ("EnableInterContainerTrafficEncryption", Kind::Flag),
        ("EnableManagedSpotTraining", Kind::Flag),
        ("CheckpointConfig", Kind::Structure(&CHECKPOINT_CONFIG)),
        ("DebugHookConfig", Kind::Structure(&DEBUG_HOOK_CONFIG)),
        ("DebugRuleConfigurations", Kind::List(&Kind::Structure(&DEBUG_RULE_CONFIGURATION))),
        ("TensorBoardOutputConfig", Kind::Structure(&TENSOR_BOARD_OUTPUT_CONFIG)),
        ("ExperimentConfig", Kind::Structure(&EXPERIMENT_CONFIG)),
        ("ProfilerConfig", Kind::Structure(&PROFILER_CONFIG)),
        ("ProfilerRuleConfigurations", Kind::List(&Kind::Structure(&PROFILER_RULE_CONFIGURATION))),
        ("Environment", Kind::Map),
        ("RetryStrategy", Kind::Structure(&RETRY_STRATEGY)),
        ("RemoteDebugConfig", Kind::Structure(&REMOTE_DEBUG_CONFIG)),
        ("InfraCheckConfig", Kind::Structure(&INFRA_CHECK_CONFIG)),
        ("SessionChainingConfig", Kind::Structure(&SESSION_CHAINING_CONFIG)),
        ("ServerlessJobConfig", Kind::Structure(&SERVERLESS_JOB_CONFIG)),
        ("MlflowConfig", Kind::Structure(&MLFLOW_CONFIG)),
        ("ModelPackageConfig", Kind::Structure(&MODEL_PACKAGE_CONFIG)),
    ],
};

static MODEL_PACKAGE_CONFIG: Structure = Structure {
    name: "ModelPackageConfig",
    members: &[("ModelPackageGroupArn", Kind::Text), ("SourceModelPackageArn", Kind::Text)],
};

static MLFLOW_CONFIG: Structure = Structure {
    name: "MlflowConfig",
    members: &[("MlflowResourceArn", Kind::Text), ("MlflowExperimentName", Kind::Text), ("MlflowRunName", Kind::Text)],
};

static SERVERLESS_JOB_CONFIG: Structure = Structure {
    name: "ServerlessJobConfig",
    members: &[
        ("BaseModelArn", Kind::Text),
        ("AcceptEula", Kind::Flag),
        ("JobType", Kind::Text),
        ("CustomizationTechnique", Kind::Text),
        ("Peft", Kind::Text),
        ("EvaluationType", Kind::Text),
        ("EvaluatorArn", Kind::Text),
        ("SequenceLength", Kind::Text),
    ],
};

static SESSION_CHAINING_CONFIG: Structure =
    Structure { name: "SessionChainingConfig", members: &[("EnableSessionTagChaining", Kind::Flag)] };

static INFRA_CHECK_CONFIG: Structure =
    Structure { name: "InfraCheckConfig", members: &[("EnableInfraCheck", Kind::Flag)] };

static REMOTE_DEBUG_CONFIG: Structure =
    Structure { name: "RemoteDebugConfig", members: &[("EnableRemoteDebug", Kind::Flag)] };

static RETRY_STRATEGY: Structure =
    Structure { name: "RetryStrategy", members: &[("MaximumRetryAttempts", Kind::Integer)] };

static PROFILER_RULE_CONFIGURATION: Structure = Structure {
    name: "ProfilerRuleConfiguration",
    members: &[
        ("RuleConfigurationName", Kind::Text),
        ("LocalPath", Kind::Text),
        ("S3OutputPath", Kind::Text),
        ("RuleEvaluatorImage", Kind::Text),
        ("InstanceType", Kind::Text),
        ("VolumeSizeInGB", Kind::Integer),
        ("RuleParameters", Kind::Map),
    ],
};

static PROFILER_CONFIG: Structure = Structure {
    name: "ProfilerConfig",
    members: &[
        ("S3OutputPath", Kind::Text),
        ("ProfilingIntervalInMilliseconds", Kind::Integer),
        ("ProfilingParameters", Kind::Map),
        ("DisableProfiler", Kind::Flag),
    ],
};

static EXPERIMENT_CONFIG: Structure = Structure {
    name: "ExperimentConfig",
    members: &[
        ("ExperimentName", Kind::Text),
        ("TrialName", Kind::Text),
        ("TrialComponentDisplayName", Kind::Text),
        ("RunName", Kind::Text),
    ],
};

static TENSOR_BOARD_OUTPUT_CONFIG: Structure =
    Structure { name: "TensorBoardOutputConfig", members: &[("LocalPath", Kind::Text), ("S3OutputPath", Kind::Text)] };

static DEBUG_RULE_CONFIGURATION: Structure = Structure {
    name: "DebugRuleConfiguration",
    members: &[
        ("RuleConfigurationName", Kind::Text),
        ("LocalPath", Kind::Text),
        ("S3OutputPath", Kind::Text),
        ("RuleEvaluatorImage", Kind::Text),
        ("InstanceType", Kind::Text),
        ("VolumeSizeInGB", Kind::Integer),
        ("RuleParameters", Kind::Map),
    ],
};

static DEBUG_HOOK_CONFIG: Structure = Structure {
    name: "DebugHookConfig",
    members: &[
        ("LocalPath", Kind::Text),
        ("S3OutputPath", Kind::Text),
        ("HookParameters", Kind::Map),
        ("CollectionConfigurations", Kind::List(&Kind::Structure(&COLLECTION_CONFIGURATION))),
    ],
};

static COLLECTION_CONFIGURATION: Structure = Structure {
    name: "CollectionConfiguration",
    members: &[("CollectionName", Kind::Text), ("CollectionParameters", Kind::Map)],
};

static CHECKPOINT_CONFIG: Structure =
    Structure { name: "CheckpointConfig", members: &[("S3Uri", Kind::Text), ("LocalPath", Kind::Text)] };

static TAG: Structure = Structure { name: "Tag", members: &[("Key", Kind::Text), ("Value", Kind::Text)] };

static STOPPING_CONDITION: Structure = Structure {
    name: "StoppingCondition",
    members: &[
        ("MaxRuntimeInSeconds", Kind::Integer),
        ("MaxWaitTimeInSeconds", Kind::Integer),
        ("MaxPendingTimeInSeconds", Kind::Integer),
    ],
};

static VPC_CONFIG: Structure = Structure {
    name: "VpcConfig",
    members: &[("SecurityGroupIds", Kind::List(&Kind::Text)), ("Subnets", Kind::List(&Kind::Text))],
};

static RESOURCE_CONFIG: Structure = Structure {
    name: "ResourceConfig",
    members: &[
        ("InstanceType", Kind::Text),
        ("InstanceCount", Kind::Integer),
        ("VolumeSizeInGB", Kind::Integer),
        ("VolumeKmsKeyId", Kind::Text),
        ("KeepAlivePeriodInSeconds", Kind::Integer),
        ("InstanceGroups", Kind::List(&Kind::Structure(&INSTANCE_GROUP))),
        ("TrainingPlanArn", Kind::Text),
        ("InstancePlacementConfig", Kind::Structure(&INSTANCE_PLACEMENT_CONFIG)),
        ("InstancePreferences", Kind::List(&Kind::Structure(&INSTANCE_PREFERENCE))),
        ("SelectedInstanceType", Kind::Text),
        ("SelectedInstanceCount", Kind::Integer),
    ],
};

static INSTANCE_PREFERENCE: Structure = Structure {
    name: "InstancePreference",
    members: &[
        ("InstanceType", Kind::Text),
        ("InstanceCount", Kind::Integer),
        ("TrainingPlanArns", Kind::List(&Kind::Text)),
    ],
};

static INSTANCE_PLACEMENT_CONFIG: Structure = Structure {
    name: "InstancePlacementConfig",
    members: &[
        ("EnableMultipleJobs", Kind::Flag),
        ("PlacementSpecifications", Kind::List(&Kind::Structure(&PLACEMENT_SPECIFICATION))),
    ],
};

static PLACEMENT_SPECIFICATION: Structure = Structure {
    name: "PlacementSpecification",
    members: &[("UltraServerId", Kind::Text), ("InstanceCount", Kind::Integer)],
};

static INSTANCE_GROUP: Structure = Structure {
    name: "InstanceGroup",
    members: &[("InstanceType", Kind::Text), ("InstanceCount", Kind::Integer), ("InstanceGroupName", Kind::Text)],
};

static OUTPUT_DATA_CONFIG: Structure = Structure {
    name: "OutputDataConfig",
    members: &[("KmsKeyId", Kind::Text), ("S3OutputPath", Kind::Text), ("CompressionType", Kind::Text)],
};

static CHANNEL: Structure = Structure {
    name: "Channel",
    members: &[
        ("ChannelName", Kind::Text),
        ("DataSource", Kind::Structure(&DATA_SOURCE)),
        ("ContentType", Kind::Text),
        ("CompressionType", Kind::Text),
        ("RecordWrapperType", Kind::Text),
        ("InputMode", Kind::Text),
        ("ShuffleConfig", Kind::Structure(&SHUFFLE_CONFIG)),
    ],
};

static SHUFFLE_CONFIG: Structure = Structure { name: "ShuffleConfig", members: &[("Seed", Kind::Integer)] };

static DATA_SOURCE: Structure = Structure {
    name: "DataSource",
    members: &[
        ("S3DataSource", Kind::Structure(&S3_DATA_SOURCE)),
        ("FileSystemDataSource", Kind::Structure(&FILE_SYSTEM_DATA_SOURCE)),
        ("DatasetSource", Kind::Structure(&DATASET_SOURCE)),
    ],
};

static DATASET_SOURCE: Structure = Structure { name: "DatasetSource", members: &[("DatasetArn", Kind::Text)] };

static FILE_SYSTEM_DATA_SOURCE: Structure = Structure {
    name: "FileSystemDataSource",
    members: &[
        ("FileSystemId", Kind::Text),
        ("FileSystemAccessMode", Kind::Text),
        ("FileSystemType", Kind::Text),
        ("DirectoryPath", Kind::Text),
    ],
};

static S3_DATA_SOURCE: Structure = Structure {
    name: "S3DataSource",
    members: &[
        ("S3DataType", Kind::Text),
        ("S3Uri", Kind::Text),
        ("S3DataDistributionType", Kind::Text),
        ("AttributeNames", Kind::List(&Kind::Text)),
        ("InstanceGroupNames", Kind::List(&Kind::Text)),
        ("ModelAccessConfig", Kind::Structure(&MODEL_ACCESS_CONFIG)),
        ("HubAccessConfig", Kind::Structure(&HUB_ACCESS_CONFIG)),
    ],
};

static HUB_ACCESS_CONFIG: Structure = Structure { name: "HubAccessConfig", members: &[("HubContentArn", Kind::Text)] };

static MODEL_ACCESS_CONFIG: Structure = Structure { name: "ModelAccessConfig", members: &[("AcceptEula", Kind::Flag)] };

static ALGORITHM_SPECIFICATION: Structure = Structure {
    name: "AlgorithmSpecification",
    members: &[
        ("TrainingImage", Kind::Text),
        ("AlgorithmName", Kind::Text),
        ("TrainingInputMode", Kind::Text),
        ("MetricDefinitions", Kind::List(&Kind::Structure(&METRIC_DEFINITION))),
        ("EnableSageMakerMetricsTimeSeries", Kind::Flag),
        ("ContainerEntrypoint", Kind::List(&Kind::Text)),
        ("ContainerArguments", Kind::List(&Kind::Text)),
        ("TrainingImageConfig", Kind::Structure(&TRAINING_IMAGE_CONFIG)),
    ],
};

static TRAINING_IMAGE_CONFIG: Structure = Structure {
    name: "TrainingImageConfig",
    members: &[
        ("TrainingRepositoryAccessMode", Kind::Text),
        ("TrainingRepositoryAuthConfig", Kind::Structure(&TRAINING_REPOSITORY_AUTH_CONFIG)),
    ],
};

static TRAINING_REPOSITORY_AUTH_CONFIG: Structure = Structure {
    name: "TrainingRepositoryAuthConfig",
    members: &[("TrainingRepositoryCredentialsProviderArn", Kind::Text)],
};

static METRIC_DEFINITION: Structure =
    Structure { name: "MetricDefinition", members: &[("Name", Kind::Text), ("Regex", Kind::Text)] };
