//! Fences: the script that switches a silent node off, run beside the loop.

use std::cell::RefCell;
use std::rc::Rc;

use log::{Level, error};
use twinbeat::config::Config;
use twinbeat::id::NodeId;
use twinbeat::time::Duration;

use crate::reactor::Reactor;
use crate::resource::add;
use crate::script::{self, Job};

/// How long one attempt may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What became of attempts that ended.
#[derive(Default)]
pub(crate) struct Fences(Rc<RefCell<Vec<(NodeId, bool)>>>);

impl Fences {
    /// Begins to switch a node off. It waits for no other child.
    pub(crate) fn begin(&self, reactor: &Rc<Reactor>, config: &Config, node: NodeId) {
        let Some(fence) = config.fence_of(node) else {
            self.0.borrow_mut().push((node, false));
            return;
        };
        let mut environment = Vec::new();
        let parameters = config.text(fence.parameters).lines();
        for parameter in parameters.filter(|parameter| !parameter.is_empty()) {
            add(&mut environment, parameter);
        }
        let mut arguments = Vec::new();
        add(&mut arguments, "off");
        add(&mut arguments, config.node_name(node));
        let job = Job {
            path: config.text(fence.path).into(),
            arguments,
            limit: LIMIT,
            level: Level::Info,
            label: "fence".to_owned(),
            environment: environment.into(),
        };
        let (inner, ended) = (Rc::clone(reactor), Rc::clone(&self.0));
        reactor.spawn(async move {
            let end = script::run(inner, job).await;
            if !end.succeeded() {
                error!("fence: {}", end.exit);
            }
            ended.borrow_mut().push((node, end.succeeded()));
        });
    }

    /// The next that ended, and whether its node is off.
    pub(crate) fn poll_ended(&self) -> Option<(NodeId, bool)> {
        self.0.borrow_mut().pop()
    }
}
