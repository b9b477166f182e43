//! An embedded engine per test, and a server that answers wrongly on purpose.

use std::{
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws::{AwsConfig, Target, connect};
use aws_local::{JobConfig, LocalConfig};
use bytes::Bytes;
use domain::ids::JobName;
use services::engine::Engine;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

pub(crate) struct Local {
    pub(crate) engine: Engine,
    pub(crate) url: String,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    _dir: TempDir,
}

fn config(endpoint_url: String) -> AwsConfig {
    AwsConfig {
        target: Target::Local { endpoint_url, key: None },
        region: None,
        bucket: None,
        role_arn: None,
        output_path: None,
    }
}

impl Local {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut LocalConfig)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let local = LocalConfig::new(dir.path().to_path_buf(), JobConfig::new(program()));
        let mut local = LocalConfig { addr: ([127, 0, 0, 1], 0).into(), ..local };
        change(&mut local);
        let endpoint = aws_local::bind(local).await.expect("bound");
        let url = format!("http://{}", endpoint.local_addr());
        let stop = CancellationToken::new();
        let serving = tokio::spawn({
            let stop = stop.clone();
            async move { endpoint.serve(stop).await.expect("served") }
        });
        let engine = connect(config(url.clone())).await.expect("connected");
        Self { engine, url, stop, serving, _dir: dir }
    }

    /// A `sourcedir.tar.gz` with one script, uploaded.
    pub(crate) async fn put_source(&self, script: &str) -> String {
        let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(script.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, "train.py", script.as_bytes()).expect("appended");
        let mut packed = archive.into_inner().expect("an archive");
        packed.flush().expect("packed");
        let bytes = packed.finish().expect("packed");
        let uri = "s3://trainyard/sources/test/sourcedir.tar.gz".to_owned();
        self.engine.objects.put(&uri, Bytes::from(bytes)).await.expect("uploaded");
        uri
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.serving.await.expect("ended");
    }
}

pub(crate) fn job_name(base: &str) -> JobName {
    JobName::parse(&format!("{base}-{}", std::process::id())).expect("a name")
}

pub(crate) async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let until = tokio::time::Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < until, "waited for {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A server that tells who we are and answers all else (CreateTrainingJob, S3) with fixed bytes, or by closing the
/// connection.
pub(crate) struct Failing {
    pub(crate) engine: Engine,
    creates: Arc<Mutex<Vec<String>>>,
}

impl Failing {
    pub(crate) fn create_bodies(&self) -> Vec<String> {
        self.creates.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(crate) async fn failing_server(answer: &'static str) -> Failing {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let creates = Arc::new(Mutex::new(Vec::new()));
    let seen = creates.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_one(stream, answer, seen.clone()));
        }
    });
    Failing { engine: connect(config(url)).await.expect("connected"), creates }
}

async fn answer_one(mut stream: TcpStream, answer: &'static str, creates: Arc<Mutex<Vec<String>>>) {
    let Some((head, body)) = read_request(&mut stream).await else { return };
    if head.contains("sagemaker.createtrainingjob") {
        creates.lock().unwrap_or_else(PoisonError::into_inner).push(body.clone());
    }
    if !body.contains("GetCallerIdentity") {
        let _ = stream.write_all(answer.as_bytes()).await;
        return;
    }
    let identity = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                    <Arn>arn:aws:iam::000000000000:root</Arn><UserId>x</UserId><Account>000000000000</Account>\
                    </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let text = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{identity}",
        identity.len()
    );
    let _ = stream.write_all(text.as_bytes()).await;
}

/// The head in lower case, and the body.
async fn read_request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|it| *it > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length: usize = head
            .lines()
            .find_map(|it| it.strip_prefix("content-length:"))
            .map_or(Some(0), |it| it.trim().parse().ok())?;
        if body.len() >= length {
            return Some((head, body.to_owned()));
        }
    }
}

/// Jobs run under this very program: see `main`.
fn program() -> std::path::PathBuf {
    std::env::current_exe().expect("this program")
}
