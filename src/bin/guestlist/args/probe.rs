//! `probe`.

use super::ApiArgs;

#[derive(Debug, clap::Args)]
pub(crate) struct ProbeArgs {
    /// A meeting that nobody else is in; a few participants are added to it and removed again
    #[arg(long, value_name = "UUID")]
    pub(crate) scratch_meeting: String,
    /// The preset of these participants [default: the first of the app's]
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// How many participants to try lists with: a page's limit is only seen if it is smaller; each costs two requests
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u16).range(3..=1000))]
    pub(crate) participants: u16,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
}
