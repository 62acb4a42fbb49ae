//! Living as a service: when to stop, and where to keep things, in the operating system's own way.

#[cfg(unix)]
#[path = "linux.rs"]
pub mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
pub mod platform;

use tokio::sync::watch;

/// Says when to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// Tells everyone to stop.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// A stopper and what listens to it.
pub fn stopper() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Tells everyone to stop.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Returns when it is time to stop, also when whoever would say so is gone.
    pub async fn wanted(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
