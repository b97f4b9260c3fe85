//! lvs
