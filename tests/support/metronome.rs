//! How long a busy machine holds up whoever waits for the processor and for the kernel's one lock of all networks:
//! beside other tests that make and remove namespaces, half a second and more. What happens to this thread happens to a
//! daemon, and is not its fault.

use super::net::Node;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(10);

/// How long the threads of a process of this name have waited for a processor so far.
pub fn waited_for_processor(pid: i32, thread: &str) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let of_name = threads.filter(|entry| {
        std::fs::read_to_string(entry.path().join("comm")).is_ok_and(|name| name.trim() == thread)
    });
    let waited = of_name.filter_map(|entry| {
        let text = std::fs::read_to_string(entry.path().join("schedstat")).ok()?;
        text.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    Duration::from_nanos(waited.sum())
}

/// A running metronome; it ends with its handle.
pub struct Metronome {
    /// From when to when a tick was late.
    held_up: Arc<Mutex<Vec<(Instant, Instant)>>>,
    stop: Arc<AtomicBool>,
    beat: Option<JoinHandle<()>>,
}

impl Metronome {
    /// Starts it on a node; it turns `interface` into a router and back, which needs that lock.
    pub fn start(node: &Node, interface: &str) -> Metronome {
        let held_up = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let namespace = std::fs::File::open(std::path::Path::new("/run/netns").join(&node.netns)).unwrap();
        let setting = format!("/proc/sys/net/ipv4/conf/{interface}/forwarding");
        let beat = {
            let (held_up, stop) = (Arc::clone(&held_up), Arc::clone(&stop));
            std::thread::spawn(move || {
                nix::sched::setns(namespace, nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
                let mut on = false;
                while !stop.load(Ordering::Relaxed) || on {
                    let due = Instant::now() + TICK;
                    std::thread::sleep(TICK);
                    on = !on;
                    std::fs::write(&setting, if on { "1" } else { "0" }).unwrap();
                    let now = Instant::now();
                    if now > due + TICK {
                        held_up.lock().unwrap().push((due, now));
                    }
                }
            })
        };
        Metronome { held_up, stop, beat: Some(beat) }
    }

    /// How much of the time between the two nobody could do anything.
    pub fn held_up(&self, from: Instant, to: Instant) -> Duration {
        self.spans(from, to).into_iter().sum()
    }

    /// The longest single one of these times.
    pub fn longest(&self, from: Instant, to: Instant) -> Duration {
        self.spans(from, to).into_iter().max().unwrap_or_default()
    }

    fn spans(&self, from: Instant, to: Instant) -> Vec<Duration> {
        let spans = self.held_up.lock().unwrap();
        let within = |(start, end): &(Instant, Instant)| {
            (*end).min(to).saturating_duration_since((*start).max(from))
        };
        spans.iter().map(within).collect()
    }

    /// Ends it, with the interface as it was.
    pub fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(beat) = self.beat.take() {
            let _panicked = beat.join();
        }
    }
}

impl Drop for Metronome {
    fn drop(&mut self) {
        self.end();
    }
}
