//! The program: reads the command line, runs the command, turns what went wrong into one line and an exit code.

use std::{
    fmt::Display,
    io::{self, Write as _},
    net::SocketAddr,
    path::Path,
    process::ExitCode,
    time::Duration,
};

use aws_local::AccessKey;
use clap::Parser as _;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{Cli, Command, EngineChoice, LocalAction, LocalArgs, ServeArgs},
    client,
    config::{Config, LocalOnly},
    interrupt, local,
    startup::{Application, StartupError},
    telemetry,
};

/// What is still running when everything has been told to end gets this long.
const RUNTIME_GRACE: Duration = Duration::from_millis(500);

/// `trainyard`, from its arguments to its exit code.
pub fn run() -> ExitCode {
    match Cli::parse().command {
        // Single-threaded, and without a runtime: they make namespaces and become the job.
        Command::LocalSupervise { dir } => local::supervise(&dir),
        Command::LocalSandbox { arguments } => local::sandbox(&arguments),
        Command::Serve(args) => exit_code(serve(args)),
        Command::Local(args) => exit_code(serve_local(args)),
        Command::Launch(args) => client::run(client::launch::launch(args)),
        Command::Runs(args) => client::run(client::runs::runs(args)),
        Command::Logs(args) => client::run(client::logs::logs(args)),
        Command::Stop(args) => client::run(client::stop::stop(args)),
    }
}

fn exit_code(result: Result<(), StartupError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // One line, whatever a driver put into its message.
            let line = failure.to_string().replace(['\n', '\r'], " ");
            let _ = writeln!(io::stderr(), "trainyard: {line}");
            ExitCode::FAILURE
        }
    }
}

fn serve(args: ServeArgs) -> Result<(), StartupError> {
    let config = Config::from_args(args)?;
    telemetry::init(&config.log)?;
    block_on(async move {
        let stop = stop_on_signal()?;
        let data_dir = config.data_dir.clone();
        let engine = config.engine;
        let application = Application::build(config).await?;
        announce(application.addr(), engine, application.engine_addr(), &data_dir);
        application.run(stop).await
    })
}

fn serve_local(args: LocalArgs) -> Result<(), StartupError> {
    if let Some(LocalAction::Interrupt { job, addr, access_key_id, secret_access_key }) = args.action {
        let key = access_key_id.zip(secret_access_key).map(|(id, secret)| AccessKey { id, secret });
        return block_on(async move {
            interrupt::interrupt(addr, &job, key.as_ref())
                .await
                .map_err(|message| StartupError::Refused { message })?;
            say(&format!("The spot capacity of {job} is being taken away."));
            Ok(())
        });
    }
    let config = LocalOnly::from_args(args)?;
    telemetry::init(&config.log)?;
    block_on(async move {
        let stop = stop_on_signal()?;
        let endpoint = local::start_alone(&config).await?;
        say(&format!("Trainyard {} · AWS-compatible endpoint", env!("CARGO_PKG_VERSION")));
        say(&format!("  engine     http://{}", endpoint.addr()));
        say(&format!("  data       {}", config.engine_dir().display()));
        for sentence in endpoint.terms() {
            say(&format!("  {sentence}"));
        }
        endpoint.run(stop).await
    })
}

fn block_on(work: impl Future<Output = Result<(), StartupError>>) -> Result<(), StartupError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(StartupError::Runtime)?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(RUNTIME_GRACE);
    result
}

/// A token that SIGTERM or SIGINT cancels; the second signal ends the process at once.
fn stop_on_signal() -> Result<CancellationToken, StartupError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(StartupError::Runtime)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartupError::Runtime)?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        let mut next = async || tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} };
        next().await;
        tracing::info!("stopping");
        token.cancel();
        next().await;
        std::process::exit(130);
    });
    Ok(stop)
}

fn announce(addr: SocketAddr, engine: EngineChoice, engine_addr: Option<SocketAddr>, data_dir: &Path) {
    say(&format!("Trainyard {}", env!("CARGO_PKG_VERSION")));
    say(&format!("  dashboard  http://{addr}"));
    match (engine, engine_addr) {
        (EngineChoice::Local, Some(engine_addr)) => {
            say(&format!(
                "  engine     this machine, http://{engine_addr} (AWS_ENDPOINT_URL for boto3 and the AWS CLI)"
            ));
        }
        _ => say("  engine     Amazon SageMaker"),
    }
    say(&format!("  data       {}", data_dir.display()));
}

/// To standard output, for the person or the script that started us; a closed pipe is not a failure.
fn say(line: &(impl Display + ?Sized)) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
