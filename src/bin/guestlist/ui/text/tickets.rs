//! Which preset each ticket type stands for, and how many rows have it.

use guestlist::model::escape;
use guestlist::roster::TicketRows;

use super::rows;

/// Nothing without a preset map.
pub(super) fn tickets(tickets: &[TicketRows]) -> String {
    if tickets.is_empty() {
        return String::new();
    }
    let width = |text: fn(&TicketRows) -> &str| {
        tickets.iter().map(|one| escape(text(one)).chars().count()).max().unwrap_or_default()
    };
    let (tickets_width, presets_width) = (width(|one| &one.ticket), width(|one| &one.preset));
    let mut text = "  presets by ticket type:\n".to_owned();
    for one in tickets {
        let (ticket, preset) = (escape(&one.ticket), escape(&one.preset));
        text += &format!(
            "    {ticket:<tickets_width$}  {preset:<presets_width$}  {}{}\n",
            rows(one.rows),
            stood_for(one)
        );
    }
    text
}

/// What `*` was taken for: a ticket type that is spelt otherwise than in the map shows here.
fn stood_for(one: &TicketRows) -> String {
    if one.stood_for.is_empty() {
        return String::new();
    }
    let name = |ticket: &String| match ticket.as_str() {
        "" => "rows without one".to_owned(),
        ticket => format!("\"{}\"", escape(ticket)),
    };
    let names: Vec<_> = one.stood_for.iter().map(name).collect();
    format!(": {}{}", names.join(", "), if one.more { " and others" } else { "" })
}
