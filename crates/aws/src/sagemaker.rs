//! Training jobs: create, look, list, stop. Requests and answers are raw JSON; see `raw`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_sagemaker::types::{Filter, Operator, ResourceType, SearchExpression, SearchSortOrder};
use domain::{ids::JobName, observation::JobObservation, time::Timestamp};
use serde_json::Value;
use services::engine::{EngineError, JobEngine, JobPage};

use crate::{
    error::of_sdk,
    raw::{Capture, replace_body},
};

/// SageMaker's own words for a job that does not exist; the code alone (`ValidationException`) means many things.
const NOT_FOUND: &str = "Requested resource not found";
/// A stop that comes too late: "The request was rejected because the training job is in status Completed."
const ENDED: &str = "the training job is in status";
/// The most that Search gives in one page.
const SEARCH_PAGE: i32 = 100;

pub(crate) struct SageMaker {
    pub(crate) reads: aws_sdk_sagemaker::Client,
    /// One attempt, and no share in the reads' retry budget.
    pub(crate) writes: aws_sdk_sagemaker::Client,
    pub(crate) sts: aws_sdk_sts::Client,
}

#[async_trait]
impl JobEngine for SageMaker {
    async fn create(&self, request: &Value) -> Result<String, EngineError> {
        let body = request.to_string().into_bytes();
        let name = request.get("TrainingJobName").and_then(Value::as_str).unwrap_or_default();
        let answer = self
            .writes
            .create_training_job()
            .training_job_name(name)
            .customize()
            .mutate_request(move |http| replace_body(http, &body))
            .send()
            .await
            .map_err(of_sdk)?;
        answer.training_job_arn.ok_or_else(|| EngineError::Unknown { message: "the answer names no ARN".to_owned() })
    }

    async fn describe(&self, name: &JobName) -> Result<Option<JobObservation>, EngineError> {
        let capture = Capture::default();
        let sent = self
            .reads
            .describe_training_job()
            .training_job_name(name.as_str())
            .customize()
            .interceptor(capture.clone())
            .send()
            .await;
        // The raw answer counts: the SDK may refuse one that we can read.
        if let Some(answer) = capture.json() {
            return observed(&answer).map(Some);
        }
        match sent.map_err(of_sdk) {
            Err(EngineError::NotFound) => Ok(None),
            Err(EngineError::Rejected { message, .. }) if message.contains(NOT_FOUND) => Ok(None),
            Err(failure) => Err(failure),
            Ok(_) => Err(unreadable("it is not JSON")),
        }
    }

    async fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, EngineError> {
        let mut tags = BTreeMap::new();
        let mut token: Option<String> = None;
        loop {
            let page =
                self.reads.list_tags().resource_arn(arn).set_next_token(token.clone()).send().await.map_err(of_sdk)?;
            for tag in page.tags() {
                tags.insert(tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned());
            }
            match page.next_token {
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                _ => return Ok(tags),
            }
        }
    }

    async fn stop(&self, name: &JobName) -> Result<(), EngineError> {
        match self.writes.stop_training_job().training_job_name(name.as_str()).send().await.map_err(of_sdk) {
            Err(EngineError::Rejected { message, .. }) if message.contains(NOT_FOUND) => Err(EngineError::NotFound),
            Err(EngineError::Rejected { message, .. }) if message.contains(ENDED) => Ok(()),
            answer => answer.map(drop),
        }
    }

    async fn search(
        &self,
        modified_after: Option<Timestamp>,
        page_token: Option<&str>,
    ) -> Result<JobPage, EngineError> {
        let expression = modified_after.map(|after| {
            let filter = Filter::builder()
                .name("LastModifiedTime")
                .operator(Operator::GreaterThanOrEqualTo)
                .value(after.to_rfc3339())
                .build();
            SearchExpression::builder().filters(filter).build()
        });
        let capture = Capture::default();
        let sent = self
            .reads
            .search()
            .resource(ResourceType::TrainingJob)
            .set_search_expression(expression)
            .sort_by("LastModifiedTime")
            .sort_order(SearchSortOrder::Ascending)
            .max_results(SEARCH_PAGE)
            .set_next_token(page_token.map(str::to_owned))
            .customize()
            .interceptor(capture.clone())
            .send()
            .await;
        let Some(answer) = capture.json() else {
            return Err(sent.map_err(of_sdk).err().unwrap_or_else(|| unreadable("it is not JSON")));
        };
        let records = answer.get("Results").and_then(Value::as_array).into_iter().flatten();
        let jobs = records.filter_map(|it| it.get("TrainingJob")).map(observed).filter_map(|seen| match seen {
            Ok(job) => Some(job),
            // One odd record must not hide the other ninety-nine.
            Err(failure) => {
                tracing::warn!(%failure, "a record of Search was skipped");
                None
            }
        });
        let next_token = answer.get("NextToken").and_then(Value::as_str).filter(|it| !it.is_empty()).map(str::to_owned);
        Ok(JobPage { jobs: jobs.collect(), next_token })
    }

    async fn ping(&self) -> Result<(), EngineError> {
        self.sts.get_caller_identity().send().await.map_err(of_sdk)?;
        Ok(())
    }
}

fn observed(answer: &Value) -> Result<JobObservation, EngineError> {
    JobObservation::parse(answer).map_err(|failure| unreadable(&failure.to_string()))
}

fn unreadable(why: &str) -> EngineError {
    EngineError::Unknown { message: format!("the engine's answer cannot be read: {why}") }
}
