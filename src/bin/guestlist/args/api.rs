//! Where the API is and who asks.

use std::path::PathBuf;
use std::time::Duration;

use super::parse;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "RealtimeKit")]
pub(crate) struct ApiArgs {
    /// The Cloudflare account [env: CLOUDFLARE_ACCOUNT_ID]
    #[arg(long, value_name = "ID")]
    pub(crate) account_id: Option<String>,
    /// The RealtimeKit app [env: REALTIMEKIT_APP_ID]
    #[arg(long, value_name = "ID")]
    pub(crate) app_id: Option<String>,
    /// A file that only you can read and that holds the API token, or - for standard input; otherwise the token is
    /// taken from CLOUDFLARE_API_TOKEN. In systemd's CREDENTIALS_DIRECTORY the service's group may read it, too
    #[arg(long, value_name = "FILE|-")]
    pub(crate) api_token_file: Option<PathBuf>,
    /// The API [env: CLOUDFLARE_BASE_URL] [default: https://api.cloudflare.com/client/v4]
    #[arg(long, value_name = "URL")]
    pub(crate) api_url: Option<String>,
    /// Trust the authorities in this PEM file as well
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// How long a request may take [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub(crate) timeout: Option<Duration>,
    /// How long connecting may take [default: 10s, of a timeout below 20s half]
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub(crate) connect_timeout: Option<Duration>,
}
