//! A person's orders: refused with the reason, or told to the core at once. What comes of them is seen
//! by those who ask again.

use twinbeat::action::{Input, Refusal};
use twinbeat::time::Instant;

use super::Program;
use crate::control::Order;

impl Program {
    pub(super) fn on_order(&mut self, now: Instant, order: Order) -> Result<String, String> {
        if let Some(refusal) = self.node.refusal(order.command)
            && !(order.force && refusal == Refusal::Maintenance)
        {
            return Err(self.refused(refusal));
        }
        self.tell(now, Input::Command(order.command));
        if let Some(keep) = order.keep {
            self.tell(now, Input::Command(keep));
        }
        Ok(String::new())
    }

    fn refused(&self, refusal: Refusal) -> String {
        let config = &self.config;
        match refusal {
            Refusal::Maintenance => {
                "in maintenance nothing is moved: maintenance off first, or --force".to_owned()
            }
            Refusal::Disabled => "this node is disabled: enable it first".to_owned(),
            Refusal::Unable(node) => format!(
                "{} cannot serve it: silent, deaf, disabled, or it failed there",
                config.node_name(node)
            ),
            Refusal::Held(group, node) => {
                let (key, name) = (config.group_key(group), config.node_name(node));
                format!("{name} is alive and has {key} in order: takeover without --force asks it")
            }
        }
    }
}
