//! Kernel objects as plain values: what a core wants, what the kernel has. Compared field by field
//! by [`crate::reconcile`], read and written by [`crate::kernel`].

pub mod address;
pub mod filter;
pub mod interface;
pub mod ipvs;
pub mod process;
pub mod return_path;
pub mod route;
pub mod routing;
pub mod rule;
