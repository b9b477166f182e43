//! Quotas: what is configured is shown, and limits the jobs that are created.

use std::collections::BTreeMap;

use serde_json::json;

use crate::app::{TestEndpoint, config, job};

const TARGET: &str = "ServiceQuotasV20190624";

#[tokio::test]
async fn a_configured_quota_is_shown_and_enforced() {
    let data = tempfile::tempdir().unwrap();
    let mut config = config(data.path());
    config.quotas = BTreeMap::from([("training:ml.m5.large".to_owned(), 1), ("spot:ml.m5.large".to_owned(), 0)]);
    let endpoint = TestEndpoint::start_with(config, data).await;

    let (status, all) = endpoint.json(TARGET, "ListServiceQuotas", &json!({ "ServiceCode": "sagemaker" })).await;
    assert_eq!(status, 200);
    assert!(all["NextToken"].is_string());
    let mut value = None;
    let mut token = None;
    while value.is_none() {
        let mut input = json!({ "ServiceCode": "sagemaker" });
        if let Some(token) = token.take() {
            input["NextToken"] = token;
        }
        let (_, page) = endpoint.json(TARGET, "ListServiceQuotas", &input).await;
        let quotas = page["Quotas"].as_array().unwrap();
        let found = quotas.iter().find(|it| it["QuotaName"] == "ml.m5.large for training job usage");
        value = found.map(|it| it["Value"].clone());
        token = page.get("NextToken").cloned();
        assert!(value.is_some() || token.is_some(), "the quota is not in the list");
    }
    assert_eq!(value, Some(json!(1)));

    let mut two = job("two-instances");
    two["ResourceConfig"]["InstanceCount"] = json!(2);
    let (code, message) = endpoint.refused("CreateTrainingJob", two).await;
    assert_eq!(code, "ResourceLimitExceeded");
    assert_eq!(
        message,
        "The account-level service limit 'ml.m5.large for training job usage' is 1 Instances, with current utilization of 0 \
         Instances and a request delta of 2 Instances. Please contact AWS support to request an increase for this limit."
    );
    let mut spot = job("spot");
    spot["EnableManagedSpotTraining"] = json!(true);
    spot["StoppingCondition"]["MaxWaitTimeInSeconds"] = json!(7200);
    let (code, message) = endpoint.refused("CreateTrainingJob", spot).await;
    assert_eq!(code, "ResourceLimitExceeded");
    assert!(message.contains("'ml.m5.large for spot training job usage' is 0 Instances"), "{message}");
    endpoint.create("within").await;
}
