//! Against the kernel of this machine, in namespaces.
