//! How the kernel schedules the calling thread, and whether our memory may be swapped.

use std::io;
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::mman::{MlockAllFlags, mlockall, munlockall};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;

use super::unsafe_calls;

/// The calling thread.
const THIS: Pid = Pid::from_raw(0);

/// Before all that is not real-time: `SCHED_RR` with this priority, 1 to 99. What the thread starts is ordinary.
pub fn real_time(priority: u8) -> io::Result<()> {
    unsafe_calls::set_policy(libc::SCHED_RR, priority)
}

/// Like any other, with this nice value, -20 to 19.
pub fn ordinary(nice: i8) -> io::Result<()> {
    unsafe_calls::set_policy(libc::SCHED_OTHER, 0)?;
    unsafe_calls::set_nice(nice)
}

/// The processors that the thread may run on.
pub fn processors() -> io::Result<CpuSet> {
    Ok(sched_getaffinity(THIS)?)
}

/// The thread runs on these only. The kernel refuses a set of which it has none.
pub fn stay_on(processors: &CpuSet) -> io::Result<()> {
    Ok(sched_setaffinity(THIS, processors)?)
}

/// Of these processors, those that a set can name.
pub fn set_of(numbers: &[u32]) -> io::Result<CpuSet> {
    let mut set = CpuSet::new();
    for number in numbers {
        set.set(usize::try_from(*number).unwrap_or(usize::MAX))?;
    }
    Ok(set)
}

/// The process's memory stays in memory: each page from when it is first used.
pub fn lock_memory(locked: bool) -> io::Result<()> {
    let all =
        MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE | MlockAllFlags::from_bits_retain(ON_FAULT);
    let done = if locked { mlockall(all) } else { munlockall() };
    Ok(done?)
}

/// `MCL_ONFAULT`: stacks of threads are megabytes that nobody uses.
const ON_FAULT: libc::c_int = libc::MCL_ONFAULT;

/// How long a real-time thread may run without a pause; `None`: for ever. The process gets `SIGXCPU` after half of it, as
/// keepalived's does; that it is killed after the whole is not asked for, since it would be more than the part at fault.
pub fn limit_real_time(span: Option<Duration>) -> io::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_RTTIME)?;
    let half = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX).max(2) / 2;
    Ok(setrlimit(Resource::RLIMIT_RTTIME, span.map_or(libc::RLIM_INFINITY, half).min(most), most)?)
}
