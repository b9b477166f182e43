//! Asks an endpoint twenty questions through the Rust SDKs and prints the parsed answers as one JSON object.
//!
//! `answers URL JOB BUCKET`. `end2end/python/test_differential.py` asks the same through boto3 and compares: the two
//! clients speak different protocols to CloudWatch, and read what is optional in different ways. Both name the members
//! of an answer as the service's model does, and give times in seconds since the epoch.

#![expect(clippy::print_stdout, reason = "printing the answers is what this program is for")]

use std::{collections::BTreeMap, error::Error};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy, Statistic, StatusCode};
use aws_sdk_cloudwatchlogs::types::LogStream;
use aws_sdk_s3::{
    config::{Credentials, SharedCredentialsProvider},
    primitives::DateTime,
    types::BucketLocationConstraint,
};
use aws_sdk_sagemaker::types::{
    Filter, ModelArtifacts, Operator, ResourceType, SearchExpression, SearchRecord, SecondaryStatus, TrainingJobStatus,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Map, Value, json};

const LOG_GROUP: &str = "/aws/sagemaker/TrainingJobs";

type Answers = Map<String, Value>;
type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, job, bucket] = arguments.as_slice() else { return Err("usage: answers URL JOB BUCKET".into()) };
    let credentials = Credentials::new("test", "test", None, None, "test");
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let mut answers = Answers::new();
    let hours = sagemaker(&sdk, job, &mut answers).await?;
    logs(&sdk, job, &mut answers).await?;
    cloudwatch(&sdk, job, hours, &mut answers).await?;
    s3(&sdk, job, bucket, &mut answers).await?;
    let identity = aws_sdk_sts::Client::new(&sdk).get_caller_identity().send().await?;
    answers.insert("GetCallerIdentity".into(), json!([identity.account(), identity.arn(), identity.user_id()]));
    println!("{}", Value::Object(answers));
    Ok(())
}

fn seconds(time: Option<&DateTime>) -> Option<f64> {
    time.map(DateTime::as_secs_f64)
}

/// What a client learns from a refusal: its code and the service's words.
fn refusal(failure: &impl ProvideErrorMetadata) -> Value {
    json!([failure.code(), failure.message()])
}

/// Returns when the job was created and when it ended, which the questions about its metrics need.
async fn sagemaker(sdk: &SdkConfig, job: &str, answers: &mut Answers) -> Result<(DateTime, DateTime), Box<dyn Error>> {
    let client = aws_sdk_sagemaker::Client::new(sdk);
    let seen = client.describe_training_job().training_job_name(job).send().await?;
    let metrics: Vec<Value> = seen
        .final_metric_data_list()
        .iter()
        .map(|it| json!([it.metric_name(), it.value().map(f64::from), seconds(it.timestamp())]))
        .collect();
    let transitions: Vec<Value> = seen
        .secondary_status_transitions()
        .iter()
        .map(|it| {
            let status = it.status().map(SecondaryStatus::as_str);
            json!([status, seconds(it.start_time()), seconds(it.end_time()), it.status_message()])
        })
        .collect();
    let parameters: Option<BTreeMap<_, _>> = seen.hyper_parameters().map(|it| it.iter().collect());
    answers.insert(
        "DescribeTrainingJob".into(),
        json!({
            "TrainingJobName": seen.training_job_name(),
            "TrainingJobStatus": seen.training_job_status().map(TrainingJobStatus::as_str),
            "SecondaryStatus": seen.secondary_status().map(SecondaryStatus::as_str),
            "RoleArn": seen.role_arn(),
            "HyperParameters": parameters,
            "BillableTimeInSeconds": seen.billable_time_in_seconds(),
            "CreationTime": seconds(seen.creation_time()),
            "TrainingEndTime": seconds(seen.training_end_time()),
            "S3ModelArtifacts": seen.model_artifacts().and_then(ModelArtifacts::s3_model_artifacts),
            "FinalMetricDataList": metrics,
            "SecondaryStatusTransitions": transitions,
        }),
    );
    let listed = client.list_training_jobs().name_contains(job).max_results(10).send().await?;
    let summaries: Vec<Value> = listed
        .training_job_summaries()
        .iter()
        .map(|it| {
            let status = it.training_job_status().map(TrainingJobStatus::as_str);
            json!([it.training_job_name(), it.training_job_arn(), status, seconds(it.last_modified_time())])
        })
        .collect();
    answers.insert("ListTrainingJobs".into(), json!(summaries));
    let filter = Filter::builder().name("TrainingJobName").operator(Operator::Equals).value(job).build();
    let expression = SearchExpression::builder().filters(filter).build();
    let found = client.search().resource(ResourceType::TrainingJob).search_expression(expression).send().await?;
    let records: Vec<Value> = found
        .results()
        .iter()
        .filter_map(SearchRecord::training_job)
        .map(|it| {
            let tags: Vec<Value> = it.tags().iter().map(|tag| json!([tag.key(), tag.value()])).collect();
            json!([it.training_job_name(), tags])
        })
        .collect();
    answers.insert("Search".into(), json!(records));
    if let Some(arn) = seen.training_job_arn() {
        let tags = client.list_tags().resource_arn(arn).send().await?;
        let tags: Vec<Value> = tags.tags().iter().map(|it| json!([it.key(), it.value()])).collect();
        answers.insert("ListTags".into(), json!(tags));
    }
    if let Err(failure) = client.describe_training_job().training_job_name("no-such-job").send().await {
        answers.insert("DescribeTrainingJob, unknown".into(), refusal(&failure));
    }
    if let Err(failure) = client.stop_training_job().training_job_name(job).send().await {
        answers.insert("StopTrainingJob, over".into(), refusal(&failure));
    }
    let created = seen.creation_time().ok_or("the job has no time of creation")?;
    let ended = seen.training_end_time().ok_or("the job has not ended")?;
    Ok((*created, *ended))
}

async fn logs(sdk: &SdkConfig, job: &str, answers: &mut Answers) -> Outcome {
    let client = aws_sdk_cloudwatchlogs::Client::new(sdk);
    let prefix = format!("{job}/");
    let streams =
        client.describe_log_streams().log_group_name(LOG_GROUP).log_stream_name_prefix(&prefix).send().await?;
    let described: Vec<Value> = streams
        .log_streams()
        .iter()
        .map(|it| json!([it.log_stream_name(), it.first_event_timestamp(), it.last_event_timestamp()]))
        .collect();
    answers.insert("DescribeLogStreams".into(), json!(described));
    let stream = streams.log_streams().first().and_then(LogStream::log_stream_name).ok_or("the job has no log")?;
    let page = client
        .get_log_events()
        .log_group_name(LOG_GROUP)
        .log_stream_name(stream)
        .start_from_head(true)
        .limit(3)
        .send()
        .await?;
    let events: Vec<Value> = page.events().iter().map(|it| json!([it.timestamp(), it.message()])).collect();
    answers.insert("GetLogEvents".into(), json!([events, page.next_forward_token()]));
    let found = client
        .filter_log_events()
        .log_group_name(LOG_GROUP)
        .log_stream_name_prefix(&prefix)
        .filter_pattern("\"epoch=3\"")
        .send()
        .await?;
    let events: Vec<Value> =
        found.events().iter().map(|it| json!([it.log_stream_name(), it.timestamp(), it.message()])).collect();
    answers.insert("FilterLogEvents".into(), json!(events));
    if let Err(failure) = client.get_log_events().log_group_name(LOG_GROUP).log_stream_name("no/such").send().await {
        answers.insert("GetLogEvents, unknown".into(), refusal(&failure));
    }
    Ok(())
}

async fn cloudwatch(
    sdk: &SdkConfig,
    job: &str,
    (created, ended): (DateTime, DateTime),
    answers: &mut Answers,
) -> Outcome {
    let client = aws_sdk_cloudwatch::Client::new(sdk);
    let dimension = Dimension::builder().name("TrainingJobName").value(job).build();
    let metric = Metric::builder().namespace(LOG_GROUP).metric_name("train:loss").dimensions(dimension.clone()).build();
    let query = MetricDataQuery::builder()
        .id("m1")
        .metric_stat(MetricStat::builder().metric(metric).period(60).stat("Minimum").build())
        .build();
    let (start, end) = (DateTime::from_secs(created.secs() - 60), DateTime::from_secs(ended.secs() + 60));
    let data = client
        .get_metric_data()
        .metric_data_queries(query)
        .start_time(start)
        .end_time(end)
        .scan_by(ScanBy::TimestampAscending)
        .send()
        .await?;
    let results: Vec<Value> = data
        .metric_data_results()
        .iter()
        .map(|it| {
            let times: Vec<f64> = it.timestamps().iter().map(DateTime::as_secs_f64).collect();
            json!([it.id(), it.label(), times, it.values(), it.status_code().map(StatusCode::as_str)])
        })
        .collect();
    answers.insert("GetMetricData".into(), json!(results));
    let statistics = client
        .get_metric_statistics()
        .namespace(LOG_GROUP)
        .metric_name("train:loss")
        .dimensions(dimension)
        .start_time(start)
        .end_time(end)
        .period(3600)
        .statistics(Statistic::Minimum)
        .statistics(Statistic::SampleCount)
        .send()
        .await?;
    let points: Vec<Value> = statistics
        .datapoints()
        .iter()
        .map(|it| json!([seconds(it.timestamp()), it.minimum(), it.sample_count(), it.maximum()]))
        .collect();
    answers.insert("GetMetricStatistics".into(), json!([statistics.label(), points]));
    let listed = client.list_metrics().namespace(LOG_GROUP).metric_name("train:loss").send().await?;
    let metrics: Vec<Value> = listed
        .metrics()
        .iter()
        .map(|it| {
            let dimensions: Vec<Value> = it.dimensions().iter().map(|it| json!([it.name(), it.value()])).collect();
            json!([it.namespace(), it.metric_name(), dimensions])
        })
        .collect();
    answers.insert("ListMetrics".into(), json!(metrics));
    Ok(())
}

async fn s3(sdk: &SdkConfig, job: &str, bucket: &str, answers: &mut Answers) -> Outcome {
    let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(true).build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let listed = client.list_objects_v2().bucket(bucket).prefix(format!("runs/{job}/")).send().await?;
    let objects: Vec<Value> = listed.contents().iter().map(|it| json!([it.key(), it.size(), it.e_tag()])).collect();
    answers.insert("ListObjectsV2".into(), json!(objects));
    let key = format!("runs/{job}/output/model.tar.gz");
    let head = client.head_object().bucket(bucket).key(&key).send().await?;
    answers.insert("HeadObject".into(), json!([head.content_length(), head.e_tag(), head.content_type()]));
    let part = client.get_object().bucket(bucket).key(&key).range("bytes=0-9").send().await?;
    let range = part.content_range().map(str::to_owned);
    let bytes = part.body.collect().await?.to_vec();
    answers.insert("GetObject, range".into(), json!([range, bytes]));
    let location = client.get_bucket_location().bucket(bucket).send().await?;
    let location = location.location_constraint().map(BucketLocationConstraint::as_str).filter(|it| !it.is_empty());
    answers.insert("GetBucketLocation".into(), json!(location));
    if let Err(failure) = client.get_object().bucket(bucket).key("no/such").send().await {
        answers.insert("GetObject, unknown".into(), refusal(&failure));
    }
    if let Err(failure) = client.list_objects_v2().bucket("no-such-bucket").send().await {
        answers.insert("ListObjectsV2, unknown".into(), refusal(&failure));
    }
    Ok(())
}
