//! One mail, from its words to the server.

use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::queue::Letter;
use crate::config::model::Global;
use crate::kernel::host_name;
use crate::report::mail::{self, NotSent};
use crate::report::{Line, emit};
use crate::smtp::{self, Dialogue, Message};

/// Where mails go, and what stands on them.
#[derive(PartialEq, Eq, Debug)]
pub struct Settings {
    host: String,
    port: u16,
    /// For the connection, and for each thing said and answered.
    patience: Duration,
    helo_name: Option<String>,
    from: Option<String>,
    to: Vec<String>,
    router_id: Option<String>,
}

impl Settings {
    /// `None`: the configuration has no server, or nobody to write to.
    pub fn of(global: &Global) -> Option<Settings> {
        let (host, port) = global.smtp_server.clone()?;
        if global.notification_email.is_empty() {
            return None;
        }
        Some(Settings {
            host,
            port,
            patience: global.smtp_connect_timeout,
            helo_name: global.smtp_helo_name.clone(),
            from: global.notification_email_from.clone(),
            to: global.notification_email.clone(),
            router_id: global.router_id.clone(),
        })
    }
}

/// Who sends them there.
#[derive(Debug)]
pub struct Office {
    settings: Settings,
    /// Asked when the first mail needs it: it may take a name server's time.
    host_name: OnceCell<String>,
}

impl Office {
    /// One that has not sent any.
    pub fn new(settings: Settings) -> Office {
        Office { settings, host_name: OnceCell::new() }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sends it, and logs what became of it.
    pub async fn deliver(&self, letter: &Letter) {
        let message = self.message(letter).await;
        let line = match self.hand_over(letter, &message).await {
            Ok(()) => Line::detail("SMTP alert successfully sent."),
            Err((server, why)) => mail::not_sent(&server, &message.subject, &why),
        };
        emit(letter.ident, line);
    }

    async fn message(&self, letter: &Letter) -> Message {
        let router_id = match &self.settings.router_id {
            Some(id) => id,
            None => self.host_name().await,
        };
        let from = match &self.settings.from {
            Some(from) => from.clone(),
            None => format!("{}@{}", host_name::user(), self.host_name().await),
        };
        Message {
            date: letter.date.clone(),
            from,
            to: self.settings.to.clone(),
            subject: format!("[{router_id}] {}", letter.words.subject),
            body: letter.words.body.clone(),
        }
    }

    /// The error comes with the server's address, or its name where that has none.
    async fn hand_over(&self, letter: &Letter, message: &Message) -> Result<(), (String, NotSent)> {
        let (mut stream, server) = self.connect().await?;
        emit(letter.ident, Line::detail(format!("Remote SMTP server {server} connected.")));
        let helo_name = match &self.settings.helo_name {
            Some(name) => name,
            None => self.host_name().await,
        };
        let mut dialogue = Dialogue::mail(helo_name, message);
        let talked = smtp::talk(&mut stream, &mut dialogue, self.settings.patience).await;
        if !dialogue.is_done() {
            let why = match talked {
                Err(trouble) if dialogue.refused().is_empty() => NotSent::Trouble(trouble),
                _ => NotSent::Refused(dialogue.refused().to_vec()),
            };
            return Err((server, why));
        }
        // It has the message; the farewell adds nothing.
        for refused in dialogue.refused() {
            emit(letter.ident, mail::refused_one(&server, &message.subject, refused));
        }
        Ok(())
    }

    async fn connect(&self) -> Result<(TcpStream, String), (String, NotSent)> {
        let named = format!("[{}]:{}", self.settings.host, self.settings.port);
        let found =
            timeout(self.settings.patience, lookup_host((self.settings.host.as_str(), self.settings.port)))
                .await;
        let unknown = |why| (named.clone(), NotSent::NoAddress(why));
        let addresses = match found {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(error)) => return Err(unknown(error.to_string())),
            Err(_) => return Err(unknown("no answer in time".to_owned())),
        };
        let mut failed = unknown("none".to_owned());
        for address in addresses {
            let server = format!("[{}]:{}", address.ip(), address.port());
            match timeout(self.settings.patience, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok((stream, server)),
                Ok(Err(error)) => failed = (server, NotSent::Connect(error)),
                Err(_) => failed = (server, NotSent::ConnectTimeout),
            }
        }
        Err(failed)
    }

    /// The full name of this host, or the short one where the full one does not come.
    async fn host_name(&self) -> &str {
        let ask = || async {
            let full = timeout(self.settings.patience, tokio::task::spawn_blocking(host_name::full)).await;
            match full {
                Ok(Ok(name)) => name,
                _ => host_name::own(),
            }
        };
        self.host_name.get_or_init(ask).await
    }
}
