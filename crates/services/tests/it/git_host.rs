//! A git host on this machine: real repositories behind `git http-backend`, spoken to over HTTP.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

pub(crate) struct GitHost {
    dir: tempfile::TempDir,
    port: u16,
    asked: Arc<AtomicU64>,
    /// Speaks the protocol that gives no single commits.
    is_old: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl GitHost {
    /// One repository, `models.git`, with a branch `main` that has no commit yet.
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "models.git"]);
        git(dir.path(), &["init", "--quiet", "--initial-branch=main", "work"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, is_old) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let task = tokio::spawn({
            let (root, asked, is_old) = (dir.path().to_path_buf(), asked.clone(), is_old.clone());
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    asked.fetch_add(1, Ordering::SeqCst);
                    tokio::spawn(answer(stream, root.clone(), is_old.load(Ordering::SeqCst)));
                }
            }
        });
        Self { dir, port, asked, is_old, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/models.git", self.port)
    }

    /// Commits these files on `main` and pushes; the new commit's hash.
    pub(crate) fn push(&self, files: &[(&str, &str)]) -> String {
        let work = self.work();
        for (path, text) in files {
            let path = work.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        self.commit()
    }

    pub(crate) fn commit(&self) -> String {
        let work = self.work();
        git(&work, &["add", "--all"]);
        git(&work, &["commit", "--quiet", "--allow-empty", "--message", "change"]);
        git(&work, &["push", "--quiet", "--force", "../models.git", "main"]);
        git(&work, &["rev-parse", "HEAD"])
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    pub(crate) fn tag(&self, name: &str) {
        git(&self.work(), &["tag", "--annotate", "--message", "release", name]);
        git(&self.work(), &["push", "--quiet", "../models.git", name]);
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn become_old(&self) {
        self.is_old.store(true, Ordering::SeqCst);
    }

    /// From now on nobody answers.
    pub(crate) async fn close(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for GitHost {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn git(dir: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(dir).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Ann").env(format!("GIT_{who}_EMAIL"), "ann@example.com");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// One request, by CGI.
async fn answer(stream: TcpStream, root: PathBuf, is_old: bool) {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) <= 2 {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let header = |name: &str| {
        let of_name = |it: &&String| it.to_ascii_lowercase().starts_with(&format!("{name}:"));
        lines.iter().find(of_name).and_then(|it| it.split_once(':')).map_or("", |(_, value)| value.trim()).to_owned()
    };
    let Some([method, target, _]) = lines
        .first()
        .map(|it| it.split(' ').collect::<Vec<_>>())
        .as_deref()
        .and_then(|it| it.first_chunk::<3>())
        .copied()
    else {
        return;
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    stream.read_exact(&mut body).await.unwrap();
    let mut command = tokio::process::Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    if !is_old {
        command.env("GIT_PROTOCOL", header("git-protocol"));
    }
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feed = tokio::spawn(async move { drop(stdin.write_all(&body).await) });
    let output = child.wait_with_output().await.unwrap();
    feed.await.unwrap();
    let end = output.stdout.windows(4).position(|it| it == b"\r\n\r\n").unwrap_or(0);
    let headers = String::from_utf8_lossy(&output.stdout[..end]).into_owned();
    let status = headers.lines().find_map(|it| it.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n\r\n");
    let mut stream = stream.into_inner();
    // Whoever asked may be gone: that is what some tests are about.
    if stream.write_all(head.as_bytes()).await.is_ok() {
        drop(stream.write_all(output.stdout.get(end + 4..).unwrap_or_default()).await);
    }
}
