//! The transport: requests out, answers in, and whose fault a failure was.

use std::sync::Arc;
use std::time::Duration;

use berth_domain::fail_point::{Effect, around};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::{BodyExt, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::service::middleware::extra_headers::ExtraHeadersLayer;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::app::{App, Credentials};
use crate::error::{Error, redact};
use crate::tokens::Tokens;
use crate::wire::{self, answer};

/// GitHub is far, but a handshake that takes longer will not come to anything.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Shorter than what GitHub keeps an unused connection for.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The whole of a call, redirects and body included.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// No answer that we ask for is near as large.
const ANSWER_MAX: usize = 32 * 1024 * 1024;

/// The version of the API that the types are written for.
const API_VERSION: &str = "2022-11-28";

/// How many hops a renamed repository may take.
const REDIRECTS_MAX: usize = 3;

/// Where GitHub is, and how we look to it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The API: `https://api.github.com`, or `https://host/api/v3`.
    pub api_url: Url,
    /// The site: `https://github.com`. Links for people and git start here.
    pub web_url: Url,
    /// What we call ourselves: `berth/<version>`. GitHub insists on it.
    pub user_agent: String,
    /// Where the time comes from: [`Utc::now`], but for tests.
    pub clock: fn() -> DateTime<Utc>,
}

/// A way to GitHub, with no authority of its own. Cheap to clone: the clones
/// share connections and tokens.
#[derive(Debug, Clone)]
pub struct Client {
    crab: Octocrab,
    pub(crate) tokens: Arc<Tokens>,
    settings: Arc<Settings>,
}

/// A request, less what every request has.
#[derive(Debug)]
pub(crate) struct Call {
    /// What we are doing, as a verb phrase, for errors.
    doing: &'static str,
    method: Method,
    /// From the API's root, with a leading slash.
    path: String,
    body: Option<String>,
    /// What it changes at GitHub.
    effect: Option<Effect>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Client {
    /// A client of the GitHub at `settings`. Call it within a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] where the addresses or the user agent can't be used.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let rejected =
            |message: String| Error::Rejected { doing: "set up the client", status: 0, message };
        let api: Uri = settings
            .api_url
            .as_str()
            .parse()
            .map_err(|_| rejected(format!("{} is no address", settings.api_url)))?;
        let user_agent = HeaderValue::from_str(&settings.user_agent)
            .map_err(|_| rejected("the user agent is no header value".to_owned()))?;
        let headers = vec![
            (header::USER_AGENT, user_agent),
            (header::ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
            (
                HeaderName::from_static("x-github-api-version"),
                HeaderValue::from_static(API_VERSION),
            ),
        ];

        // The provider is named, so that nothing depends on which of them the
        // build happened to enable, or on who installed one first.
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let tls = match HttpsConnectorBuilder::new().with_provider_and_native_roots(provider) {
            Ok(tls) => tls,
            // Without TLS there is nobody to trust.
            Err(_) if settings.api_url.scheme() == "http" => {
                HttpsConnectorBuilder::new().with_tls_config(trusting_nobody()?)
            }
            Err(err) => return Err(rejected(err.to_string())),
        };
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build::<_, OctoBody>(connector);
        let crab = OctocrabBuilder::new_empty()
            .with_service(http)
            .with_layer(&ExtraHeadersLayer::new(Arc::new(headers)))
            .with_layer(&BaseUriLayer::new(api))
            .with_auth(AuthState::None)
            .build()
            .unwrap_or_else(|never| match never {});
        Ok(Self { crab, tokens: Arc::default(), settings: Arc::new(settings) })
    }

    /// Where GitHub is, and how we look to it.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Acts as the App with these credentials.
    #[must_use]
    pub fn app(&self, credentials: Credentials) -> App {
        App::new(self.clone(), credentials)
    }

    /// Where git fetches a repository from; no credential is in it.
    #[must_use]
    pub fn clone_url(&self, owner: &str, name: &str) -> String {
        self.page(&["", owner, &format!("{name}.git")])
    }

    /// The page that makes an App from a posted manifest, in the user's own
    /// account or in an organisation.
    #[must_use]
    pub fn new_app_url(&self, organization: Option<&str>, state: &str) -> String {
        let page = match organization {
            Some(login) => self.page(&["organizations", login, "settings", "apps", "new"]),
            None => self.page(&["settings", "apps", "new"]),
        };
        format!("{page}?state={}", segment(state))
    }

    /// The page where a user installs the App `slug`.
    #[must_use]
    pub fn install_url(&self, slug: &str, state: &str) -> String {
        let page = self.page(&["apps", slug, "installations", "new"]);
        format!("{page}?state={}", segment(state))
    }

    fn page(&self, segments: &[&str]) -> String {
        let mut page = self.settings.web_url.as_str().trim_end_matches('/').to_owned();
        for text in segments.iter().filter(|text| !text.is_empty()) {
            page.push('/');
            page.push_str(&segment(text));
        }
        page
    }

    /// Exchanges the code of the manifest flow for the App, once.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the code is used up or an hour old.
    pub async fn convert_manifest(&self, code: &str) -> Result<wire::NewApp, Error> {
        let path = format!("/app-manifests/{}/conversions", segment(code));
        let call = Call::post(Effect::CreateApp, "create the App from its manifest", &path);
        self.answer::<answer::NewApp>(&call, None).await.map(Into::into)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.settings.clock)()
    }

    /// Carries out `call` and reads the answer.
    pub(crate) async fn answer<T: DeserializeOwned>(
        &self,
        call: &Call,
        bearer: Option<&SecretString>,
    ) -> Result<T, Error> {
        let answer = self.send(call, bearer).await?;
        read(call, &answer)
    }

    /// Carries out `call`, whose answer says nothing.
    pub(crate) async fn done(
        &self,
        call: &Call,
        bearer: Option<&SecretString>,
    ) -> Result<(), Error> {
        self.send(call, bearer).await.map(drop)
    }

    /// Carries out `call`, and reads the answer and the next page's path.
    pub(crate) async fn page_of<T: DeserializeOwned>(
        &self,
        call: &Call,
        bearer: Option<&SecretString>,
    ) -> Result<(T, Option<String>), Error> {
        let answer = self.send(call, bearer).await?;
        let next = next_page(&answer.headers);
        read(call, &answer).map(|page| (page, next))
    }

    async fn send(&self, call: &Call, bearer: Option<&SecretString>) -> Result<Answer, Error> {
        match call.effect {
            Some(effect) => around(effect, self.sent(call, bearer)).await,
            None => self.sent(call, bearer).await,
        }
    }

    async fn sent(&self, call: &Call, bearer: Option<&SecretString>) -> Result<Answer, Error> {
        let whole = async {
            let mut path = call.path.clone();
            for _ in 0..=REDIRECTS_MAX {
                let answer = self.send_once(call, &path, bearer).await?;
                let Some(moved) = self.moved_to(&answer) else { return Ok(answer) };
                path = moved;
            }
            Err(call.unavailable("it keeps redirecting us".to_owned()))
        };
        let answer = tokio::time::timeout(CALL_TIMEOUT, whole).await.unwrap_or_else(|_| {
            Err(call.unavailable(format!("nothing for {} s", CALL_TIMEOUT.as_secs())))
        })?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(failure::of(call.doing, &answer, self.now()))
        }
    }

    async fn send_once(
        &self,
        call: &Call,
        path: &str,
        bearer: Option<&SecretString>,
    ) -> Result<Answer, Error> {
        let mut request = http::Request::builder().method(call.method.clone()).uri(path);
        if let Some(token) = bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
                .map_err(|_| call.unavailable("the token is no header value".to_owned()))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = match &call.body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(OctoBody::from(body.clone())),
            // GitHub insists on a length where there might be a body.
            None => request.header(header::CONTENT_LENGTH, "0").body(OctoBody::empty()),
        }
        .map_err(|err| call.unavailable(err.to_string()))?;
        let response = self
            .crab
            .send(request)
            .await
            .map_err(|err| call.unavailable(redact(&berth_domain::chain(&err))))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_MAX)
            .collect()
            .await
            .map_err(|err| call.unavailable(redact(&err.to_string())))?
            .to_bytes();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    /// Where a renamed repository's call went, if it is still the same GitHub:
    /// nobody else gets our credential.
    fn moved_to(&self, answer: &Answer) -> Option<String> {
        if !matches!(answer.status.as_u16(), 301 | 302 | 307 | 308) {
            return None;
        }
        let location = answer.headers.get(header::LOCATION)?.to_str().ok()?;
        let target = self.settings.api_url.join(location).ok()?;
        (target.origin() == self.settings.api_url.origin()).then(|| path_of(&target))
    }
}

impl Call {
    pub(crate) fn get(doing: &'static str, path: &str) -> Self {
        Self { doing, method: Method::GET, path: path.to_owned(), body: None, effect: None }
    }

    pub(crate) fn post(effect: Effect, doing: &'static str, path: &str) -> Self {
        let effect = Some(effect);
        Self { doing, method: Method::POST, path: path.to_owned(), body: None, effect }
    }

    pub(crate) fn patch(effect: Effect, doing: &'static str, path: &str) -> Self {
        let effect = Some(effect);
        Self { doing, method: Method::PATCH, path: path.to_owned(), body: None, effect }
    }

    /// With `body` as JSON.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let text = serde_json::to_string(body).map_err(|err| Error::Rejected {
            doing: self.doing,
            status: 0,
            message: err.to_string(),
        })?;
        self.body = Some(text);
        Ok(self)
    }

    pub(crate) fn unauthorized(&self, message: String) -> Error {
        Error::Unauthorized { doing: self.doing, message }
    }

    fn unavailable(&self, message: String) -> Error {
        Error::Unavailable { doing: self.doing, message }
    }
}

fn trusting_nobody() -> Result<rustls::ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map(|config| {
            config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
        })
        .map_err(|err| Error::Rejected {
            doing: "set up the client",
            status: 0,
            message: err.to_string(),
        })
}

/// `text` as one segment of a path, or one value of a query.
pub(crate) fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

fn read<T: DeserializeOwned>(call: &Call, answer: &Answer) -> Result<T, Error> {
    // Where the JSON is not what we expect, its words stay out of the message:
    // some answers are tokens.
    serde_json::from_slice(&answer.body).map_err(|err| {
        let (line, column) = (err.line(), err.column());
        let kind = if err.is_data() { "an answer we do not understand" } else { "no JSON" };
        call.unavailable(format!("it gave {kind}, at line {line}, column {column}"))
    })
}

/// The path of the `Link` header's next page: without the host, so that the
/// credential goes nowhere else.
fn next_page(headers: &HeaderMap) -> Option<String> {
    let links = headers.get(header::LINK)?.to_str().ok()?;
    let link = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let url = link.trim().strip_prefix('<')?.split_once('>')?.0;
    Url::parse(url).ok().map(|url| path_of(&url))
}

fn path_of(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

mod failure;

#[cfg(test)]
mod tests;
