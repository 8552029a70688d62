//! From an occasion to deployments: what every rule makes of it, and what comes
//! of those that match.
//!
//! Two halves. [`consider`] asks git and writes nothing; [`carry_out`] writes in
//! a transaction of the caller's and asks nobody.

use std::collections::BTreeMap;

use berth_compose_templates::render::{Names, render_environment, render_host};
use berth_domain::build::{BuildError, Builder, Source};
use berth_domain::ids::{DeploymentId, RuleId, StackId};
use berth_domain::rule::{self, Changes, Event, Rule};
use berth_github_app::Error as GithubError;
use berth_github_app::webhook::meaning::Head;
use berth_store::deliveries::{self, RuleDecision};
use berth_store::deployments::{self, Commit, Deployment, NewDeployment, Trigger};
use berth_store::environments::{self, NewEnvironment, PullRequest};
use berth_store::leases::Guarded;
use berth_store::repositories::Repository;
use berth_store::{Error, Pool, rules, stacks};
use chrono::{DateTime, Utc};

use super::Trouble;
use super::names;
use crate::tasks::Deps;
use crate::tasks::previews::client;

/// Something that may lead to deployments.
#[derive(Debug, Clone)]
pub(crate) struct Occasion<'a> {
    /// Where.
    pub(crate) repository: &'a Repository,
    /// What happened, as rules see it.
    pub(crate) event: Event,
    /// What happened, as a deployment remembers it.
    pub(crate) trigger: Trigger,
    /// What happened, in words: `ann pushed to main`.
    pub(crate) happened: String,
    /// What templates speak of.
    pub(crate) head: Head,
    /// What would be deployed.
    pub(crate) commit: Commit,
    /// Its ref, in full.
    pub(crate) git_ref: String,
    /// Where the event tells: the commit that was there before.
    pub(crate) before: Option<&'a str>,
    /// What GitHub says that the ref is at, where that was asked.
    pub(crate) tip: Option<String>,
    /// The pull request that it is of.
    pub(crate) preview: Option<PullRequest>,
    /// The delivery that told of it: its id, and when it came.
    pub(crate) delivery: Option<(&'a str, DateTime<Utc>)>,
}

/// What one rule makes of an occasion.
#[derive(Debug, Clone)]
pub(crate) struct Considered {
    rule: Rule,
    reason: String,
    target: Option<Target>,
}

/// Where a match deploys to.
#[derive(Debug, Clone)]
struct Target {
    environment: String,
    host: String,
}

impl Considered {
    /// Whether it deploys.
    pub(crate) const fn matched(&self) -> bool {
        self.target.is_some()
    }

    /// Whether it deploys a commit that was never brought to its environment,
    /// nor tried.
    pub(crate) async fn is_new(
        &self,
        pool: &Pool,
        occasion: &Occasion<'_>,
    ) -> Result<bool, Trouble> {
        let Some(target) = &self.target else { return Ok(false) };
        let place = (occasion.repository.id, target.environment.as_str());
        Ok(!deployments::was_tried(pool, place, &occasion.commit.sha).await?)
    }

    /// Whether what it deploys comes right after what is deployed there, or is the first.
    async fn follows(&self, pool: &Pool, occasion: &Occasion<'_>) -> Result<bool, Trouble> {
        let Some(target) = &self.target else { return Ok(true) };
        let repository = occasion.repository.id;
        let environment = environments::open_by_name(pool, repository, &target.environment).await?;
        let all = stacks::of_repository(pool, repository).await?;
        let Some((stack, _)) = all.into_iter().find(|(_, of)| Some(*of) == environment) else {
            return Ok(true);
        };
        let newest = deployments::newest(pool, stack).await?.map(|it| it.commit.sha);
        Ok(newest.is_none_or(|sha| sha == occasion.commit.sha || Some(&*sha) == occasion.before))
    }

    /// As a decision that deploys nothing, for the reason that it has.
    pub(crate) fn unmatched(self) -> RuleDecision {
        let reason = self.reason.clone();
        self.refused(reason)
    }

    /// As a decision that deploys nothing, for this reason.
    pub(crate) fn refused(self, reason: String) -> RuleDecision {
        RuleDecision {
            rule: self.rule.id,
            rule_name: self.rule.name,
            matched: false,
            reason,
            deployment: None,
        }
    }
}

/// Asks every rule of the repository, and git where a rule asks for paths.
pub(crate) async fn consider<B: Builder>(
    deps: &Deps<B>,
    occasion: &Occasion<'_>,
) -> Result<Vec<Considered>, Trouble> {
    let rules = rules::of_repository(&deps.pool, occasion.repository.id).await?;
    let mut considered = Vec::with_capacity(rules.len());
    for stored in rules {
        considered.push(consider_one(deps, occasion, stored.rule).await?);
    }
    Ok(considered)
}

/// What a branch is at by GitHub's word. Only asked for where a match does not
/// come right after what is deployed: then pushes were left out by a rule, or
/// came in another order than they happened. Nothing is asked of a tag: of those
/// that move, the one received last counts.
pub(crate) async fn tip<B: Builder>(
    deps: &Deps<B>,
    occasion: &Occasion<'_>,
    considered: &[Considered],
) -> Result<Option<String>, Trouble> {
    let Some(branch) = occasion.git_ref.strip_prefix("refs/heads/") else { return Ok(None) };
    let mut follow = true;
    for it in considered {
        follow &= it.follows(&deps.pool, occasion).await?;
    }
    if follow {
        return Ok(None);
    }
    let Some(app) = deps.app().await? else { return Ok(None) };
    match client(&app, occasion.repository).branch(branch).await {
        Ok(commit) => Ok(Some(commit.sha)),
        // It was deleted.
        Err(GithubError::NotFound { .. }) => Ok(None),
        Err(err) => Err(err.into()),
    }
}

async fn consider_one<B: Builder>(
    deps: &Deps<B>,
    occasion: &Occasion<'_>,
    rule: Rule,
) -> Result<Considered, Trouble> {
    let rules = std::slice::from_ref(&rule);
    let verdict = |changes: &Changes| {
        let decision = rule::decide(&occasion.event, changes, rules).pop();
        decision.map_or((false, String::new()), |it| (it.matched, it.reason))
    };
    let (matched, reason) = verdict(&Changes::Unknown);
    if !matched {
        return Ok(Considered { reason, target: None, rule });
    }
    let target = match target(occasion, &rule) {
        Ok(target) => target,
        Err(reason) => return Ok(Considered { reason, target: None, rule }),
    };
    let (matched, reason) = if rule::asks_for_changes(&occasion.event, rules) {
        verdict(&changes(deps, occasion, &target.environment).await?)
    } else {
        (matched, reason)
    };
    Ok(Considered { reason, target: matched.then_some(target), rule })
}

/// The environment's name and host, or why the rule's templates give none.
fn target(occasion: &Occasion<'_>, rule: &Rule) -> Result<Target, String> {
    let names = names::names(occasion.repository, &occasion.head);
    let environment = render_environment(&rule.environment, &names)
        .map_err(|err| format!("the rule's environment is wrong: {}", err.message))?;
    let named = Names { environment: Some(&environment), ..names };
    let host = render_host(&rule.host, &named)
        .map_err(|err| format!("the rule's host is wrong: {}", err.message))?;
    Ok(Target { environment, host })
}

/// What changed since the environment's last deployment that succeeded.
async fn changes<B: Builder>(
    deps: &Deps<B>,
    occasion: &Occasion<'_>,
    environment: &str,
) -> Result<Changes, Trouble> {
    let repository = occasion.repository;
    let Some(id) = environments::open_by_name(&deps.pool, repository.id, environment).await? else {
        return Ok(Changes::Unknown);
    };
    let Some(base) = deployments::last_succeeded_sha(&deps.pool, id).await? else {
        return Ok(Changes::Unknown);
    };
    let token = match deps.app().await? {
        Some(app) => Some(app.git_token(repository.installation, repository.id).await?),
        None => None,
    };
    let source = Source {
        clone_url: deps.github.clone_url(&repository.owner, &repository.name),
        sha: occasion.commit.sha.clone(),
        token,
    };
    match deps.builder.changes(&source, &base).await {
        Ok(changes) => Ok(changes),
        Err(err @ BuildError::Unavailable { .. }) => Err(Trouble::Later(err.to_string())),
        // History was rewritten, or the like: it counts as changed.
        Err(BuildError::Source { .. } | BuildError::Failed { .. }) => Ok(Changes::Unknown),
    }
}

/// Makes the deployments that `considered` leads to, and says what came of each
/// rule.
pub(crate) async fn carry_out(
    db: &mut Guarded,
    occasion: &Occasion<'_>,
    considered: Vec<Considered>,
) -> Result<Vec<RuleDecision>, Trouble> {
    let mut decisions = Vec::with_capacity(considered.len());
    let mut taken: BTreeMap<StackId, (DeploymentId, String)> = BTreeMap::new();
    for it in considered {
        let Considered { rule, reason, target } = it;
        let decision = |matched, reason, deployment| RuleDecision {
            rule: rule.id,
            rule_name: rule.name.clone(),
            matched,
            reason,
            deployment,
        };
        let Some(target) = target else {
            decisions.push(decision(false, reason, None));
            continue;
        };
        let stack = match stack(db, occasion, &rule, &target).await? {
            Ok(stack) => stack,
            Err(why) => {
                decisions.push(decision(false, why, None));
                continue;
            }
        };
        if let Some((id, by)) = taken.get(&stack) {
            let why = format!("{reason}; rule `{by}` deploys it to `{}`", target.environment);
            decisions.push(decision(true, why, Some(*id)));
            continue;
        }
        let new = deployment(occasion, &rule, &reason, (stack, &target));
        let (id, why) = match there(db, occasion, (&new, &target)).await? {
            There::Newer(id, why) => (id, format!("{reason}; {why}")),
            There::Same(id) => (id, format!("{reason}; it is deployed already")),
            There::Nothing => (deployments::create(db, &new).await?.id, reason),
        };
        taken.insert(stack, (id, rule.name.clone()));
        decisions.push(decision(true, why, Some(id)));
    }
    Ok(decisions)
}

/// The stack to deploy to, made where there is none, or why there can be none.
async fn stack(
    db: &mut Guarded,
    occasion: &Occasion<'_>,
    rule: &Rule,
    target: &Target,
) -> Result<Result<StackId, String>, Trouble> {
    let new = NewEnvironment {
        repository: occasion.repository.id,
        name: target.environment.clone(),
        preview: occasion.preview.clone(),
        host: target.host.clone(),
        on_registry_failure: rule.on_registry_failure,
    };
    let environment = match environments::ensure(db, &new).await {
        Ok(environment) => environment,
        Err(Error::Conflict { .. }) => {
            return Ok(Err(format!(
                "the environment `{}` belongs to something else; give the rule a name with \
                 `{{{{number}}}}` or `{{{{branch}}}}` in it",
                target.environment
            )));
        }
        Err(err) => return Err(err.into()),
    };
    let names = names::stack_names(occasion.repository, &target.environment);
    match stacks::ensure(db, environment.id, &names).await {
        Ok(stack) => Ok(Ok(stack.id)),
        Err(Error::Taken { .. }) => {
            Ok(Err(format!("every name for a stack of `{}` is taken", target.environment)))
        }
        Err(Error::Conflict { .. }) => Err(Trouble::Later(format!(
            "the former stack of `{}` is still being removed",
            target.environment
        ))),
        Err(err) => Err(err.into()),
    }
}

fn deployment(
    occasion: &Occasion<'_>,
    rule: &Rule,
    reason: &str,
    (stack, target): (StackId, &Target),
) -> NewDeployment {
    let rule_of: (RuleId, String) = (rule.id, rule.name.clone());
    NewDeployment {
        stack,
        trigger: occasion.trigger,
        delivery: occasion.delivery.map(|(id, _)| id.to_owned()),
        rule: Some(rule_of),
        why: format!("{}: {reason}", occasion.happened),
        commit: occasion.commit.clone(),
        git_ref: occasion.git_ref.clone(),
        compose_file: rule.compose_file.clone(),
        host: target.host.clone(),
        policy: rule.policy,
        requested_by: None,
    }
}

/// What is there already.
enum There {
    /// Nothing that stands in the way.
    Nothing,
    /// The same: deploying it again would change nothing.
    Same(DeploymentId),
    /// Something newer, in these words.
    Newer(DeploymentId, String),
}

/// Whether the stack's newest deployment makes `new` needless. Deliveries need
/// not come in the order of what they tell, and one may have been put off.
async fn there(
    db: &mut Guarded,
    occasion: &Occasion<'_>,
    (new, target): (&NewDeployment, &Target),
) -> Result<There, Trouble> {
    let Some(newest) = deployments::newest(&mut **db, new.stack).await? else {
        return Ok(There::Nothing);
    };
    if is_same(&newest, new) {
        return Ok(There::Same(newest.id));
    }
    let place = (occasion.repository.id, target.environment.as_str());
    // GitHub may be a moment behind its own event: what was there before proves nothing.
    if let Some(tip) = &occasion.tip
        && *tip != new.commit.sha
        && Some(tip.as_str()) != occasion.before
        && deployments::was_tried(&mut **db, place, tip).await?
    {
        let short = tip.get(..7).unwrap_or(tip);
        let why = format!("by now it is at {short}, which came after it and was deployed here");
        return Ok(There::Newer(newest.id, why));
    }
    let Some((id, received_at)) = occasion.delivery else { return Ok(There::Nothing) };
    let Some(other) = newest.delivery.as_deref().filter(|other| *other != id) else {
        return Ok(There::Nothing);
    };
    let other = deliveries::get(db, other).await?;
    if other.received_at > received_at {
        let why = format!("deployment {} is of a newer delivery", newest.number);
        return Ok(There::Newer(newest.id, why));
    }
    Ok(There::Nothing)
}

fn is_same(newest: &Deployment, new: &NewDeployment) -> bool {
    use berth_domain::deployment::Phase;
    (!newest.phase.is_over() || newest.phase == Phase::Succeeded)
        && newest.cancel_requested_at.is_none()
        && newest.commit.sha == new.commit.sha
        && newest.git_ref == new.git_ref
        && newest.compose_file == new.compose_file
        && newest.host == new.host
        && newest.policy == new.policy
}
