//! What the server saw of one id, and what it must not see. Pure.

use super::fate::{Effect, Fate, Said};

/// How often a run sends a create that may have arrived: once, and twice again (GUARANTEE.md section 3).
const MOST: u32 = 3;

/// The creates of one id since the journal was made.
#[derive(Debug, Default, Clone)]
pub(super) struct Posts {
    /// Creates that may have arrived and proved nothing.
    pub(super) unproven: u32,
    /// Creates that may have arrived, those proved by a 409 or a later refusal to have met something included.
    pub(super) tries: u32,
    /// Creates in the life of that number.
    in_life: (u32, u32),
    /// On their way now.
    under_way: u32,
    /// When the client stopped waiting for one that may have arrived.
    stopped_at: Option<u64>,
    /// The life that heard a 2xx without details, and whether it lived to note it.
    yes: Option<(u32, bool)>,
    /// A 2xx was said of a create that had no effect.
    pub(super) false_yes: bool,
}

impl Posts {
    /// What is wrong with another create at this moment.
    pub(super) fn wrong_now(&self, life: u32, now: u64, settle: u64, holds: bool) -> Option<String> {
        if self.under_way > 0 {
            return Some("while another is on its way".to_owned());
        }
        if self.yes.is_some_and(|(heard, noted)| noted || heard == life) {
            return Some("although the API had said yes".to_owned());
        }
        // A clock of milliseconds may be off by one.
        if let Some(stopped) = self.stopped_at.filter(|stopped| now + 2 < stopped + settle) {
            return Some(format!("only {} ms after one in doubt", now - stopped));
        }
        if holds && self.tries > 0 {
            return Some("although one may have arrived, with hold".to_owned());
        }
        let in_life = if self.in_life.0 == life { self.in_life.1 } else { 0 };
        if in_life >= MOST {
            return Some(format!("after {in_life} in this run that may have arrived"));
        }
        None
    }

    /// One leaves.
    pub(super) fn leave(&mut self) {
        self.under_way += 1;
    }

    /// The client hears of one.
    pub(super) fn hear(&mut self, life: u32, now: u64, fate: Fate) {
        self.under_way -= 1;
        if fate.said.is_a_yes() {
            self.yes = Some((life, false));
            self.false_yes |= fate.effect == Effect::Never;
        }
        let proves_nothing = fate.said.may_have_arrived() && fate.said != Said::Status(409);
        self.unproven += u32::from(proves_nothing && !fate.said.is_a_yes());
        if fate.said.may_have_arrived() {
            self.stopped_at = Some(now);
            self.try_once(life);
        } else if fate.said.is_a_refusal() && self.tries > 0 {
            // It proves nothing of the one before, so the journal counts it.
            self.try_once(life);
        }
    }

    /// The client dies while one is on its way, which may or may not have arrived.
    pub(super) fn die(&mut self, life: u32, now: u64, may_have_arrived: bool) {
        self.under_way -= 1;
        if may_have_arrived {
            self.stopped_at = Some(now);
            self.unproven += 1;
            self.try_once(life);
        }
    }

    fn try_once(&mut self, life: u32) {
        self.tries += 1;
        self.in_life = if self.in_life.0 == life { (life, self.in_life.1 + 1) } else { (life, 1) };
    }

    /// The life that heard the last answers ended in order: what it heard is in the journal.
    pub(super) fn noted(&mut self) {
        if let Some((_, noted)) = &mut self.yes {
            *noted = true;
        }
    }
}

impl Posts {
    /// Whether its absence may be left open in the end: a 2xx or hold forbids to send it again. An intent of a life that
    /// died counts, whether or not a create left for it.
    pub(super) fn excuses(&self, deaths: u32, holds: bool) -> bool {
        self.false_yes || (holds && self.tries + deaths > 0)
    }
}
