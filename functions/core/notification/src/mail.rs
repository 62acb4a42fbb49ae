//! A notification as the text of a mail: plain, and as simple HTML.

use schemas::notification::Notification;

use crate::{text, thread};

/// The text of a mail, and what its headers are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// One line without control characters.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML, in which nothing from outside is markup.
    pub html: String,
    /// Names what all mails of one fix, or of one kind of trouble, have in common: 32 hexadecimal digits.
    pub thread: String,
}

/// The mail.
pub fn mail(notification: &Notification) -> Mail {
    let title = text::title(notification);
    let lines = text::lines(notification);
    let mut plain = format!("{title}\r\n\r\n");
    let mut html = format!(
        "<!doctype html><html><body><h1 style=\"font-size:1.2em\">{}</h1><ul>",
        escaped(&title)
    );
    for line in &lines {
        plain.push_str(&format!("- {line}\r\n"));
        html.push_str(&format!("<li>{}</li>", escaped(line)));
    }
    let foot = format!("Bulkhead, {}, {}", notification.tenant, notification.at);
    plain.push_str(&format!("\r\n{foot}\r\n"));
    html.push_str(&format!("</ul><p>{}</p></body></html>", escaped(&foot)));
    Mail {
        subject: title,
        text: plain,
        html,
        thread: thread(notification),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
