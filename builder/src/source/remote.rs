//! Contexts of builds that are other people's repositories: `https` and without
//! a credential, at the commit that the name stands for now.

use berth_domain::build::{BuildError, BuildLog, Checkout, RemoteContext, Source};

use super::{Sources, failure, is_sha};
use crate::git::{GitError, Remote, Run};

impl Sources {
    /// Brings the files of a context here, for the build of `service`, and tells
    /// its log which commit that was.
    pub(crate) async fn fetch_remote(
        &self,
        context: &RemoteContext,
        service: &str,
        log: &dyn BuildLog,
    ) -> Result<Checkout, BuildError> {
        let failed = |message: String| BuildError::Failed {
            service: service.to_owned(),
            message: format!("the context {context} can't be fetched: {message}"),
        };
        // It is the build that fails, not the deployment's own source.
        let told = |err: BuildError| match err {
            BuildError::Source { message, .. } => failed(message),
            BuildError::Failed { .. } | BuildError::Unavailable { .. } => err,
        };
        let remote = Remote::parse(context.url(), None, self.git.local)
            .map_err(|err| failed(err.to_string()))?;
        let sha = match context.reference() {
            Some(sha) if is_sha(sha) => sha.to_owned(),
            reference => {
                let found = self.look_up(&remote, reference).await;
                let found = found.map_err(|err| told(failure("", &err)))?;
                let name = reference.unwrap_or("HEAD");
                found.ok_or_else(|| failed(format!("it has no branch or tag `{name}`")))?
            }
        };
        log.line(service, &format!("the context is {context} at commit {sha}"));
        let source = Source { clone_url: context.url().to_owned(), sha, token: None };
        let checkout = self.fetch(&source).await.map_err(told)?;
        if super::exists(&checkout.path.join(".gitmodules")).await {
            log.line(service, "the context has submodules, which are not fetched");
        }
        Ok(checkout)
    }

    /// The commit that a branch, or else a tag, stands for; where nothing is
    /// named, that of the default branch. [`None`] where there is none.
    async fn look_up(
        &self,
        remote: &Remote,
        reference: Option<&str>,
    ) -> Result<Option<String>, GitError> {
        // The order in which BuildKit decides; a tag may be an object of its own,
        // which `^{}` looks through.
        let names = match reference {
            None => vec!["HEAD".to_owned()],
            Some(full) if full.starts_with("refs/") => {
                vec![format!("{full}^{{}}"), full.to_owned()]
            }
            Some(name) => vec![
                format!("refs/heads/{name}"),
                format!("refs/tags/{name}^{{}}"),
                format!("refs/tags/{name}"),
            ],
        };
        let mut args = vec!["ls-remote", "--quiet", "--", remote.url()];
        args.extend(names.iter().map(String::as_str));
        // There is no clone yet, and one that our folder lies in has no say.
        let above = self.clones.parent().unwrap_or(&self.clones);
        let variables = [("GIT_CEILING_DIRECTORIES", above)];
        let run = Run::new(&self.clones, &args).with_remote(remote).with_variables(&variables);
        let out = self.git.run(&run).await?;
        let out = String::from_utf8_lossy(&out);
        // Git matches the ends of names, too: `a/refs/heads/main` is another.
        let lines: Vec<(&str, &str)> = out.lines().filter_map(|it| it.split_once('\t')).collect();
        let sha = names.iter().find_map(|name| lines.iter().find(|(_, found)| found == name));
        Ok(sha.map(|(sha, _)| (*sha).to_owned()).filter(|sha| is_sha(sha)))
    }
}
