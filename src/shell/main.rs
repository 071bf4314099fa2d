//! twinbeat: the program around the core.

fn main() {}
