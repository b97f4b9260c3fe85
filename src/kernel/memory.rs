//! What the heap holds and nobody uses: a configuration that was read leaves as much behind as it is long, and the heap
//! keeps it for the next.

use super::unsafe_calls::{shape_heap, trim_heap};

/// Blocks of so many bytes and more go back to the kernel as soon as nobody has them: texts, and tables that grow. The
/// C library's own limit rises with what it sees.
const STANDS_ALONE: i32 = 128 * 1024;

/// One heap for all threads. With one for each, a configuration that is read by another thread than the last leaves
/// its holes in another heap, and every reload may add some. To be called before there are threads.
pub fn shape() {
    shape_heap(STANDS_ALONE);
}

/// Gives it back to the kernel. Takes a moment that grows with the heap: not for the thread that speaks VRRP.
pub fn give_back() {
    trim_heap();
}
