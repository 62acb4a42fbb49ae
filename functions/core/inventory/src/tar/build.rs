//! Writes small archives for tests, with all the ways in which a header can be wrong.

use super::BLOCK;

/// An archive under construction.
#[derive(Default)]
pub(crate) struct Builder {
    bytes: Vec<u8>,
}

impl Builder {
    pub(crate) fn header(name: &[u8], kind: u8, size: u64, link: &[u8]) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        let name = &name[..name.len().min(100)];
        let link = &link[..link.len().min(100)];
        block[..name.len()].copy_from_slice(name);
        block[100..108].copy_from_slice(b"0000644\0");
        block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
        block[136..148].copy_from_slice(b"00000000000\0");
        block[156] = kind;
        block[157..157 + link.len()].copy_from_slice(link);
        block[257..263].copy_from_slice(b"ustar\0");
        Self::sign(&mut block);
        block
    }

    pub(crate) fn sign(block: &mut [u8; BLOCK]) {
        block[148..156].copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn entry(mut self, name: &str, kind: u8, link: &str, content: &[u8]) -> Self {
        if name.len() > 100 {
            self = self.entry(
                "././@LongLink",
                b'L',
                "",
                &[name.as_bytes(), b"\0"].concat(),
            );
        }
        let size = content.len() as u64;
        let header = Self::header(name.as_bytes(), kind, size, link.as_bytes());
        self = self.raw(&header).raw(content);
        let padding = content.len().next_multiple_of(BLOCK) - content.len();
        self.raw(&vec![0; padding])
    }

    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.entry(name, b'0', "", content.as_ref())
    }

    /// A file that anybody may execute.
    pub(crate) fn program(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let at = self.bytes.len();
        self = self.file(name, content);
        let mut block = [0; BLOCK];
        block.copy_from_slice(&self.bytes[at..at + BLOCK]);
        block[100..108].copy_from_slice(b"0000755\0");
        Self::sign(&mut block);
        self.bytes[at..at + BLOCK].copy_from_slice(&block);
        self
    }

    pub(crate) fn folder(self, name: &str) -> Self {
        self.entry(name, b'5', "", b"")
    }

    pub(crate) fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(name, b'2', target, b"")
    }

    pub(crate) fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(name, b'1', target, b"")
    }

    pub(crate) fn pax(self, records: &[(&str, &str)]) -> Self {
        let mut content = String::new();
        for (key, value) in records {
            let body = key.len() + value.len() + 3;
            let mut length = body + 1;
            while length.to_string().len() + body != length {
                length = length.to_string().len() + body;
            }
            content.push_str(&format!("{length} {key}={value}\n"));
        }
        self.entry("PaxHeaders/x", b'x', "", content.as_bytes())
    }

    pub(crate) fn special(self, kind: u8, content: &[u8]) -> Self {
        self.entry("special", kind, "", content)
    }

    /// The archive with its end mark.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.raw(&[0; BLOCK * 2]).bytes
    }

    /// The archive as it is.
    pub(crate) fn unfinished(self) -> Vec<u8> {
        self.bytes
    }
}
