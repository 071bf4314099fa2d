//! Files of both nodes of a pair: other configurations, scripts, and what they leave.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::pair::Pair;

impl Pair {
    /// A file of the configuration folder, the same on both nodes but for `FOLDER` and `NODE`.
    pub(crate) fn write(&self, file: &str, text: &str) {
        for node in &self.nodes {
            let path = node.folder.join("ha.d").join(file);
            let folder = node.folder.display().to_string();
            let text = text.replace("FOLDER", &folder).replace("NODE", node.name);
            fs::create_dir_all(path.parent().expect("below ha.d")).expect("our own folder");
            fs::write(path, text).expect("our own folder");
        }
    }

    /// A shell script in `resource.d`.
    pub(crate) fn script(&self, name: &str, body: &str) {
        let file = format!("resource.d/{name}");
        self.write(&file, &format!("#!/bin/sh\n{body}\n"));
        for node in &self.nodes {
            let path = node.folder.join("ha.d").join(&file);
            fs::set_permissions(path, Permissions::from_mode(0o755)).expect("our own file");
        }
    }

    /// What is in a file of a node's folder; empty where there is none.
    pub(crate) fn read(&self, node: usize, file: &str) -> String {
        fs::read_to_string(self.nodes[node].folder.join(file)).unwrap_or_default()
    }

    /// The log of one node alone.
    pub(crate) fn log(&self, node: usize) -> String {
        self.read(node, "agent.log")
    }
}
