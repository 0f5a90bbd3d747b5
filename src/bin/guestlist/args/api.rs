//! Where the API is and who asks.

use std::path::PathBuf;
use std::time::Duration;

use super::parse;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "RealtimeKit")]
pub(crate) struct ApiArgs {
    /// The Cloudflare account
    #[arg(long, value_name = "ID", env = "CLOUDFLARE_ACCOUNT_ID", hide_env_values = true)]
    pub(crate) account_id: Option<String>,
    /// The RealtimeKit app
    #[arg(long, value_name = "ID", env = "REALTIMEKIT_APP_ID", hide_env_values = true)]
    pub(crate) app_id: Option<String>,
    /// A file that only you can read and that holds the API token, or - for standard input; otherwise the token is
    /// taken from CLOUDFLARE_API_TOKEN
    #[arg(long, value_name = "FILE|-")]
    pub(crate) api_token_file: Option<PathBuf>,
    /// The API [default: https://api.cloudflare.com/client/v4]
    #[arg(long, value_name = "URL", env = "CLOUDFLARE_BASE_URL", hide_env_values = true)]
    pub(crate) api_url: Option<String>,
    /// Trust the authorities in this PEM file as well
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// How long a request may take
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse::duration)]
    pub(crate) timeout: Duration,
    /// How long connecting may take
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse::duration)]
    pub(crate) connect_timeout: Duration,
}
