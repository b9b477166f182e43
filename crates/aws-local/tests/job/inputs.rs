//! How data reaches a job: `Pipe` and `FastFile` mode, augmented manifests, channels of instance groups.

use std::io::Write;

use serde_json::{Value, json};

use crate::bench::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("inputs::a_pipe_is_read_for_each_epoch", a_pipe_is_read_for_each_epoch),
    ("inputs::records_and_augmented_manifests_come_through_pipes", records_and_augmented_manifests),
    ("inputs::a_pipe_that_cannot_be_filled_fails_the_job", a_pipe_that_cannot_be_filled_fails_the_job),
    ("inputs::a_fast_file_channel_cannot_be_written", a_fast_file_channel_cannot_be_written),
    ("inputs::instance_groups_get_their_channels", instance_groups_get_their_channels),
];

fn channel(name: &str, mode: &str, source: &Value) -> Value {
    json!({"ChannelName": name, "InputMode": mode, "DataSource": {"S3DataSource": source}})
}

fn prefix(uri: &str) -> Value {
    json!({"S3DataType": "S3Prefix", "S3Uri": uri})
}

fn completed(bench: &Bench, name: &str) {
    let job = bench.end(name);
    assert_eq!(job.status, "Completed", "{job:#?}\n{}", bench.log(name));
}

fn a_pipe_is_read_for_each_epoch() {
    let bench = Bench::new();
    bench.put("in/a", b"first;");
    bench.put("in/b", &b"x".repeat(1 << 20));
    let script = r#"
import json, os, stat
config = json.load(open("/opt/ml/input/config/inputdataconfig.json"))
assert config["train"]["TrainingInputMode"] == "Pipe", config
base = os.environ["SM_CHANNEL_TRAIN"]
assert stat.S_ISFIFO(os.stat(base + "_0").st_mode)
whole = open(base + "_0", "rb").read()
assert whole == b"first;" + b"x" * (1 << 20), len(whole)
with open(base + "_1", "rb") as early:
    assert early.read(6) == b"first;"
assert open(base + "_2", "rb").read() == whole
assert not os.path.exists(base + "_0")
# A FIFO that nobody fills any more does not keep the job from ending, and a link in its place gets nothing.
os.remove(base + "_3")
open("/opt/ml/model/victim", "w").write("kept")
os.symlink("/opt/ml/model/victim", base + "_3")
"#;
    bench.script("piped", script, |request| {
        request["InputDataConfig"] = json!([channel("train", "Pipe", &prefix("s3://trainyard/in/"))]);
    });
    completed(&bench, "piped");
    assert_eq!(bench.archived("runs/piped/output/model.tar.gz", "victim").as_deref(), Some("kept"));
}

fn records_and_augmented_manifests() {
    let bench = Bench::new();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"five!").expect("compressed");
    bench.put("packed/a.gz", &gzip.finish().expect("compressed"));
    bench.put("images/1", b"picture");
    bench.put("list.manifest", b"{\"source-ref\": \"s3://trainyard/images/1\", \"label\": 7}\n");
    let script = r#"
import struct
def records(path):
    data = open(path, "rb").read()
    while data:
        magic, length = struct.unpack("<II", data[:8])
        assert magic == 0xced7230a
        yield data[8:8 + length]
        data = data[8 + (length + 3) // 4 * 4:]
base = "/opt/ml/input/data/"
assert list(records(base + "packed_0")) == [b"five!"]
assert list(records(base + "labelled_0")) == [b"picture", b"7"]
"#;
    bench.script("records", script, |request| {
        let mut packed = channel("packed", "Pipe", &prefix("s3://trainyard/packed/"));
        packed["CompressionType"] = json!("Gzip");
        packed["RecordWrapperType"] = json!("RecordIO");
        let source = json!({"S3DataType": "AugmentedManifestFile", "S3Uri": "s3://trainyard/list.manifest",
            "AttributeNames": ["source-ref", "label"]});
        let mut labelled = channel("labelled", "Pipe", &source);
        labelled["RecordWrapperType"] = json!("RecordIO");
        labelled["ShuffleConfig"] = json!({"Seed": 1});
        request["InputDataConfig"] = json!([packed, labelled]);
    });
    completed(&bench, "records");
}

fn a_pipe_that_cannot_be_filled_fails_the_job() {
    let bench = Bench::new();
    bench.put("bad/a.gz", b"not gzip");
    bench.script("bad-gzip", "open('/opt/ml/input/data/train_0', 'rb').read()", |request| {
        let mut train = channel("train", "Pipe", &prefix("s3://trainyard/bad/"));
        train["CompressionType"] = json!("Gzip");
        request["InputDataConfig"] = json!([train]);
    });
    let job = bench.end("bad-gzip");
    assert_eq!(job.status, "Failed", "{job:#?}");
    let reason = job.failure_reason.expect("a reason");
    assert!(reason.starts_with("ClientError: channel train could not be sent"), "{reason}");
}

fn a_fast_file_channel_cannot_be_written() {
    let bench = Bench::new();
    bench.put("in/a", b"data");
    let script = r#"
import errno
assert open("/opt/ml/input/data/train/a").read() == "data"
open("/opt/ml/input/sm_training.env", "w").write("")
try:
    open("/opt/ml/input/data/train/a", "w")
except OSError as error:
    assert error.errno == errno.EROFS, error
else:
    raise AssertionError("written")
"#;
    bench.script("fast", script, |request| {
        request["InputDataConfig"] = json!([channel("train", "FastFile", &prefix("s3://trainyard/in/"))]);
    });
    completed(&bench, "fast");
}

fn instance_groups_get_their_channels() {
    let bench = Bench::new();
    for name in ["a", "b", "c"] {
        bench.put(&format!("in/{name}"), name.as_bytes());
    }
    let script = r#"
import json, os
group, host = os.environ["SM_CURRENT_INSTANCE_GROUP"], os.environ["SM_CURRENT_HOST"]
config = json.load(open("/opt/ml/input/config/resourceconfig.json"))
assert (config["current_group_name"], config["current_host"]) == (group, host)
assert os.environ["SM_IS_HETERO"] == "true"
seen = sorted(os.listdir("/opt/ml/input/data"))
if group == "loaders":
    assert seen == ["shards"] and json.loads(os.environ["SM_CHANNELS"]) == seen
    open(f"/opt/ml/model/{host}", "w").write(",".join(sorted(os.listdir("/opt/ml/input/data/shards"))))
else:
    assert seen == ["all"] and "SM_CHANNEL_SHARDS" not in os.environ, seen
"#;
    bench.script("groups", script, |request| {
        request["ResourceConfig"] = json!({"VolumeSizeInGB": 1, "InstanceGroups": [
            {"InstanceGroupName": "trainers", "InstanceType": "ml.m5.large", "InstanceCount": 1},
            {"InstanceGroupName": "loaders", "InstanceType": "ml.c5.large", "InstanceCount": 2}]});
        let mut shards = prefix("s3://trainyard/in/");
        shards["S3DataDistributionType"] = json!("ShardedByS3Key");
        shards["InstanceGroupNames"] = json!(["loaders"]);
        let mut all = prefix("s3://trainyard/in/");
        all["InstanceGroupNames"] = json!(["trainers"]);
        request["InputDataConfig"] = json!([channel("shards", "File", &shards), channel("all", "File", &all)]);
    });
    completed(&bench, "groups");
    let shard = |host: &str| bench.archived("runs/groups/output/model.tar.gz", host);
    assert_eq!([shard("algo-2").as_deref(), shard("algo-3").as_deref()], [Some("a,c"), Some("b")]);
}
