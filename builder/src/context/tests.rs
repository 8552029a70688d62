//! What goes into a build, and what its hash depends on.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};

use berth_domain::build::BuildContext;
use berth_domain::ids::StackName;
use tempfile::TempDir;

use super::*;

fn request(context: &str, dockerfile: &str) -> BuildRequest {
    BuildRequest {
        stack: StackName::parse("shop").unwrap(),
        service: "web".to_owned(),
        context: BuildContext::Folder(context.to_owned()),
        dockerfile: dockerfile.to_owned(),
        args: BTreeMap::new(),
        target: None,
        labels: BTreeMap::new(),
    }
}

fn checkout(files: &[(&str, &str)]) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    home
}

fn read(checkout: &Path, request: &BuildRequest) -> Result<Context, ContextError> {
    let BuildContext::Folder(folder) = &request.context else { panic!("it is no folder") };
    Context::read(checkout, folder, request)
}

fn hash(home: &TempDir, request: &BuildRequest) -> String {
    read(home.path(), request).unwrap().hash
}

fn listed(context: &Context) -> Vec<String> {
    let mut bytes = Vec::new();
    context.write_tar(&mut bytes).unwrap();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let entries = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        let path = entry.path().unwrap().display().to_string();
        let target = entry.link_name().unwrap().map(|it| format!(" -> {}", it.display()));
        format!("{:o} {path}{}", header.mode().unwrap(), target.unwrap_or_default())
    });
    entries.collect()
}

#[test]
fn a_context_is_its_files_less_the_ignored() {
    let home = checkout(&[
        ("web/Dockerfile", "FROM scratch"),
        ("web/.dockerignore", "**/*.md\nDockerfile\nnode_modules\n!node_modules/keep\n"),
        ("web/README.md", "x"),
        ("web/src/main.c", "x"),
        ("web/src/notes.md", "x"),
        ("web/node_modules/lost", "x"),
        ("web/node_modules/keep", "x"),
        ("web/run.sh", "x"),
        ("api/Dockerfile", "not here"),
    ]);
    let run = home.path().join("web/run.sh");
    std::fs::set_permissions(run, std::fs::Permissions::from_mode(0o700)).unwrap();
    symlink("/etc/passwd", home.path().join("web/link")).unwrap();
    let context = read(home.path(), &request("./web", "")).unwrap();
    insta::assert_snapshot!(listed(&context).join("\n"), @"
    644 .dockerignore
    644 Dockerfile
    777 link -> /etc/passwd
    644 node_modules/keep
    755 run.sh
    755 src
    644 src/main.c
    ");
}

#[test]
fn the_hash_is_of_what_matters_and_of_nothing_else() {
    let files =
        [("Dockerfile", "FROM scratch"), ("a", "1"), ("b/c", "2"), (".dockerignore", "log")];
    let plain = request(".", "Dockerfile");
    let first = checkout(&files);
    let base = hash(&first, &plain);

    // Another place, another time, another ignored file.
    let same = checkout(&files);
    std::fs::write(same.path().join("log"), "noise").unwrap();
    assert_eq!(hash(&same, &plain), base);
    let mut labelled = request("", "./b/../Dockerfile");
    labelled.labels.insert("a".to_owned(), "b".to_owned());
    assert_eq!(hash(&same, &labelled), base);

    let mut args = plain.clone();
    args.args.insert("COMMIT".to_owned(), "1".to_owned());
    let mut target = plain.clone();
    target.target = Some("test".to_owned());
    let content = checkout(&[files[0], ("a", "9"), files[2], files[3]]);
    let name = checkout(&[files[0], ("A", "1"), files[2], files[3]]);
    let moved = checkout(&[files[0], ("a", "12"), ("b/c", ""), files[3]]);
    let mode = checkout(&files);
    std::fs::set_permissions(mode.path().join("a"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    let hashes = [
        hash(&first, &args),
        hash(&first, &target),
        hash(&first, &request(".", "a")),
        hash(&content, &plain),
        hash(&name, &plain),
        hash(&moved, &plain),
        hash(&mode, &plain),
        base,
    ];
    let different: std::collections::BTreeSet<&String> = hashes.iter().collect();
    assert_eq!(different.len(), hashes.len(), "{hashes:?}");
}

#[test]
fn the_dockerfile_may_have_an_ignore_file_of_its_own() {
    let home = checkout(&[
        ("deploy/web.Dockerfile", "FROM scratch"),
        ("deploy/web.Dockerfile.dockerignore", "*\n!src"),
        (".dockerignore", "src"),
        ("src/a", "x"),
        ("b", "x"),
    ]);
    let context = read(home.path(), &request(".", "deploy/web.Dockerfile")).unwrap();
    assert_eq!(context.dockerfile, "deploy/web.Dockerfile");
    insta::assert_snapshot!(listed(&context).join("\n"), @"
    755 deploy
    644 deploy/web.Dockerfile
    755 src
    644 src/a
    ");
}

#[test]
fn nothing_outside_the_checkout_is_read() {
    let home = checkout(&[
        ("secret", "x"),
        ("Dockerfile", "FROM scratch"),
        ("repository/web/Dockerfile", "FROM scratch"),
        ("repository/file", "x"),
    ]);
    let root = home.path().join("repository");
    symlink("..", root.join("up")).unwrap();
    symlink("../../secret", root.join("web/Dockerfile.link")).unwrap();
    std::fs::create_dir(root.join("ignored")).unwrap();
    std::fs::write(root.join("ignored/Dockerfile"), "FROM scratch").unwrap();
    symlink("../../secret", root.join("ignored/.dockerignore")).unwrap();

    let refusals = [
        ("..", "Dockerfile"),
        ("../..", "Dockerfile"),
        ("/etc", "passwd"),
        ("up", "Dockerfile"),
        ("web", "../../Dockerfile"),
        ("web", "/etc/passwd"),
        ("web", "Dockerfile.link"),
        ("ignored", "Dockerfile"),
        ("nowhere", "Dockerfile"),
        ("file", "Dockerfile"),
        ("web", "nowhere"),
        ("web", "."),
    ]
    .map(|(context, dockerfile)| {
        read(&root, &request(context, dockerfile)).unwrap_err().to_string()
    });
    insta::assert_snapshot!(refusals.join("\n"), @"
    the build context: `..` leads outside
    the build context: `../..` leads outside
    the build context: `/etc` leads outside
    the build context: `up` leads outside
    the Dockerfile: `../../Dockerfile` leads outside
    the Dockerfile: `/etc/passwd` leads outside
    the Dockerfile: `Dockerfile.link` leads outside
    the .dockerignore: `.dockerignore` leads outside
    the build context: `nowhere` does not exist
    the build context `file` is no folder
    the Dockerfile: `nowhere` does not exist
    the Dockerfile `.` is no file
    ");
}
