//! What the heap holds and nobody uses: a configuration that was read leaves as much behind as it is long, and the heap
//! keeps it for the next.

use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::prctl;

use super::scheduling;
use super::unsafe_calls::{shape_heap, trim_heap};

/// Blocks of so many bytes and more go back to the kernel as soon as nobody has them: texts, and tables that grow. The
/// C library's own limit rises with what it sees.
const STANDS_ALONE: i32 = 128 * 1024;

/// glibc keeps so many pieces of each of so many sizes for a thread: of 24 bytes, 40, and so on.
const KEPT: usize = 7;
const SIZES: usize = 64;
const SMALLEST: usize = 24;
const STEP: usize = 16;

/// The lowest nice value.
const MOST_URGENT: i8 = -20;

/// Whether huge pages had been switched off for us already.
static NONE_WERE_HUGE: AtomicBool = AtomicBool::new(false);

/// One heap for all threads. With one for each, a configuration that is read by another thread than the last leaves
/// its holes in another heap, and every reload may add some. To be called before there are threads.
///
/// And no huge pages (`PR_SET_THP_DISABLE`). Where the kernel gives them to everybody, a thread that writes one page of
/// its stack may be given 2 MiB, or the kernel makes one of pages that lie beside the stack, and all of us wait for it.
pub fn shape() {
    shape_heap(STANDS_ALONE);
    // A kernel without huge pages refuses, and that is as good.
    if let Ok(off) = prctl::get_thp_disable() {
        NONE_WERE_HUGE.store(off, Ordering::Relaxed);
        let _ = prctl::set_thp_disable(true);
    }
}

/// Whether programs that we start are to go without huge pages, which they would inherit from us: as it was for us.
pub fn none_are_huge_for_others() -> bool {
    NONE_WERE_HUGE.load(Ordering::Relaxed)
}

/// Pieces that a thread has given up and the C library keeps back for it.
#[derive(Debug)]
pub struct Spare(
    #[cfg_attr(not(test), expect(dead_code, reason = "held until it is dropped"))] Vec<Vec<u8>>,
);

/// All that this thread has given up and would get back first. The C library keeps up to [`KEPT`] pieces of each small
/// size for each thread, wherever they lie: each holds its page, and the heap grows around them. To be given up by a
/// thread that ends, which keeps nothing; see there `tcache_count` in glibc's manual.
pub fn take_spare() -> Spare {
    let sizes = if cfg!(target_env = "gnu") { 0..SIZES } else { 0..0 };
    let each = sizes.flat_map(|number| std::iter::repeat_n(SMALLEST + number * STEP, KEPT));
    Spare(each.map(Vec::with_capacity).collect())
}

/// Gives up what threads have kept, then gives all that nobody uses back to the kernel. Takes a moment that grows with
/// the heap: not for the thread that speaks VRRP.
pub fn give_back(spare: Vec<Spare>) {
    on_a_thread(|| drop(spare));
    on_a_thread(|| {
        // Whoever needs memory waits for its end, also those who must not be late: nothing is to come between. Without
        // the right to it, something may.
        let _ = scheduling::ordinary(MOST_URGENT);
        trim_heap();
    });
}

/// Runs `work` to its end on a thread of its own, which ends: it keeps nothing. Where there is none, nothing is lost.
fn on_a_thread(work: impl FnOnce() + Send + 'static) {
    if let Ok(thread) = std::thread::Builder::new().name("memory".into()).spawn(work) {
        let _ = thread.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_thread_has_given_up_is_taken() {
        let given_up = |bytes: usize| {
            let pieces: Vec<Vec<u8>> = (0..KEPT).map(|_| Vec::with_capacity(bytes)).collect();
            pieces.iter().map(|piece| piece.as_ptr().addr()).collect::<Vec<usize>>()
        };
        // What other tests have given up would be kept for this thread instead, when it asks for as much.
        let _others: Vec<Spare> = (0..8).map(|_| take_spare()).collect();
        let places = [24, 100, 500, 1000].map(given_up).concat();
        let spare = take_spare();
        let taken: Vec<usize> = spare.0.iter().map(|piece| piece.as_ptr().addr()).collect();
        let found = places.iter().filter(|place| taken.contains(place)).count();
        assert!(found * 4 >= places.len() * 3, "{places:x?} {taken:x?}");
    }
}
