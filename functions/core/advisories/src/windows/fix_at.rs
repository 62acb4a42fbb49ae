//! Where a finding of a container image is fixed, by the component that its advisory names.
//!
//! Under process isolation a container runs on its host's kernel and drivers, so what is fixed there is fixed on the
//! host; what runs in user mode comes with the image. Source: Microsoft Learn, "Isolation modes" and "Windows container
//! version compatibility" for the split, and the component tags of the MSRC's CVRF documents for the words.

use schemas::finding::FixAt;

/// Parts of tags (lower case) of what runs in kernel mode, in the hypervisor or before Windows.
const KERNEL: &[&str] = &[
    "advanced local procedure call",
    "alpc",
    "ancillary function driver",
    "bind filter",
    "bitlocker",
    "bluetooth driver",
    "bluetooth rfcom",
    "boot",
    "brokering file system",
    "cd-rom",
    "client side caching driver",
    "cloud files mini filter",
    "cluster shared volume",
    "common log file system",
    "composite image file system",
    "container isolation fs filter",
    "device guard",
    "directx",
    "dynamic root of trust",
    "efi",
    "event tracing",
    "exfat",
    "extensible file allocation",
    "fast fat",
    "file system driver",
    "filter manager",
    "firmware",
    "graphics kernel",
    "hid class",
    "hid parser",
    "http protocol stack",
    "http.sys",
    "hyper-v",
    "hypervisor",
    "input-output memory management",
    "internet control message protocol",
    "iscsi",
    "kernel",
    "layer 2 tunneling",
    "layer-2 bridge",
    "link-layer discovery",
    "luafv",
    "mbt transport",
    "mobile broadband",
    "named pipe file system",
    "ndis",
    "netbios",
    "network address translation",
    "network file system",
    "network virtualization",
    "nfs",
    "ntfs",
    "overlay filter",
    "partition management",
    "pgm",
    "projected file system",
    "qos scheduler",
    "redirected drive buffering",
    "reliable multicast",
    "resilient file system",
    "secure boot",
    "secure kernel",
    "side-channel",
    "smb",
    "storage port",
    "storage spaces",
    "storport",
    "streaming service",
    "tcp/ip",
    "tdi ",
    "tdx.sys",
    "tpm",
    "transaction manager",
    "unified write filter",
    "usb ",
    "virtual hard d",
    "virtual machine",
    "virtual registry",
    "virtual trusted platform",
    "virtualization-based security",
    "vmswitch",
    "volsnap",
    "volume manager",
    "wfp",
    "wi-fi",
    "win32k",
    "win32 kernel",
    "wireless wide area",
    ".sys)",
];

/// Parts of tags of what has a half in the kernel and a half in user mode, or names no component.
const BOTH: &[&str] = &[
    "chipsets",
    "amd ",
    "desktop window manager",
    "dwm",
    "file server",
    "gdi",
    "graphics component",
    "intel",
    "registry",
    "windows drivers",
    "windows filtering",
    "windows storage",
    "wlan",
];

/// Where an image's finding is fixed. Without a component, or with one that only says "Windows", both must be updated.
pub(crate) fn fix_at(component: Option<&str>) -> FixAt {
    let Some(component) = component else {
        return FixAt::Both;
    };
    let tag = component.trim().to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| tag.contains(part));
    let is_driver = tag.ends_with(" driver") && !tag.contains("odbc") && !tag.contains("print");
    let unspecific = ["", "microsoft windows", "windows", "windows fundamentals"];
    if unspecific.contains(&tag.as_str()) {
        FixAt::Both
    } else if is_driver || has(KERNEL) {
        FixAt::Host
    } else if has(BOTH) {
        FixAt::Both
    } else {
        FixAt::Image
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_say_where_they_are_fixed() {
        for (tag, place) in [
            ("Windows Kernel", FixAt::Host),
            ("Windows TCP/IP", FixAt::Host),
            ("Windows Win32K - GRFX", FixAt::Host),
            ("Windows Common Log File System Driver", FixAt::Host),
            ("Windows Motorola Soft Modem Driver", FixAt::Host),
            ("Windows Print Spooler Components", FixAt::Image),
            ("Windows ODBC Driver", FixAt::Image),
            ("Microsoft PostScript Printer Driver", FixAt::Image),
            (
                "Windows LDAP - Lightweight Directory Access Protocol",
                FixAt::Image,
            ),
            ("Windows MSHTML Platform", FixAt::Image),
            ("Microsoft Graphics Component", FixAt::Both),
            ("Microsoft Windows", FixAt::Both),
        ] {
            assert_eq!(fix_at(Some(tag)), place, "{tag}");
        }
        assert_eq!(fix_at(None), FixAt::Both);
    }
}
