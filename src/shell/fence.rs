//! Fences: the script that switches a silent node off, run beside the loop.

use std::cell::RefCell;
use std::rc::Rc;

use twinbeat::config::Config;
use twinbeat::id::NodeId;
use twinbeat::time::Duration;

use crate::journal;
use crate::reactor::Reactor;
use crate::resource::add;
use crate::script::{Job, Series, Step};

/// How long one attempt may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What became of attempts that ended.
pub(crate) struct Fences(&'static RefCell<Vec<(NodeId, bool)>>);

impl Fences {
    /// Nothing was switched off yet.
    pub(crate) fn new() -> Self {
        Self(Box::leak(Box::default()))
    }

    /// Begins to switch a node off. It waits for no other child.
    pub(crate) fn begin(&self, reactor: &'static Reactor, config: &Config, node: NodeId) {
        let Some(fence) = config.fence_of(node) else {
            self.0.borrow_mut().push((node, false));
            return;
        };
        let words = ["off", config.node_name(node)];
        let mut job = Job::new(config.text(fence.path), &words, LIMIT, "fence");
        let mut environment = Vec::new();
        let parameters = config.text(fence.parameters).lines();
        for parameter in parameters.filter(|parameter| !parameter.is_empty()) {
            add(&mut environment, parameter);
        }
        job.environment = environment.into();
        let ended = self.0;
        let mut step = Step::now(job);
        Series::new(reactor, Rc::default()).begin(Box::new(move |end| {
            if let Some(end) = end {
                if !end.succeeded() {
                    journal::error(format_args!("fence: {}", end.exit));
                }
                ended.borrow_mut().push((node, end.succeeded()));
            }
            step.take()
        }));
    }

    /// The next that ended, and whether its node is off.
    pub(crate) fn poll_ended(&self) -> Option<(NodeId, bool)> {
        self.0.borrow_mut().pop()
    }
}
