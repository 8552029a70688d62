//! What the kernel can do that an engine on this machine runs on: the engine's API
//! tells none of it, and takes what can't work without a word.

use std::io::Read as _;
use std::path::Path;

use crate::Endpoint;

/// Far more than a kernel's configuration has.
const MAX_CONFIG: u64 = 4 << 20;

/// Whether the kernel has IPVS; [`None`] where the engine is elsewhere.
pub(crate) fn ipvs(endpoint: &Endpoint) -> Option<bool> {
    endpoint.is_local().then(|| has_ipvs(Path::new("/")))
}

/// Whether the kernel has IPsec's ESP; [`None`] where the engine is elsewhere, or
/// nothing here tells.
pub(crate) fn esp(endpoint: &Endpoint) -> Option<bool> {
    endpoint.is_local().then(|| has_esp(Path::new("/"))).flatten()
}

/// Whether the kernel under `root` has IPVS: loaded, built in, or as a module
/// that would be loaded when it is needed.
fn has_ipvs(root: &Path) -> bool {
    root.join("proc/net/ip_vs").exists()
        || root.join("sys/module/ip_vs").exists()
        || listed(root, "/ip_vs.ko").unwrap_or(false)
}

/// The same of ESP. In a container, the lists of modules are none of the kernel's, or
/// are not there: then what it was built with says, if it says.
fn has_esp(root: &Path) -> Option<bool> {
    if root.join("sys/module/esp4").exists() {
        return Some(true);
    }
    listed(root, "/esp4.ko").or_else(|| configured(root, "CONFIG_INET_ESP"))
}

fn release(root: &Path) -> Option<String> {
    let release = std::fs::read_to_string(root.join("proc/sys/kernel/osrelease")).ok()?;
    Some(release.trim().to_owned())
}

/// Whether a list of the kernel's modules has one; [`None`] where there is no list.
fn listed(root: &Path, module: &str) -> Option<bool> {
    let modules = root.join("lib/modules").join(release(root)?);
    let lists = ["modules.builtin", "modules.dep"]
        .map(|list| std::fs::read_to_string(modules.join(list)).ok());
    let read: Vec<&String> = lists.iter().flatten().collect();
    let has = |text: &&String| text.lines().any(|line| line.contains(module));
    (!read.is_empty()).then(|| read.iter().any(has))
}

/// Whether the kernel was built with something, or with a module of it; [`None`]
/// where it does not say what it was built with.
fn configured(root: &Path, option: &str) -> Option<bool> {
    let mut text = String::new();
    if let Ok(file) = std::fs::File::open(root.join("proc/config.gz")) {
        flate2::read::GzDecoder::new(file).take(MAX_CONFIG).read_to_string(&mut text).ok()?;
    } else {
        let path = root.join("boot").join(format!("config-{}", release(root)?));
        text = std::fs::read_to_string(path).ok()?;
    }
    let (built_in, module) = (format!("{option}=y"), format!("{option}=m"));
    (!text.is_empty()).then(|| text.lines().any(|line| line == built_in || line == module))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;

    use super::*;

    fn root() -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let modules = root.path().join("lib/modules/6.1.0");
        std::fs::create_dir_all(root.path().join("proc/sys/kernel")).unwrap();
        std::fs::write(root.path().join("proc/sys/kernel/osrelease"), "6.1.0\n").unwrap();
        (root, modules)
    }

    #[test]
    fn ipvs_is_found_loaded_or_as_a_module_and_missed_elsewhere() {
        let (root, modules) = root();
        assert!(!has_ipvs(root.path()));
        std::fs::create_dir_all(&modules).unwrap();
        let list = "kernel/net/netfilter/ipvs/ip_vs.ko.xz: kernel/lib/libcrc32c.ko\n";
        std::fs::write(modules.join("modules.dep"), list).unwrap();
        assert!(has_ipvs(root.path()));
    }

    #[test]
    fn esp_is_missing_only_where_something_says_so() {
        let (root, modules) = root();
        let root = root.path();
        assert_eq!(has_esp(root), None);

        let config = |text: &str| {
            let file = std::fs::File::create(root.join("proc/config.gz")).unwrap();
            let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            gz.write_all(text.as_bytes()).unwrap();
            gz.finish().unwrap();
        };
        config("CONFIG_INET=y\n# CONFIG_INET_ESP is not set\n");
        assert_eq!(has_esp(root), Some(false));
        config("CONFIG_INET_ESP_OFFLOAD=y\n");
        assert_eq!(has_esp(root), Some(false));
        config("CONFIG_INET_ESP=m\n");
        assert_eq!(has_esp(root), Some(true));

        std::fs::create_dir_all(&modules).unwrap();
        std::fs::write(modules.join("modules.builtin"), "kernel/net/ipv4/ipip.ko\n").unwrap();
        assert_eq!(has_esp(root), Some(false), "the list is of this kernel");
        std::fs::write(modules.join("modules.dep"), "kernel/net/ipv4/esp4.ko:\n").unwrap();
        assert_eq!(has_esp(root), Some(true));
    }
}
