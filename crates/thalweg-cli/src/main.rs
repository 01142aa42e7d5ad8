//! The command `thalweg`.
#![allow(dead_code, reason = "the commands that use these modules come with the command line")]

mod live;
mod pictures;

fn main() {}
