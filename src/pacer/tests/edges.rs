//! Instants at which something ends.

use super::super::{PauseReason, Server};
use super::{SECOND, pacer, permits};

#[tokio::test(start_paused = true)]
async fn a_gate_that_ends_now_is_closed_no_more() {
    let pacer = pacer("auto", Server::Loopback);
    pacer.close_for(SECOND, PauseReason::Throttled);
    assert_eq!((pacer.gate().is_some(), permits(&pacer, 1)), (true, 0));
    tokio::time::advance(SECOND).await;
    assert_eq!((pacer.gate(), permits(&pacer, 1)), (None, 1));
}
