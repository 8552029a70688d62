//! From a commit to a stack: the checkout, its compose file, and what they say.

use berth_compose_templates::policy::Restrictions;
use berth_compose_templates::{
    Build, Complaint, Files as _, Folder, Loaded, Note, Places, Settings, Source as ComposeSource,
    StackContext, Variables, load,
};
use berth_domain::build::{Builder, Checkout, Image, Source};
use berth_domain::chain;
use berth_domain::cluster::Cluster;
use berth_domain::deployment::{Place, Reason};
use berth_domain::policy::Policy;
use berth_domain::stack::StackSpec;
use berth_github_app::Credentials;
use berth_store::deployments::Context;
use berth_store::github_apps;
use secrecy::SecretString;

use super::{Run, StepError};

/// Complaints that fit into a reason; the rest is counted.
const COMPLAINTS: usize = 10;

impl<C: Cluster, B: Builder> Run<'_, C, B> {
    pub(super) async fn fetch(&mut self) -> Result<String, StepError> {
        self.checkout().await?;
        let sha = &self.context.deployment.commit.sha;
        Ok(format!("commit {}", sha.get(..7).unwrap_or(sha)))
    }

    /// The commit's files, fetched where they are not at hand.
    pub(super) async fn checkout(&mut self) -> Result<Checkout, StepError> {
        if let Some(checkout) = &self.checkout {
            return Ok(checkout.clone());
        }
        let repository = &self.context.repository;
        let source = Source {
            clone_url: self.engine.github.clone_url(&repository.owner, &repository.name),
            sha: self.context.deployment.commit.sha.clone(),
            token: self.token().await?,
        };
        let checkout = self.engine.builder.fetch(&source).await?;
        self.checkout = Some(checkout.clone());
        Ok(checkout)
    }

    /// A token to read the repository with; none before there is an App.
    async fn token(&self) -> Result<Option<SecretString>, StepError> {
        let app = github_apps::get(&self.engine.pool, &self.engine.settings.seal_key).await?;
        let Some(app) = app else { return Ok(None) };
        let credentials = Credentials { app_id: app.public.app_id, private_key: app.private_key };
        let repository = &self.context.repository;
        let token = self
            .engine
            .github
            .app(credentials)
            .git_token(repository.installation, repository.id)
            .await;
        token.map(Some).map_err(|error| {
            if error.is_transient() {
                StepError::Away(chain(&error))
            } else {
                StepError::failed("github_refused", chain(&error))
            }
        })
    }

    /// The compose file, read and checked; or what is wrong with it.
    pub(super) async fn loaded(&mut self) -> Result<Loaded, StepError> {
        if let Some(loaded) = &self.loaded {
            return Ok(loaded.clone());
        }
        let checkout = self.checkout().await?;
        let variables = variables(&self.context, &self.stack.name.to_string());
        let path = self.context.deployment.compose_file.clone();
        let loaded = blocking(move || read(&checkout, &path, &variables)).await?;
        self.loaded = Some(loaded.clone());
        Ok(loaded)
    }

    /// What the compose file becomes with these images in it.
    pub(super) async fn stack_with(
        &mut self,
        images: &[(String, String)],
    ) -> Result<(StackSpec, Vec<Note>), StepError> {
        let loaded = self.loaded().await?;
        let context = self.stack_context(images);
        blocking(move || {
            loaded.to_stack(&context).map_err(|wrong| complaints("compose_invalid", &wrong))
        })
        .await
    }

    /// Where the compose file says what is in the stack.
    pub(super) async fn places(&mut self) -> Result<Places, StepError> {
        let loaded = self.loaded().await?;
        Ok(loaded.places(&self.stack_context(&[])))
    }

    fn stack_context(&self, images: &[(String, String)]) -> StackContext {
        let settings = &self.engine.settings;
        let deployment = &self.context.deployment;
        let restrictions = match deployment.policy {
            Policy::Trusted => None,
            Policy::Restricted => Some(Restrictions {
                host: Some(deployment.host.clone()),
                limits: settings.limits.clone(),
            }),
        };
        StackContext {
            stack: self.stack.name.clone(),
            images: images.iter().cloned().collect(),
            public_network: settings.public_network.clone(),
            entrypoints: settings.entrypoints.clone(),
            tls_entrypoints: settings.tls_entrypoints.clone(),
            bind_root: None,
            restrictions,
        }
    }

    /// What there is to build, once all else about the file is in order.
    pub(super) async fn checked(&mut self) -> Result<Vec<Build>, StepError> {
        let builds = self.loaded().await?.builds();
        // Any image will do to find out.
        let pending = |build: &Build| (build.service.clone(), "berth/pending:pending".to_owned());
        let pending: Vec<(String, String)> = builds.iter().map(pending).collect();
        self.stack_with(&pending).await?;
        Ok(builds)
    }

    /// The stack with the images that were built for it.
    pub(super) async fn rendered(
        &mut self,
    ) -> Result<(Vec<(String, Image)>, Vec<Note>, StackSpec), StepError> {
        // What is wrong with the file is said first: nothing was built then.
        self.checked().await?;
        let images = self.images().await?;
        let tags: Vec<(String, String)> =
            images.iter().map(|(service, image)| (service.clone(), image.tag.clone())).collect();
        let (spec, notes) = self.stack_with(&tags).await?;
        Ok((images, notes, spec))
    }
}

/// Reading files and YAML is work for a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StepError> + Send + 'static,
) -> Result<T, StepError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        tracing::error!(%error, "reading a compose file panicked");
        Err(StepError::failed("internal", "Berth failed to read the compose file; this is a bug"))
    })
}

fn read(checkout: &Checkout, path: &str, variables: &Variables) -> Result<Loaded, StepError> {
    let folder = Folder::checkout(&checkout.path);
    let wrong = |text: String| {
        let place = Some(Place { file: path.to_owned(), line: 1, column: 1 });
        StepError::Failed(Reason { code: "compose_missing".to_owned(), text, place })
    };
    let bytes = folder
        .read(path)
        .map_err(|error| wrong(format!("the compose file `{path}` cannot be read: {error}")))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| wrong(format!("the compose file `{path}` is not UTF-8")))?;
    let settings = Settings::default();
    let file = ComposeSource { path: path.to_owned(), text };
    load(&[file], &folder, variables, &settings)
        .map_err(|wrong| complaints("compose_invalid", &wrong))
}

/// A failure for all that is wrong with a compose file, with the first one's place.
pub(super) fn complaints(code: &str, wrong: &[Complaint]) -> StepError {
    let mut lines: Vec<String> = wrong.iter().take(COMPLAINTS).map(ToString::to_string).collect();
    if wrong.len() > COMPLAINTS {
        lines.push(format!("and {} more", wrong.len() - COMPLAINTS));
    }
    StepError::Failed(Reason {
        code: code.to_owned(),
        text: lines.join("\n"),
        place: wrong.iter().find_map(|it| it.place.clone()),
    })
}

/// What a compose file may refer to.
fn variables(context: &Context, stack: &str) -> Variables {
    let Context { deployment, environment, repository, .. } = context;
    let sha = &deployment.commit.sha;
    let git_ref = &deployment.git_ref;
    let short_ref = ["refs/heads/", "refs/tags/", "refs/"]
        .into_iter()
        .find_map(|prefix| git_ref.strip_prefix(prefix))
        .unwrap_or(git_ref);
    let pull_request = environment.preview.as_ref().map(|it| it.number.to_string());
    [
        ("BERTH_STACK", stack.to_owned()),
        ("BERTH_ENVIRONMENT", environment.name.clone()),
        ("BERTH_HOST", deployment.host.clone()),
        ("BERTH_SHA", sha.clone()),
        ("BERTH_SHORT_SHA", sha.get(..7).unwrap_or(sha).to_owned()),
        ("BERTH_REF", short_ref.to_owned()),
        ("BERTH_PULL_REQUEST", pull_request.unwrap_or_default()),
        ("BERTH_REPOSITORY", repository.full_name()),
        ("BERTH_DEPLOYMENT", deployment.number.to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
