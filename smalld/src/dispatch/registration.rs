//! The record that an attribute leaves behind for its function, found again at startup.

use crate::bot::SmallD;
use crate::dispatch::trigger::Trigger;

/// One annotated function. Written by the attributes only.
#[derive(Debug)]
pub struct Registration {
    /// The function's path.
    pub name: &'static str,
    /// The path of its module.
    pub module: &'static str,
    /// Its file.
    pub file: &'static str,
    /// The line of its name.
    pub line: u32,
    /// What it is called for, and how.
    pub trigger: Trigger,
    /// One check for each parameter, run at startup.
    pub checks: &'static [Check],
}

inventory::collect!(Registration);

/// Returns an error if the parameter can never be provided.
pub(crate) type Check = fn(&SmallD) -> Result<(), String>;
