//! FAULTS.md, by name: what breaks between us and the server. Judged by what the server holds, never by what the
//! command says.

mod limits;
mod listing;
mod network;
mod tls;
mod wire;
