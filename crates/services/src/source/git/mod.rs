//! A folder of a git repository, at one commit, as a source: fetched by the `git` program, packed as an upload is.
//!
//! Invariants:
//! - Nothing of the repository is checked out and nothing of it runs: a bare repository in a folder of its own, whose
//!   trees are streamed as tar into the same checks that an upload passes.
//! - Only https and ssh (and http on this machine), no submodules, no questions asked; and an end to everything: one
//!   deadline for all of it, and as many bytes on disk as a source may have unpacked.

mod program;

use std::{path::PathBuf, time::Duration};

use domain::{
    git_source::{GitOrigin, GitPlace, commit_of, field},
    job_draft::FieldError,
};
use store::NewSource;

use self::program::{Git, Said};
use super::{SourceError, git_normalise, mib, shown};
use crate::{ServiceError, Services};

/// The `git` program and how long it may take.
#[derive(Clone, Debug)]
pub struct GitConfig {
    /// A name on `PATH`, or a path.
    pub program: PathBuf,
    /// For everything that one launch asks of a git host.
    pub timeout: Duration,
}

impl Default for GitConfig {
    fn default() -> Self {
        Self { program: "git".into(), timeout: Duration::from_mins(2) }
    }
}

/// Why a commit cannot be had: what git said, and the cure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error(
        "this machine has no program `git`, so nothing was fetched: install it where Trainyard runs (`apt install git`), or upload the source."
    )]
    NoProgram,
    #[error("git could not be run on this machine ({0}): look into Trainyard's log, or upload the source.")]
    NotRun(String),
    #[error(
        "the repository could not be fetched; git says: {0}. Check the address, and that the account which Trainyard runs as may read it."
    )]
    NotFetched(Said),
    #[error("the repository has no commit yet: push one, then launch this form again.")]
    Empty,
    #[error("the repository has no branch, tag or commit `{reference}`{hint}.")]
    NoReference { reference: String, hint: &'static str },
    #[error("the commit has no folder `{folder}`{suggestion}.")]
    NoFolder { folder: String, suggestion: String },
    #[error("what was fetched is larger than {} and was thrown away: leave data and models out of the repository and read those from S3.", mib(*max_bytes))]
    TooLarge { max_bytes: u64 },
    #[error("the repository could not be fetched within {} seconds: try again, or upload the source.", .0.as_secs())]
    TooSlow(Duration),
    #[error("{0}")]
    Refused(#[from] SourceError),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl GitError {
    fn into_field_error(self) -> Result<FieldError, ServiceError> {
        let field = match &self {
            Self::NoReference { .. } => field::REFERENCE,
            Self::NoFolder { .. } | Self::Refused(SourceError::NotAFile { .. } | SourceError::BadPath { .. }) => {
                field::FOLDER
            }
            _ => field::URL,
        };
        match self {
            Self::Service(error) => Err(error),
            other => Ok(FieldError::new(field, other.to_string())),
        }
    }
}

impl Services {
    /// Asks the git host. What cannot be had is an answer, not an error.
    pub(crate) async fn git_fetch(
        &self,
        place: GitPlace,
    ) -> Result<Result<(GitOrigin, NewSource), FieldError>, ServiceError> {
        let timeout = self.inner.config.git.timeout;
        let fetched =
            tokio::time::timeout(timeout, self.git_pack(place)).await.unwrap_or(Err(GitError::TooSlow(timeout)));
        match fetched {
            Ok(fetched) => Ok(Ok(fetched)),
            Err(error) => {
                tracing::info!(%error, "a git source was refused");
                error.into_field_error().map(Err)
            }
        }
    }

    async fn git_pack(&self, place: GitPlace) -> Result<(GitOrigin, NewSource), GitError> {
        let slots = &self.inner.git_slots;
        let _slot = slots.acquire().await.map_err(|_| ServiceError::Internal { what: "git" })?;
        let limits = self.inner.config.source_limits;
        let git = Git::new(&self.inner.config.git.program, &place, limits.unpacked_bytes).await?;
        let commit = git_commit(&git, &place).await?;
        if !place.folder.is_empty()
            && git.run(&["cat-file", "-t", &format!("{commit}:{}", place.folder)]).await?.ok()
                != Some("tree".to_owned())
        {
            return Err(no_folder(&git, &commit, &place.folder).await?);
        }
        let name = file_name(&place);
        let origin = place.at(commit);
        let mut archive = git.archive(&format!("{}:{}", origin.commit, origin.folder))?;
        let tar = archive.take_stdout()?;
        let packed = self.archive_work(move || git_normalise(name, tar, limits)).await?;
        match (archive.end().await?, packed) {
            (Err(said), Ok(_) | Err(SourceError::Corrupt { .. })) => Err(GitError::NotFetched(said)),
            (_, packed) => Ok((origin, packed?)),
        }
    }
}

/// Fetches the reference, by itself where the host allows it, and resolves it.
async fn git_commit(git: &Git, place: &GitPlace) -> Result<String, GitError> {
    let hash = place.reference.as_deref().and_then(commit_of);
    let wanted = place.reference.as_deref().unwrap_or("HEAD");
    let missing = || match &place.reference {
        None => GitError::Empty,
        Some(reference) => GitError::NoReference { reference: shown(reference), hint: hint(reference) },
    };
    let found = match git.fetch(&place.url, wanted, true).await? {
        Ok(()) => "FETCH_HEAD^{commit}".to_owned(),
        Err(said) if said.is_unknown_reference() => {
            // Some hosts give a commit only with the branch that leads to it.
            let Some(hash) = hash else { return Err(missing()) };
            git.fetch(&place.url, "HEAD", false).await?.map_err(|said| {
                if said.is_unknown_reference() { GitError::Empty } else { GitError::NotFetched(said) }
            })?;
            format!("{hash}^{{commit}}")
        }
        Err(said) => return Err(GitError::NotFetched(said)),
    };
    let resolved = git.run(&["rev-parse", "--verify", "--quiet", &found]).await?.ok();
    resolved.as_deref().and_then(commit_of).ok_or_else(missing)
}

fn hint(reference: &str) -> &'static str {
    let is_short_hash = (4..40).contains(&reference.len()) && reference.bytes().all(|it| it.is_ascii_hexdigit());
    match reference.len() {
        _ if is_short_hash => "; a commit is named by its full hash of 40 digits",
        40 | 64 => {
            ", or its host does not give single commits and it is not on the default branch: name a branch or a tag that points to it"
        }
        _ => ": check its name, or leave it empty for the default branch",
    }
}

/// Names the folders that there are.
async fn no_folder(git: &Git, commit: &str, folder: &str) -> Result<GitError, GitError> {
    let listed = git.run(&["ls-tree", "-d", "--name-only", "-z", commit]).await?.unwrap_or_default();
    let names: Vec<String> =
        listed.split('\0').filter(|it| !it.is_empty()).take(5).map(|it| format!("`{}`", shown(it))).collect();
    let suggestion = if names.is_empty() {
        "; it has no folder at all: leave the folder empty".to_owned()
    } else {
        format!("; at its top it has {}: name the folder by its path from there", names.join(", "))
    };
    Ok(GitError::NoFolder { folder: shown(folder), suggestion })
}

/// As the repository is called.
fn file_name(place: &GitPlace) -> String {
    let (_, path) = place.url.host_and_path();
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    format!("{}.tar.gz", name.strip_suffix(".git").unwrap_or(name))
}
