//! What the heap holds and nobody uses: a configuration that was read leaves as much behind as it is long, and the heap
//! keeps it for the next.

use super::unsafe_calls::trim_heap;

/// Gives it back to the kernel. Takes a moment that grows with the heap: not for the thread that speaks VRRP.
pub fn give_back() {
    trim_heap();
}
