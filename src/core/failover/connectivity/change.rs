//! Another configuration is taken up: what is known goes on counting.

use super::Connectivity;
use crate::config::Change;

impl Connectivity {
    /// Other targets, or other times: what is known of a witness that stays is kept.
    pub(in crate::failover) fn reconfigure(&mut self, change: &Change<'_>) {
        let (old, new) = (&change.old.reach.witnesses, &change.new.reach.witnesses);
        let before = core::mem::replace(self, Self::new(change.new));
        for (witness, id) in new.iter().zip(change.new.witness_ids()) {
            let mut all = old.iter().zip(change.old.witness_ids());
            if let Some((_, from)) = all.find(|(one, _)| one.sight == witness.sight) {
                let (view, known) = (self.witnesses.at_mut(id), before.witnesses.at(from));
                (view.up, view.answered) = (known.up, known.answered);
            }
        }
        self.count_reached();
        if self.count > 0 {
            (self.nodes, self.turn) = (before.nodes, before.turn);
        }
    }
}
