//! `trainyard stop RUN`: records the wish to stop a run.

use clap::Args;

use super::{Api, ClientError, Ended, ServerArgs, say};

#[derive(Debug, Args)]
pub struct StopArgs {
    /// A run's id, its job name, or the beginning of either
    #[arg(value_name = "RUN")]
    pub run: String,
    #[command(flatten)]
    pub server: ServerArgs,
}

pub(crate) async fn stop(args: StopArgs) -> Result<Ended, ClientError> {
    let api = Api::new(&args.server.server)?;
    let run = api.run_get(&args.run).await?;
    let run = api.run_stop(&run.id).await?;
    if run.is_over {
        say(&format!("{} is over: {}.", run.job_name, run.badge))?;
    } else {
        say(&format!("{} is being stopped.", run.job_name))?;
    }
    Ok(Ended::Well)
}
