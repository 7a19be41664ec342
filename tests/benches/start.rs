//! From the start of the process to the first index from the store.

use crate::figures::Figures;

/// With 1,000, 100,000 and 1,000,000 messages.
pub fn all(_figures: &mut Figures) {}
