//! From what there is to what is wanted: ordered operations, nothing that changes nothing. Pure.

pub mod ipvs;
