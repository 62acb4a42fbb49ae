//! The text that Prometheus reads, format 0.0.4.
//!
//! Source: prometheus.io/docs/instrumenting/exposition_formats, "Text-based format".

/// The content type of the text.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// It only grows, until the process ends.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// The text as far as it is written.
#[derive(Debug, Default)]
pub(crate) struct Exposition(String);

impl Exposition {
    /// Begins a metric. All its samples follow at once, as the format wants them.
    pub(crate) fn metric(&mut self, name: &'static str, kind: Kind, help: &str) -> Metric<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let help = help.replace('\\', r"\\").replace('\n', r"\n");
        self.0
            .push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        Metric {
            text: &mut self.0,
            name,
        }
    }

    /// The whole text.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// A metric whose samples are being written.
#[derive(Debug)]
pub(crate) struct Metric<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Metric<'_> {
    /// A whole number. Beyond 2^53 the reader, who takes 64-bit floats, rounds it.
    pub(crate) fn whole(&mut self, labels: &[(&str, &str)], value: u64) {
        self.sample(labels, &value.to_string());
    }

    /// A number of seconds.
    pub(crate) fn seconds(&mut self, labels: &[(&str, &str)], value: std::time::Duration) {
        self.sample(labels, &value.as_secs_f64().to_string());
    }

    fn sample(&mut self, labels: &[(&str, &str)], value: &str) {
        self.text.push_str(self.name);
        for (at, (name, value)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            let value = value
                .replace('\\', r"\\")
                .replace('"', r#"\""#)
                .replace('\n', r"\n");
            self.text.push_str(&format!("{before}{name}=\"{value}\""));
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        self.text.push_str(&format!(" {value}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_cannot_be_taken_for_something_else() {
        let mut text = Exposition::default();
        let mut metric = text.metric("a_total", Kind::Counter, "of\nlines \\");
        metric.whole(&[("one", "a\"b\\c\nd"), ("two", "")], 3);
        text.metric("b", Kind::Gauge, "seconds")
            .seconds(&[], std::time::Duration::from_millis(1500));
        assert_eq!(
            text.finish(),
            "# HELP a_total of\\nlines \\\\\n# TYPE a_total counter\na_total{one=\"a\\\"b\\\\c\\nd\",two=\"\"} 3\n\
             # HELP b seconds\n# TYPE b gauge\nb 1.5\n"
        );
    }
}
