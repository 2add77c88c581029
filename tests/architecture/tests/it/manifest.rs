//! The dependency tables of a Cargo.toml, read as text.

use crate::tree::Tree;

/// One line of a dependency table.
pub(crate) struct Dependency {
    pub(crate) line: usize,
    /// The crate's name in the registry, whatever it is called here.
    pub(crate) package: String,
    /// The name by which the code calls it.
    pub(crate) name: String,
    /// Takes its version from the root's `[workspace.dependencies]`.
    pub(crate) from_workspace: bool,
}

pub(crate) struct Manifest<'t> {
    pub(crate) path: &'t str,
    /// The package's name; empty for the root.
    pub(crate) package: String,
    pub(crate) dependencies: Vec<Dependency>,
}

impl Manifest<'_> {
    /// The folder that it stands in, with a slash at the end; empty for the root.
    pub(crate) fn folder(&self) -> &str {
        self.path.trim_end_matches("Cargo.toml")
    }

    pub(crate) fn needs(&self, package: &str) -> Option<&Dependency> {
        self.dependencies.iter().find(|dependency| dependency.package == package)
    }
}

/// Every Cargo.toml of the tree.
pub(crate) fn all(tree: &Tree) -> Vec<Manifest<'_>> {
    tree.files()
        .filter(|(path, _)| *path == "Cargo.toml" || path.ends_with("/Cargo.toml"))
        .map(|(path, text)| read(path, text))
        .collect()
}

fn read<'t>(path: &'t str, text: &str) -> Manifest<'t> {
    let mut manifest = Manifest { path, package: String::new(), dependencies: Vec::new() };
    let mut section = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            header.trim_end_matches(']').clone_into(&mut section);
            if let Some((table, name)) = section.rsplit_once('.')
                && is_dependencies(table)
            {
                manifest.dependencies.push(dependency(index + 1, name, ""));
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let (key, value) = (key.trim(), value.trim());
        if section == "package" && key == "name" {
            value.trim_matches('"').clone_into(&mut manifest.package);
        } else if is_dependencies(&section) && !line.starts_with('#') {
            manifest.dependencies.push(dependency(index + 1, key, value));
        }
    }
    manifest
}

fn is_dependencies(section: &str) -> bool {
    section.rsplit('.').next().is_some_and(|last| {
        ["dependencies", "dev-dependencies", "build-dependencies"].contains(&last)
    })
}

fn dependency(line: usize, key: &str, value: &str) -> Dependency {
    let name = key.split('.').next().unwrap_or(key).trim_matches('"');
    let package = value
        .split_once("package")
        .and_then(|(_, rest)| rest.split('"').nth(1))
        .unwrap_or(name)
        .to_owned();
    let from_workspace = key.ends_with(".workspace") || value.contains("workspace = true");
    Dependency { line, package, name: name.replace('-', "_"), from_workspace }
}

#[test]
fn tables_renames_and_targets_are_read() {
    let tree = Tree::of(&[(
        "core/Cargo.toml",
        "[package]\nname = \"fieldline-core\"\n[dependencies]\nlog.workspace = true\nsql = { package = \"rusqlite\", version = \"1\" }\n\
         [dev-dependencies.proptest]\nversion = \"1\"\n[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n[lints]\nworkspace = true\n",
    )]);
    let manifests = all(&tree);
    let found: Vec<(usize, &str, bool)> = manifests[0]
        .dependencies
        .iter()
        .map(|d| (d.line, d.package.as_str(), d.from_workspace))
        .collect();
    assert_eq!(
        found,
        [(4, "log", true), (5, "rusqlite", false), (6, "proptest", false), (9, "libc", false)]
    );
    assert_eq!(manifests[0].package, "fieldline-core");
    assert_eq!(manifests[0].folder(), "core/");
}
