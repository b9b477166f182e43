//! The form's sections, in the order in which the work goes. What is common is open; the rest is folded, with a count of
//! what is set in it.

use leptos::prelude::*;

use super::{instance::InstanceField, policy::Policies, quota::QuotaFields, state::FormState};
use crate::components::{
    field::{CheckField, FormErrors, TextField, field_id},
    member::Member,
    request_form::RequestForm,
    rows_field::{Column, RowsField, name_and_value},
};

#[component]
pub(super) fn Section(title: &'static str, lead: &'static str, children: Children) -> impl IntoView {
    let id = format!("s-{}", title.to_lowercase().replace(' ', "-"));
    let labelled_by = id.clone();
    view! {
        <section class="panel form-section" aria-labelledby=labelled_by>
            <h2 class="panel-title" id=id>{title}</h2>
            <p class="panel-lead">{lead}</p>
            {children()}
        </section>
    }
}

/// Members that few people set. Opens when one of them is wrong: a fold must not hide an error.
#[component]
pub(super) fn Fold(
    title: &'static str,
    /// What it holds: the beginnings of paths.
    paths: &'static [&'static str],
    errors: FormErrors,
    children: Children,
) -> impl IntoView {
    let form = RequestForm::of_form();
    let is_inside = move |path: &str| paths.iter().any(|it| path.starts_with(it));
    let must_open = Memo::new(move |_| errors.list.with(|all| all.iter().any(|it| is_inside(&it.field))));
    let count = Memo::new(move |_| {
        // A blank value of a blank row is nothing that was set.
        let is_set = |(path, text): &(&str, &str)| is_inside(path) && !text.trim().is_empty();
        form.fields().with(|it| it.iter().filter(is_set).count())
    });
    let badge = move || {
        let count = count.get();
        (count > 0).then(|| view! { <span class="fold-count">{format!("{count} set")}</span> })
    };
    view! {
        <details class="fold" open=move || must_open.get()>
            <summary>{title}{badge}</summary>
            <div class="fold-body">{children()}</div>
        </details>
    }
}

const fn text(label: &'static str, placeholder: &'static str) -> [Column; 1] {
    [Column { member: "", label, placeholder }]
}

#[component]
pub(super) fn ImageFields(errors: FormErrors) -> impl IntoView {
    view! {
        <Fold
            title="Algorithm, input mode, entry point of the container" errors
            paths=&[
                "AlgorithmSpecification.AlgorithmName", "AlgorithmSpecification.TrainingInputMode",
                "AlgorithmSpecification.Container", "AlgorithmSpecification.TrainingImageConfig",
            ]
        >
            <Member
                path="AlgorithmSpecification.AlgorithmName" label="Algorithm" errors
                hint="Instead of an image: the name or ARN of an algorithm of your account or of the Marketplace."
            />
            <Member
                path="AlgorithmSpecification.TrainingInputMode" label="Input mode" errors
                hint="File copies the data first, FastFile reads it on demand, Pipe streams it. A channel may differ."
            />
            <h3 class="rows-title">"Container entrypoint"</h3>
            <RowsField path="AlgorithmSpecification.ContainerEntrypoint" what="word" columns=text("Word", "python3") errors/>
            <h3 class="rows-title">"Container arguments"</h3>
            <RowsField path="AlgorithmSpecification.ContainerArguments" what="argument" columns=text("Argument", "--verbose") errors/>
            <div class="field-row">
                <Member
                    path="AlgorithmSpecification.TrainingImageConfig.TrainingRepositoryAccessMode" label="Registry access" errors
                    hint="Vpc for a private Docker registry inside your VPC."
                />
                <Member
                    path="AlgorithmSpecification.TrainingImageConfig.TrainingRepositoryAuthConfig.TrainingRepositoryCredentialsProviderArn"
                    label="Registry login" errors hint="A Lambda function that gives the credentials."
                />
            </div>
        </Fold>
    }
}

#[component]
pub(super) fn MetricFields(errors: FormErrors) -> impl IntoView {
    const COLUMNS: [Column; 2] = [
        Column { member: "Name", label: "Name", placeholder: "train:loss" },
        Column { member: "Regex", label: "Regex", placeholder: "loss=([0-9.eE+-]+)" },
    ];
    view! {
        <RowsField path="AlgorithmSpecification.MetricDefinitions" what="metric definition" columns=COLUMNS errors/>
        <Member
            path="AlgorithmSpecification.EnableSageMakerMetricsTimeSeries" label="Metrics time series" errors
            hint="SageMaker keeps every value, not only the last."
        />
    }
}

#[component]
pub(super) fn ResourceFields(errors: FormErrors) -> impl IntoView {
    const GROUPS: [Column; 3] = [
        Column { member: "InstanceGroupName", label: "Name", placeholder: "workers" },
        Column { member: "InstanceType", label: "Instance type", placeholder: "ml.g5.xlarge" },
        Column { member: "InstanceCount", label: "Instances", placeholder: "2" },
    ];
    const PREFERENCES: [Column; 2] = [
        Column { member: "InstanceType", label: "Instance type", placeholder: "ml.g5.xlarge" },
        Column { member: "InstanceCount", label: "Instances", placeholder: "" },
    ];
    view! {
        <InstanceField errors/>
        <div class="field-row">
            <Member path="ResourceConfig.InstanceCount" label="Instances" errors/>
            <Member
                path="ResourceConfig.VolumeSizeInGB" label="Volume" unit="GB" errors
                hint="Types with NVMe disks of their own ignore it."
            />
        </div>
        <QuotaFields errors/>
        <Fold
            title="Warm pool, clusters of several types, capacity" errors
            paths=&[
                "ResourceConfig.KeepAlive", "ResourceConfig.VolumeKms", "ResourceConfig.TrainingPlan",
                "ResourceConfig.InstanceGroups", "ResourceConfig.InstancePreferences", "ResourceConfig.InstancePlacement",
            ]
        >
            <div class="field-row">
                <Member
                    path="ResourceConfig.KeepAlivePeriodInSeconds" label="Keep alive" unit="s" errors
                    hint="The instances wait this long for a job like this one, and are billed while they wait."
                />
                <Member path="ResourceConfig.VolumeKmsKeyId" label="Key of the volume" errors hint="KMS; not with NVMe types."/>
            </div>
            <Member
                path="ResourceConfig.TrainingPlanArn" label="Training plan" errors
                hint="Capacity that was reserved; not with spot."
            />
            <h3 class="rows-title">"Instance groups"</h3>
            <p class="hint">"A cluster of several types: clear the instance type above."</p>
            <RowsField path="ResourceConfig.InstanceGroups" what="group" columns=GROUPS errors/>
            <h3 class="rows-title">"Instance preferences"</h3>
            <p class="hint">"The first type that has capacity is used: clear the instance type above."</p>
            <RowsField path="ResourceConfig.InstancePreferences" what="preference" columns=PREFERENCES errors/>
        </Fold>
    }
}

#[component]
pub(super) fn ResultFields(errors: FormErrors) -> impl IntoView {
    let state = FormState::of_form();
    view! {
        <Member
            path="OutputDataConfig.S3OutputPath" label="Output path" errors
            hint="The model goes to <this>/<job>/output/model.tar.gz."
        />
        <CheckField
            name="checkpoints" label="Keep checkpoints" api_name="CheckpointConfig" value=state.checkpoints
            hint="What the script writes to /opt/ml/checkpoints survives interruptions."
        />
        <Fold
            title="Compression, encryption, checkpoints elsewhere, TensorBoard" errors
            paths=&["OutputDataConfig.CompressionType", "OutputDataConfig.KmsKeyId", "CheckpointConfig", "TensorBoardOutputConfig"]
        >
            <div class="field-row">
                <Member path="OutputDataConfig.CompressionType" label="Compression" errors hint="NONE leaves the model's files as they are."/>
                <Member path="OutputDataConfig.KmsKeyId" label="Key of the output" errors hint="KMS: an id, an ARN or an alias."/>
            </div>
            <div class="field-row">
                <Member
                    path="CheckpointConfig.S3Uri" label="Checkpoints in S3" errors
                    hint="The same place as an earlier job's: this one goes on from there."
                />
                <Member path="CheckpointConfig.LocalPath" label="Checkpoints in the container" errors placeholder="/opt/ml/checkpoints"/>
            </div>
            <div class="field-row">
                <Member path="TensorBoardOutputConfig.S3OutputPath" label="TensorBoard in S3" errors/>
                <Member path="TensorBoardOutputConfig.LocalPath" label="TensorBoard in the container" errors placeholder="/opt/ml/output/tensorboard"/>
            </div>
        </Fold>
    }
}

#[component]
pub(super) fn LimitFields(errors: FormErrors) -> impl IntoView {
    let form = RequestForm::of_form();
    let spot = form.text("EnableManagedSpotTraining");
    // Without script the field stays visible: the style hides it only where the switch is really off and live.
    let is_live = RwSignal::new(false);
    Effect::new(move |_| is_live.set(true));
    let is_spot = move || spot.with(|it| it == "true");
    let hides_wait = move || is_live.get() && !is_spot();
    view! {
        // First: what it reveals comes after it, and nothing moves under the one who presses it.
        <Member
            path="EnableManagedSpotTraining" label="Managed spot training" errors
            hint="Spare capacity, billed fewer seconds; it may be interrupted and goes on later."
        />
        <div class="field-row">
            <Member
                path="StoppingCondition.MaxRuntimeInSeconds" label="Maximum runtime" unit="s" errors
                hint="Not set: one day. It covers all attempts together."
            />
            <div class="field-slot" class:is-hidden=hides_wait>
                <Member
                    path="StoppingCondition.MaxWaitTimeInSeconds" label="Maximum wait" unit="s" errors
                    hint="For spot: running and waiting for capacity together, at least the maximum runtime."
                />
            </div>
        </div>
        <Fold title="Retries and waiting for capacity" errors paths=&["RetryStrategy", "StoppingCondition.MaxPending"]>
            <div class="field-row">
                <Member path="RetryStrategy.MaximumRetryAttempts" label="Retries" errors hint="After errors of SageMaker's own, not of the script."/>
                <Member
                    path="StoppingCondition.MaxPendingTimeInSeconds" label="Maximum pending time" unit="s" errors
                    hint="Acts on ml.p, ml.g and ml.trn types."
                />
            </div>
        </Fold>
    }
}

#[component]
pub(super) fn SecurityFields(errors: FormErrors) -> impl IntoView {
    view! {
        <Member path="RoleArn" label="Execution role" errors hint="What the job may read and write."/>
        <Fold
            title="Network isolation, VPC, encryption, debugging" errors
            paths=&["EnableNetworkIsolation", "EnableInterContainer", "VpcConfig", "RemoteDebug", "InfraCheck", "SessionChaining"]
        >
            <Member
                path="EnableNetworkIsolation" label="Network isolation" errors
                hint="The container reaches nothing: no S3, no package index, no tracking server."
            />
            <Member path="EnableInterContainerTrafficEncryption" label="Encrypt traffic between instances" errors hint="Acts with two or more."/>
            <h3 class="rows-title">"Subnets"</h3>
            <RowsField path="VpcConfig.Subnets" what="subnet" columns=text("Subnet", "subnet-0123456789abcdef0") errors/>
            <h3 class="rows-title">"Security groups"</h3>
            <RowsField path="VpcConfig.SecurityGroupIds" what="security group" columns=text("Security group", "sg-0123456789abcdef0") errors/>
            <Member path="RemoteDebugConfig.EnableRemoteDebug" label="Remote debugging" errors hint="A shell into the container by Systems Manager."/>
            <Member path="InfraCheckConfig.EnableInfraCheck" label="Check the instances first" errors hint="GPU types: tests before the job begins."/>
            <Member path="SessionChainingConfig.EnableSessionTagChaining" label="Session tag chaining" errors/>
        </Fold>
    }
}

#[component]
pub(super) fn EnvironmentFields(errors: FormErrors) -> impl IntoView {
    view! {
        <RowsField path="Environment" what="variable" columns=name_and_value("OMP_NUM_THREADS", "4") errors/>
        <p class="hint">"Everybody who may describe the job can read these: no passwords, no keys."</p>
    }
}

#[component]
pub(super) fn TrackingFields(errors: FormErrors) -> impl IntoView {
    const TAGS: [Column; 2] = [
        Column { member: "Key", label: "Key", placeholder: "team" },
        Column { member: "Value", label: "Value", placeholder: "vision" },
    ];
    let state = FormState::of_form();
    view! {
        <div class="field-row">
            <TextField name="experiment" label="Experiment" value=state.experiment errors hint="Runs of one experiment are compared."/>
            <TextField
                name="job_name" label="Job name" api_name="TrainingJobName" value=state.job_name errors
                hint="The beginning; an id is added, so that it is never used twice."
            />
        </div>
        <Policies/>
        <h3 class="rows-title">"Tags"</h3>
        <RowsField path="Tags" what="tag" columns=TAGS errors/>
        <Fold title="SageMaker Experiments and MLflow" errors paths=&["ExperimentConfig", "MlflowConfig"]>
            <div class="field-row">
                <Member path="ExperimentConfig.ExperimentName" label="Experiment in SageMaker" errors/>
                <Member path="ExperimentConfig.TrialName" label="Trial" errors/>
                <Member path="ExperimentConfig.TrialComponentDisplayName" label="Trial component" errors/>
                <Member path="ExperimentConfig.RunName" label="Run" errors/>
            </div>
            <div class="field-row">
                <Member path="MlflowConfig.MlflowResourceArn" label="MLflow server" errors hint="SageMaker's own, by its ARN."/>
                <Member path="MlflowConfig.MlflowExperimentName" label="MLflow experiment" errors/>
                <Member path="MlflowConfig.MlflowRunName" label="MLflow run" errors/>
            </div>
        </Fold>
        <Fold title="Profiler and debugger" errors paths=&["ProfilerConfig", "DebugHookConfig"]>
            <Member path="ProfilerConfig.DisableProfiler" label="No profiler" errors/>
            <div class="field-row">
                <Member path="ProfilerConfig.S3OutputPath" label="Profiler output" errors/>
                <Member
                    path="ProfilerConfig.ProfilingIntervalInMilliseconds" label="Profiling interval" unit="ms" errors
                    hint="100, 200, 500, 1000, 5000 or 60000."
                />
            </div>
            <h3 class="rows-title">"Profiling parameters"</h3>
            <RowsField path="ProfilerConfig.ProfilingParameters" what="parameter" columns=name_and_value("", "") errors/>
            <div class="field-row">
                <Member path="DebugHookConfig.S3OutputPath" label="Debugger output" errors/>
                <Member path="DebugHookConfig.LocalPath" label="Debugger path in the container" errors/>
            </div>
            <h3 class="rows-title">"Hook parameters"</h3>
            <RowsField path="DebugHookConfig.HookParameters" what="parameter" columns=name_and_value("", "") errors/>
        </Fold>
    }
}

/// What a pasted request has beyond the sections: shown by its path, and sent along.
#[component]
pub(super) fn OtherFields(errors: FormErrors) -> impl IntoView {
    let form = RequestForm::of_form();
    let others = Memo::new(move |_| form.without_control());
    move || {
        (!others.with(Vec::is_empty)).then(|| {
            let rows = others
                .get()
                .into_iter()
                .map(|path| {
                    let value = form.text(&path);
                    view! {
                        <div class="other-member">
                            <label for=field_id(&path)>{path.clone()}</label>
                            <input
                                id=field_id(&path)
                                name=path.clone()
                                type="text"
                                autocomplete="off"
                                spellcheck="false"
                                value=value.get_untracked()
                                on:change=move |event| value.set(event_target_value(&event))
                            />
                            <crate::components::field::FieldErrors field=path errors/>
                        </div>
                    }
                })
                .collect_view();
            view! {
                <Section title="Other members" lead="Of the request that was pasted: no section above has a control for these. Clear one to leave it out.">
                    {rows}
                </Section>
            }
        })
    }
}
