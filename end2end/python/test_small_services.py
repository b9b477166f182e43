"""The services around a training job, as boto3 sees them: STS, IAM, the Price List and Service Quotas."""

import json

import boto3
import botocore.exceptions
import pytest

ACCOUNT = "000000000000"


def error_code(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


class TestSts:
    def test_unknown_credentials_act_as_a_role_that_jobs_can_take(self, aws):
        identity = aws("sts").get_caller_identity()
        assert identity["Account"] == ACCOUNT
        assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/TrainyardLocal/trainyard"
        assert identity["UserId"].startswith("AROA")

    def test_an_assumed_role_is_told_by_its_token(self, aws, endpoint):
        role = f"arn:aws:iam::{ACCOUNT}:role/service-role/Trainer"
        assumed = aws("sts").assume_role(RoleArn=role, RoleSessionName="me@example.com", DurationSeconds=900)
        keys = assumed["Credentials"]
        assert keys["AccessKeyId"].startswith("ASIA") and len(keys["AccessKeyId"]) == 20
        assert len(keys["SecretAccessKey"]) == 40
        session = boto3.session.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name="us-east-1"
        )
        identity = session.client("sts", endpoint_url=endpoint).get_caller_identity()
        assert identity["Arn"] == assumed["AssumedRoleUser"]["Arn"]
        assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Trainer/me@example.com"
        assert identity["UserId"] == assumed["AssumedRoleUser"]["AssumedRoleId"]

    @pytest.mark.parametrize(
        ("role", "session", "seconds", "code"),
        [
            ("arn:aws:iam::000000000000:role/x", "s" * 65, 900, "ValidationError"),
            ("arn:aws:iam::000000000000:role/x", "has space", 900, "ValidationError"),
            ("arn:aws:iam::000000000000:role/x", "good", 43_201, "ValidationError"),
            ("arn:aws:iam::000000000000:user/somebody", "good", 900, "ValidationError"),
            ("arn:aws:iam::000000000000:role/no-such-role", "good", 900, "AccessDenied"),
        ],
    )
    def test_what_cannot_be_assumed_is_refused(self, aws, role, session, seconds, code):
        call = aws("sts").assume_role
        assert error_code(call, RoleArn=role, RoleSessionName=session, DurationSeconds=seconds) == code


class TestIam:
    def test_any_role_is_there_and_trusts_sagemaker(self, aws):
        role = aws("iam").get_role(RoleName="SageMakerRole")["Role"]
        assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/SageMakerRole"
        assert role["CreateDate"].year == 2020
        trust = role["AssumeRolePolicyDocument"]
        assert trust["Statement"][0]["Principal"]["Service"] == "sagemaker.amazonaws.com"
        allowed = aws("iam").simulate_principal_policy(
            PolicySourceArn=role["Arn"], ActionNames=["s3:PutObject", "logs:PutLogEvents"]
        )
        assert [it["EvalDecision"] for it in allowed["EvaluationResults"]] == ["allowed", "allowed"]

    def test_a_role_that_says_that_it_is_not_there_is_not_there(self, aws):
        iam = aws("iam")
        assert error_code(iam.get_role, RoleName="shallow-integ-test-no-such-role") == "NoSuchEntity"
        arn = f"arn:aws:iam::{ACCOUNT}:role/shallow-integ-test-no-such-role"
        assert error_code(iam.simulate_principal_policy, PolicySourceArn=arn, ActionNames=["x:y"]) == "NoSuchEntity"

    def test_roles_are_made_given_policies_and_deleted(self, aws):
        iam = aws("iam")
        trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]})
        made = iam.create_role(RoleName="made", Path="/team/", AssumeRolePolicyDocument=trust)["Role"]
        assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/team/made"
        again = {"RoleName": "made", "AssumeRolePolicyDocument": trust}
        assert error_code(iam.create_role, **again) == "EntityAlreadyExists"
        policy = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
        iam.attach_role_policy(RoleName="made", PolicyArn=policy)
        attached = iam.list_attached_role_policies(RoleName="made")["AttachedPolicies"]
        assert attached == [{"PolicyName": "AmazonSageMakerFullAccess", "PolicyArn": policy}]
        assert [it["RoleName"] for it in iam.list_roles(PathPrefix="/team/")["Roles"]] == ["made"]
        assert error_code(iam.delete_role, RoleName="made") == "DeleteConflict"
        iam.detach_role_policy(RoleName="made", PolicyArn=policy)
        iam.delete_role(RoleName="made")
        assert error_code(iam.get_role, RoleName="made") == "NoSuchEntity"

    def test_other_actions_are_refused_in_the_form_of_iam(self, aws):
        assert error_code(aws("iam").list_users) == "InvalidAction"


class TestPricing:
    def test_a_training_price_is_found_as_scripts_look_for_it(self, aws):
        filters = {"regionCode": "us-east-1", "instanceName": "ml.m5.large", "component": "Training"}
        found = aws("pricing").get_products(
            ServiceCode="AmazonSageMaker",
            Filters=[{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters.items()],
        )["PriceList"]
        (product,) = [json.loads(it) for it in found]
        assert product["product"]["attributes"]["usagetype"] == "USE1-Train:ml.m5.large"
        (term,) = product["terms"]["OnDemand"].values()
        (dimension,) = term["priceDimensions"].values()
        assert (dimension["unit"], dimension["pricePerUnit"]) == ("Hrs", {"USD": "0.1150000000"})

    def test_all_products_are_paged_and_the_unpriced_have_none(self, aws):
        pages = aws("pricing").get_paginator("get_products").paginate(
            ServiceCode="AmazonSageMaker", PaginationConfig={"PageSize": 50}
        )
        names = [json.loads(it)["product"]["attributes"]["instanceName"] for page in pages for it in page["PriceList"]]
        assert len(names) == len(set(names)) > 100
        assert "ml.p5e.48xlarge" not in names
        values = aws("pricing").get_attribute_values(ServiceCode="AmazonSageMaker", AttributeName="instanceName")
        assert {"Value": "ml.g5.xlarge"} in values["AttributeValues"]
        (service,) = aws("pricing").describe_services(ServiceCode="AmazonSageMaker")["Services"]
        assert "usagetype" in service["AttributeNames"]

    def test_newer_filters(self, aws):
        filters = [
            {"Type": "ANY_OF", "Field": "instanceName", "Value": "ml.m5.large,ml.m5.xlarge,ml.g5.xlarge"},
            {"Type": "CONTAINS", "Field": "usagetype", "Value": "Train:ml.m5"},
            {"Type": "NONE_OF", "Field": "instanceName", "Value": "ml.m5.large"},
        ]
        found = aws("pricing").get_products(ServiceCode="AmazonSageMaker", Filters=filters)["PriceList"]
        assert [json.loads(it)["product"]["attributes"]["instanceName"] for it in found] == ["ml.m5.xlarge"]

    def test_other_services_have_no_prices(self, aws):
        assert error_code(aws("pricing").get_products, ServiceCode="AmazonEC2") == "NotFoundException"


class TestQuotas:
    def test_quotas_are_listed_and_found_by_their_code(self, aws):
        quotas = aws("service-quotas")
        pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
        listed = {it["QuotaName"]: it for page in pages for it in page["Quotas"]}
        for what in ("training job", "spot training job", "training warm pool"):
            assert f"ml.p3.2xlarge for {what} usage" in listed
        quota = listed["ml.p3.2xlarge for training job usage"]
        found = quotas.get_service_quota(ServiceCode="sagemaker", QuotaCode=quota["QuotaCode"])["Quota"]
        assert (found["QuotaName"], found["Value"]) == (quota["QuotaName"], 1_000_000)
        code = error_code(quotas.get_service_quota, ServiceCode="sagemaker", QuotaCode="L-00000000")
        assert code == "NoSuchResourceException"
