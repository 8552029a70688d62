#!/usr/bin/env node
// Cuts the operations and webhooks that the simulator speaks out of GitHub's
// own OpenAPI description, with everything they refer to, into `github.json`.
//
// Run it after changing the lists below or the version: `node update.mjs`.
// The package is 30 MB and is fetched into a temporary directory; only the cut
// is kept in the repository.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = "@octokit/openapi";
const VERSION = "23.0.2";
const FILE = "package/generated/api.github.com.json";

const OPERATIONS = [
  "apps/create-from-manifest",
  "apps/create-installation-access-token",
  "apps/delete-installation",
  "apps/get-authenticated",
  "apps/get-by-slug",
  "apps/get-installation",
  "apps/get-repo-installation",
  "apps/get-webhook-config-for-app",
  "apps/get-webhook-delivery",
  "apps/list-installations",
  "apps/list-repos-accessible-to-installation",
  "apps/list-webhook-deliveries",
  "apps/redeliver-webhook-delivery",
  "apps/revoke-installation-access-token",
  "apps/update-webhook-config-for-app",
  "checks/create",
  "checks/get",
  "checks/list-annotations",
  "checks/list-for-ref",
  "checks/update",
  "git/get-ref",
  "git/list-matching-refs",
  "issues/create-comment",
  "issues/delete-comment",
  "issues/get-comment",
  "issues/list-comments",
  "issues/update-comment",
  "pulls/create",
  "pulls/get",
  "pulls/list",
  "pulls/list-files",
  "pulls/merge",
  "pulls/update",
  "rate-limit/get",
  "repos/compare-commits-with-basehead",
  "repos/create-deployment",
  "repos/create-deployment-status",
  "repos/delete-deployment",
  "repos/get",
  "repos/get-branch",
  "repos/get-collaborator-permission-level",
  "repos/get-commit",
  "repos/get-deployment",
  "repos/get-deployment-status",
  "repos/list-branches",
  "repos/list-commits",
  "repos/list-deployment-statuses",
  "repos/list-deployments",
  "repos/list-tags",
];

const WEBHOOKS = [
  "check-run-completed",
  "check-run-created",
  "check-run-requested-action",
  "check-run-rerequested",
  "create",
  "delete",
  "deployment-created",
  "deployment-status-created",
  "installation-created",
  "installation-deleted",
  "installation-repositories-added",
  "installation-repositories-removed",
  "installation-suspend",
  "installation-unsuspend",
  "issue-comment-created",
  "issue-comment-deleted",
  "issue-comment-edited",
  "ping",
  "pull-request-closed",
  "pull-request-edited",
  "pull-request-labeled",
  "pull-request-opened",
  "pull-request-reopened",
  "pull-request-synchronize",
  "pull-request-unlabeled",
  "push",
  "repository-created",
  "repository-deleted",
  "repository-renamed",
];

// What says nothing about a value's shape.
const PROSE = new Set([
  "deprecated", "description", "example", "examples", "externalDocs", "summary", "tags", "title",
  "x-github", "x-github-breaking-changes",
]);
// Objects whose keys are names rather than keywords: a property may well be
// called `description`.
const NAMES = new Set(["properties", "schemas", "parameters", "responses", "headers", "patternProperties"]);

function fetchDescription() {
  const dir = mkdtempSync(join(tmpdir(), "openapi-"));
  try {
    const packed = execFileSync("npm", ["pack", "--silent", `${PACKAGE}@${VERSION}`], { cwd: dir });
    execFileSync("tar", ["xzf", packed.toString().trim(), FILE], { cwd: dir });
    return JSON.parse(readFileSync(join(dir, FILE), "utf8"));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function bare(node, named = false) {
  if (Array.isArray(node)) return node.map((item) => bare(item));
  if (node === null || typeof node !== "object") return node;
  const out = {};
  for (const [key, value] of Object.entries(node)) {
    if (!named && PROSE.has(key)) continue;
    if (!named && (key === "enum" || key === "default")) {
      out[key] = value;
      continue;
    }
    out[key] = bare(value, !named && NAMES.has(key));
  }
  return out;
}

function refsOf(node, found) {
  if (Array.isArray(node)) node.forEach((item) => refsOf(item, found));
  else if (node !== null && typeof node === "object") {
    for (const [key, value] of Object.entries(node)) {
      if (key === "$ref" && typeof value === "string") found.add(value);
      else refsOf(value, found);
    }
  }
}

const whole = fetchDescription();
const cut = {
  info: { title: whole.info.title, version: whole.info.version, license: whole.info.license },
  source: `${PACKAGE}@${VERSION}, MIT, cut by update.mjs`,
  operations: {},
  webhooks: {},
  components: {},
};

for (const [path, item] of Object.entries(whole.paths)) {
  for (const [method, operation] of Object.entries(item)) {
    if (!OPERATIONS.includes(operation.operationId)) continue;
    cut.operations[operation.operationId] = {
      method: method.toUpperCase(),
      path,
      parameters: bare(operation.parameters ?? []),
      requestBody: bare(operation.requestBody ?? null),
      responses: bare(operation.responses, true),
    };
  }
}
for (const [name, item] of Object.entries(whole["x-webhooks"])) {
  if (!WEBHOOKS.includes(name)) continue;
  cut.webhooks[name] = bare(item.post.requestBody.content["application/json"].schema);
}
const missing = [
  ...OPERATIONS.filter((id) => !cut.operations[id]),
  ...WEBHOOKS.filter((name) => !cut.webhooks[name]),
];
if (missing.length > 0) throw new Error(`not in the description: ${missing.join(", ")}`);

// A mistake of the description's: here, and only here, an installation's account
// is a user and an enterprise at once, which nothing is.
cut.operations["apps/list-installations"].responses["200"].content["application/json"].schema = {
  type: "array",
  items: { $ref: "#/components/schemas/installation" },
};

const pending = new Set();
refsOf([cut.operations, cut.webhooks], pending);
for (const ref of pending) {
  const [, , kind, name] = ref.split("/");
  const part = whole.components[kind][name];
  if (part === undefined) throw new Error(`dangling ${ref}`);
  // Examples of whole answers are prose to a validator.
  if (kind === "examples") continue;
  cut.components[kind] ??= {};
  cut.components[kind][name] = bare(part);
  refsOf(cut.components[kind][name], pending);
}

const sorted = (node) =>
  Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1)));
cut.operations = sorted(cut.operations);
cut.webhooks = sorted(cut.webhooks);
for (const kind of Object.keys(cut.components)) cut.components[kind] = sorted(cut.components[kind]);

const target = join(dirname(fileURLToPath(import.meta.url)), "github.json");
writeFileSync(target, `${JSON.stringify(cut, null, 0)}\n`);
