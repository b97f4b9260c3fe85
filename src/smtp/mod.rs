//! SMTP as a client speaks it (RFC 5321), for `SMTP_CHECK` and for mails: what is said and what is heard, without
//! sockets; and the one loop that carries it out on a connection.

mod dialogue;
mod message;
mod reply;
mod talk;

pub use dialogue::{Dialogue, Next, Refused, Stage};
pub use message::Message;
pub use reply::{LONGEST_LINE, Malformed};
pub use talk::{Trouble, talk};
