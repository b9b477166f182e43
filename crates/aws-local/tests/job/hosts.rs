//! Jobs with several instances.

use serde_json::json;

use aws_local::job::IsolationLevel;

use crate::bench::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("hosts::two_hosts_talk_to_each_other", two_hosts_talk_to_each_other),
    ("hosts::an_isolated_pair_has_only_each_other", an_isolated_pair_has_only_each_other),
    ("hosts::one_that_fails_ends_the_others", one_that_fails_ends_the_others),
];

/// Each host leaves its name as its model; `algo-1` listens and `algo-2` speaks.
const PAIR: &str = r#"
import json, os, socket, time
host, hosts = os.environ["SM_CURRENT_HOST"], json.loads(os.environ["SM_HOSTS"])
assert hosts == ["algo-1", "algo-2"], hosts
assert socket.gethostname() == host
open(f"/opt/ml/model/{host}", "w").write(host)
if host == "algo-1":
    server = socket.create_server(("algo-1", 7777))
    connection, _ = server.accept()
    print("algo-1 heard", connection.recv(100).decode())
else:
    for _ in range(300):
        try:
            connection = socket.create_connection(("algo-1", 7777))
            break
        except OSError:
            time.sleep(0.1)
    connection.send(b"hello from algo-2")
"#;

fn two_hosts_talk_to_each_other() {
    let bench = Bench::new();
    assert_eq!(bench.host.isolation().level, IsolationLevel::Namespaces, "{}", bench.host.isolation().sentence);
    bench.script("pair", PAIR, |request| request["ResourceConfig"]["InstanceCount"] = json!(2));
    let job = bench.end("pair");
    assert_eq!(job.status, "Completed", "{job:#?}\n{}", bench.log("pair"));
    assert!(bench.log("pair").contains("algo-1 heard hello from algo-2"));
    let hosts: Vec<String> = bench.host.log_streams("pair").into_iter().map(|stream| stream.host).collect();
    assert_eq!(hosts, ["algo-1", "algo-2"]);
    for host in ["algo-1", "algo-2"] {
        assert_eq!(bench.archived("runs/pair/output/model.tar.gz", host).as_deref(), Some(host));
    }
}

fn an_isolated_pair_has_only_each_other() {
    let bench = Bench::new();
    let outside = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = outside.local_addr().expect("an address").port();
    let script = format!(
        "{PAIR}\nassert [name for _, name in socket.if_nameindex()] == ['lo'], socket.if_nameindex()\n\
         assert socket.socket().connect_ex(('127.0.0.1', {port})) != 0\n"
    );
    bench.script("isolated-pair", &script, |request| {
        request["ResourceConfig"]["InstanceCount"] = json!(2);
        request["EnableNetworkIsolation"] = json!(true);
    });
    let job = bench.end("isolated-pair");
    assert_eq!(job.status, "Completed", "{job:#?}\n{}", bench.log("isolated-pair"));
    assert!(bench.log("isolated-pair").contains("algo-1 heard hello from algo-2"));
}

fn one_that_fails_ends_the_others() {
    let bench = Bench::new();
    let script = r#"
import os, time
if os.environ["SM_CURRENT_HOST"] == "algo-2":
    raise RuntimeError("algo-2 is unwell")
print("waiting")
while True: time.sleep(0.05)
"#;
    bench.script("unwell", script, |request| request["ResourceConfig"]["InstanceCount"] = json!(2));
    let job = bench.end("unwell");
    assert_eq!(job.status, "Failed");
    assert!(job.failure_reason.expect("a reason").contains("algo-2 is unwell"));
}
