//! File systems below a root that are not walked: virtual ones hold no packages, remote ones belong to others, and
//! overlays are containers, which are inventoried as images.

use std::path::{Path, PathBuf};

/// Types that are left out. Source: Linux, `Documentation/filesystems`; mountinfo's type field.
const LEFT_OUT: &[&str] = &[
    "autofs",
    "binfmt_misc",
    "bpf",
    "ceph",
    "cgroup",
    "cgroup2",
    "cifs",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "glusterfs",
    "hugetlbfs",
    "lustre",
    "mqueue",
    "nfs",
    "nfs4",
    "nsfs",
    "overlay",
    "proc",
    "pstore",
    "ramfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "smb3",
    "smbfs",
    "squashfs",
    "sysfs",
    "tmpfs",
    "tracefs",
];

/// The mount points below `root` that are left out. Where mounts cannot be listed, the folders of virtual file systems
/// are left out of a whole machine's root by name.
pub(crate) fn to_skip(root: &Path) -> Vec<PathBuf> {
    match std::fs::read_to_string("/proc/self/mountinfo") {
        Ok(text) => mount_points(&text, root),
        Err(_) if root.parent().is_none() => ["proc", "sys", "dev"]
            .iter()
            .map(|name| root.join(name))
            .collect(),
        Err(_) => Vec::new(),
    }
}

/// Source: proc_pid_mountinfo(5). Fields: id, parent, device, root, mount point, options, optional fields, `-`, type.
fn mount_points(text: &str, root: &Path) -> Vec<PathBuf> {
    text.lines()
        .filter_map(|line| {
            let (before, after) = line.split_once(" - ")?;
            let point = PathBuf::from(unescaped(before.split(' ').nth(4)?));
            let kind = after.split(' ').next()?;
            let left_out = LEFT_OUT.contains(&kind) || kind.starts_with("fuse");
            (left_out && point != root && point.starts_with(root)).then_some(point)
        })
        .collect()
}

/// Blanks and the like stand as `\040`.
fn unescaped(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut rest = field;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        match after
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok())
        {
            Some(byte) => {
                text.push(char::from(byte));
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                text.push('\\');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_remote_and_container_mounts_below_the_root_are_left_out() {
        let text = "\
22 1 0:20 / / rw - overlay overlay rw
23 22 0:21 / /proc rw,nosuid shared:5 - proc proc rw
24 22 8:1 / /home rw - ext4 /dev/sda1 rw
25 22 0:44 / /mnt/a\\040b rw - nfs4 server:/x rw
26 22 0:45 / /host/sys rw - sysfs sysfs rw
27 22 0:46 / /media/x rw - fuse.sshfs x rw
damaged line
";
        let all = mount_points(text, Path::new("/"));
        assert_eq!(
            all,
            ["/proc", "/mnt/a b", "/host/sys", "/media/x"].map(PathBuf::from)
        );
        assert_eq!(
            mount_points(text, Path::new("/host")),
            [PathBuf::from("/host/sys")]
        );
    }
}
