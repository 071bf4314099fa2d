//! A configuration, and what `twinbeat check` says of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

/// A configuration directory of its own for one test; removed with it.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    /// A good one, for a node called alpha.
    pub(crate) fn new(test: &str) -> Self {
        let name = format!("twinbeat-check-{}-{test}", std::process::id());
        let directory = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&directory.0).unwrap();
        directory.write("ha.cf", HA_CF);
        directory.write("haresources", "alpha IPaddr2::192.0.2.10/24/lo dnsmasq\n");
        directory.write("authkeys", "auth 1\n1 sha256 0123456789abcdef0123\n");
        directory.write("nodeinfo", "alpha\n");
        directory.mode("authkeys", 0o600);
        fs::create_dir_all(directory.0.join("resource.d")).unwrap();
        directory.write("resource.d/dnsmasq", "#!/bin/sh\n");
        directory.mode("resource.d/dnsmasq", 0o755);
        directory
    }

    pub(crate) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        fs::write(self.0.join(file), text).unwrap();
    }

    pub(crate) fn mode(&self, file: &str, mode: u32) {
        fs::set_permissions(self.0.join(file), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The exit code and what is printed.
    pub(crate) fn check(&self) -> (Option<i32>, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_twinbeat"))
            .args(["check", "-c"])
            .arg(&self.0)
            .output()
            .unwrap();
        assert!(output.stderr.is_empty(), "{:?}", output.stderr);
        let printed = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), printed)
    }

    /// What is printed about a directory that is refused.
    pub(crate) fn refused(&self) -> String {
        let (code, printed) = self.check();
        assert_eq!(code, Some(1), "{printed}");
        assert!(printed.lines().count() < 110 && printed.len() < 64 * 1024);
        let last = printed.lines().last().unwrap();
        assert!(
            last.starts_with("check: ") && last.ends_with("nothing would start"),
            "{last}"
        );
        printed
    }

    /// The only error that is printed.
    pub(crate) fn error(&self) -> String {
        let printed = self.refused();
        let is_error = |line: &&str| line.contains(": error: ");
        let errors: Vec<_> = printed.lines().filter(is_error).collect();
        assert_eq!(errors.len(), 1, "{printed}");
        assert!(printed.contains("check: 1 error in"), "{printed}");
        errors[0].to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The good `ha.cf`.
pub(crate) const HA_CF: &str = "node alpha beta\nbcast lo\nucast lo 127.0.0.1\nkeepalive 1\ndeadtime 10\ninitdead 30\nauto_failback on\n";
