//! Trace context: which upload, request or schedule something is the consequence of, carried from message to message.
//!
//! Source: W3C Trace Context, <https://www.w3.org/TR/trace-context/>; X-Ray's header: AWS X-Ray Developer Guide, "Tracing
//! header". The first 32 bits of X-Ray's trace ids are a time; any are accepted from others.

use std::{fmt, str::FromStr};

/// A place in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace: u128,
    parent: u64,
    flags: u8,
}

/// Why text is no trace context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a trace context")]
pub struct TraceError;

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// The trace context that this task works in.
#[must_use]
pub fn current() -> Option<TraceContext> {
    CURRENT.try_with(|context| *context).ok()
}

/// Does something in a trace context: what it sends carries it.
pub async fn within<F: Future>(context: TraceContext, what: F) -> F::Output {
    CURRENT.scope(context, what).await
}

/// Lower-case hexadecimal digits, so many, not all of them 0.
fn hex<T: TryFrom<u128>>(text: &str, digits: usize) -> Result<T, TraceError> {
    let plain = text.len() == digits
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let number = plain
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
        .filter(|number| *number != 0)
        .ok_or(TraceError)?;
    T::try_from(number).map_err(|_| TraceError)
}

impl TraceContext {
    /// A trace that begins here, of 24 random bytes. It is recorded.
    #[must_use]
    pub fn begin(random: [u8; 24]) -> Self {
        let (trace, parent) = random.split_at(16);
        let number = |bytes: &[u8]| bytes.iter().fold(0_u128, |n, b| (n << 8) | u128::from(*b));
        Self {
            // 0 stands for none.
            trace: number(trace).max(1),
            parent: u64::try_from(number(parent)).unwrap_or(1).max(1),
            flags: 1,
        }
    }

    /// A fresh trace; `None` where no randomness can be had.
    #[must_use]
    pub fn fresh() -> Option<Self> {
        let mut random = [0; 24];
        getrandom::fill(&mut random).ok()?;
        Some(Self::begin(random))
    }

    /// The trace's id, 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// Reads the header `x-amzn-trace-id`: `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
    ///
    /// # Errors
    /// When it names no root.
    pub fn from_xray(text: &str) -> Result<Self, TraceError> {
        let field = |name: &str| {
            let mut fields = text
                .split(';')
                .filter_map(|field| field.trim().split_once('='));
            fields
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value)
        };
        let root = field("Root").and_then(|root| root.strip_prefix("1-"));
        let (time, rest) = root
            .and_then(|root| root.split_once('-'))
            .ok_or(TraceError)?;
        Ok(Self {
            trace: hex(&format!("{time}{rest}"), 32)?,
            // A root alone has no parent yet.
            parent: field("Parent").map_or(Ok(1), |parent| hex(parent, 16))?,
            flags: u8::from(field("Sampled") == Some("1")),
        })
    }

    /// The same as the header `x-amzn-trace-id`.
    #[must_use]
    pub fn to_xray(&self) -> String {
        let id = self.trace_id();
        let (time, rest) = id.split_at_checked(8).unwrap_or_default();
        let (parent, sampled) = (self.parent, self.flags & 1);
        format!("Root=1-{time}-{rest};Parent={parent:016x};Sampled={sampled}")
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{:032x}-{:016x}-{:02x}",
            self.trace, self.parent, self.flags
        )
    }
}

impl FromStr for TraceContext {
    type Err = TraceError;

    /// Reads the header `traceparent`. Later versions may have more behind what is known of this one.
    fn from_str(text: &str) -> Result<Self, TraceError> {
        let mut parts = text.split('-');
        let mut part = || parts.next().ok_or(TraceError);
        let (version, trace, parent, flags) = (part()?, part()?, part()?, part()?);
        let version = match version {
            "00" => 0,
            version => hex::<u8>(version, 2)?,
        };
        let is_longer = parts.next().is_some();
        if version == 0xff || (version == 0 && is_longer) {
            return Err(TraceError);
        }
        Ok(Self {
            trace: hex(trace, 32)?,
            parent: hex(parent, 16)?,
            flags: match flags {
                "00" => 0,
                flags => hex(flags, 2)?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_header_comes_back_as_it_was() {
        let context: TraceContext = ONE.parse().unwrap();
        assert_eq!(context.to_string(), ONE);
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(TraceContext::from_xray(&context.to_xray()), Ok(context));
        let longer = format!("cc{}-what-the-future-brings", &ONE[2..]);
        assert_eq!(longer.parse(), Ok(context));
        assert!(
            TraceContext::begin([0; 24])
                .to_string()
                .parse::<TraceContext>()
                .is_ok()
        );
    }

    #[test]
    fn what_is_no_context_is_none() {
        for bad in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e47\u{e4}-00f067aa0ba902b7-01",
        ] {
            assert_eq!(bad.parse::<TraceContext>(), Err(TraceError), "{bad}");
        }
        for bad in [
            "",
            "Root",
            "Root=1-5759e988",
            "Root=1-\u{e4}-bd",
            "Parent=1",
        ] {
            assert_eq!(TraceContext::from_xray(bad), Err(TraceError), "{bad}");
        }
    }

    #[tokio::test]
    async fn work_within_a_context_knows_it_and_other_work_does_not() {
        let context: TraceContext = ONE.parse().unwrap();
        assert_eq!(current(), None);
        assert_eq!(within(context, async { current() }).await, Some(context));
    }
}
