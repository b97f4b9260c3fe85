//! Messages of the IPVS family, for netlink-packet-generic.

use std::borrow::Cow;

use netlink_packet_core::{DecodeError, Emitable, ParseableParametrized};
use netlink_packet_generic::{GenlFamily, GenlHeader};

use super::attributes::{CommandAttribute, InfoAttribute};
use super::value::Value;

/// Room for the attributes of most requests, in bytes.
const ORDINARY: usize = 160;

/// `IPVS_CMD_*`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Command(pub u8);

impl Command {
    pub const NEW_SERVICE: Command = Command(1);
    pub const SET_SERVICE: Command = Command(2);
    pub const DEL_SERVICE: Command = Command(3);
    pub const GET_SERVICE: Command = Command(4);
    pub const NEW_DEST: Command = Command(5);
    pub const SET_DEST: Command = Command(6);
    pub const DEL_DEST: Command = Command(7);
    pub const GET_DEST: Command = Command(8);
    pub const NEW_DAEMON: Command = Command(9);
    pub const DEL_DAEMON: Command = Command(10);
    pub const GET_DAEMON: Command = Command(11);
    pub const SET_CONFIG: Command = Command(12);
    pub const GET_CONFIG: Command = Command(13);
    /// Only as an answer to `GET_INFO`, with attributes of its own.
    pub const SET_INFO: Command = Command(14);
    pub const GET_INFO: Command = Command(15);
    pub const ZERO: Command = Command(16);
    pub const FLUSH: Command = Command(17);
}

/// One message: what to do, or what the kernel says there is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IpvsMessage {
    pub command: Command,
    pub attributes: Attributes,
}

/// What a message carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attributes {
    Command(Vec<CommandAttribute>),
    Info(Vec<InfoAttribute>),
    /// As bytes, to be sent.
    Encoded(Vec<u8>),
}

impl IpvsMessage {
    /// A request.
    pub fn new(command: Command, attributes: Vec<CommandAttribute>) -> Self {
        IpvsMessage { command, attributes: Attributes::Command(attributes) }
    }

    /// A request with the attributes that `write` appends.
    pub(super) fn written(command: Command, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut bytes = Vec::with_capacity(ORDINARY);
        write(&mut bytes);
        IpvsMessage { command, attributes: Attributes::Encoded(bytes) }
    }
}

impl GenlFamily for IpvsMessage {
    /// `IPVS_GENL_NAME`
    fn family_name() -> &'static str {
        "IPVS"
    }

    fn command(&self) -> u8 {
        self.command.0
    }

    /// `IPVS_GENL_VERSION`
    fn version(&self) -> u8 {
        1
    }
}

impl IpvsMessage {
    /// The bytes after the two headers.
    fn bytes(&self) -> Cow<'_, [u8]> {
        let mut bytes = Vec::with_capacity(ORDINARY);
        match &self.attributes {
            Attributes::Encoded(bytes) => return Cow::Borrowed(bytes),
            Attributes::Command(attributes) => attributes.put(&mut bytes),
            Attributes::Info(attributes) => attributes.put(&mut bytes),
        }
        Cow::Owned(bytes)
    }

    /// The same, ready to be sent: its length is asked for several times.
    pub fn encoded(self) -> Self {
        let bytes = match self.attributes {
            Attributes::Encoded(bytes) => bytes,
            _ => self.bytes().into_owned(),
        };
        IpvsMessage { command: self.command, attributes: Attributes::Encoded(bytes) }
    }
}

impl Emitable for IpvsMessage {
    fn buffer_len(&self) -> usize {
        self.bytes().len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        let bytes = self.bytes();
        if let Some(space) = buffer.get_mut(..bytes.len()) {
            space.copy_from_slice(&bytes);
        }
    }
}

impl ParseableParametrized<[u8], GenlHeader> for IpvsMessage {
    fn parse_with_param(payload: &[u8], header: GenlHeader) -> Result<Self, DecodeError> {
        let command = Command(header.cmd);
        let attributes = if command == Command::SET_INFO {
            Vec::read(payload).map(Attributes::Info)
        } else {
            Vec::read(payload).map(Attributes::Command)
        };
        let attributes = attributes.ok_or(DecodeError::from("no attributes"))?;
        Ok(IpvsMessage { command, attributes })
    }
}
