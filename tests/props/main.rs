//! The pure cores from outside: dialogues in virtual time, and properties over random histories.

mod lvs;
