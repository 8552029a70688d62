import { api, done, take, takeTagged } from './client';
import type {
  AvailabilityChange,
  NewInvitation,
  RegistryLogin,
  Role,
  RuleDraft,
  StackSettings,
} from './schema.gen';

/** Every request that changes something, one line each. Errors stay with whoever asked. */

export const logIn = (body: { email: string; password: string }) =>
  take(api.POST('/api/v1/session', { body }));

export const logOut = () => done(api.DELETE('/api/v1/session'));

export const setUp = (body: { token: string; email: string; name: string; password: string }) =>
  take(api.POST('/api/v1/setup', { body }));

export const createManifest = (organization: string | undefined) =>
  take(api.POST('/api/v1/github/manifest', { body: { organization } }));

export const createApp = (body: { code: string; state: string }) =>
  take(api.POST('/api/v1/github/app', { body }));

export const createInstallLink = () => take(api.POST('/api/v1/github/install'));

export const claimInstallation = (body: { installation_id: number; state?: string | undefined }) =>
  take(api.POST('/api/v1/github/installations', { body }));

export const createRule = (body: RuleDraft) => take(api.POST('/api/v1/rules', { body }));

export const updateRule = (id: string, etag: string, body: RuleDraft) =>
  takeTagged(
    api.PUT('/api/v1/rules/{id}', {
      params: { path: { id }, header: { 'if-match': etag } },
      body,
    }),
  );

export const deleteRule = (id: string, etag: string) =>
  done(
    api.DELETE('/api/v1/rules/{id}', { params: { path: { id }, header: { 'if-match': etag } } }),
  );

export const deploy = (name: string, sha?: string) =>
  take(
    api.POST('/api/v1/stacks/{name}/deployments', { params: { path: { name } }, body: { sha } }),
  );

export const removeStack = (name: string) =>
  done(api.DELETE('/api/v1/stacks/{name}', { params: { path: { name } } }));

export const cancelDeployment = (id: string) =>
  done(api.POST('/api/v1/deployments/{id}/cancel', { params: { path: { id } } }));

export const approveDeployment = (id: string) =>
  done(api.POST('/api/v1/deployments/{id}/approve', { params: { path: { id } } }));

export const rejectDeployment = (id: string, reason: string) =>
  done(api.POST('/api/v1/deployments/{id}/reject', { params: { path: { id } }, body: { reason } }));

export const overrideFreeze = (id: string, reason: string) =>
  done(
    api.POST('/api/v1/deployments/{id}/override-freeze', {
      params: { path: { id } },
      body: { reason },
    }),
  );

export const retryDeployment = (id: string) =>
  take(api.POST('/api/v1/deployments/{id}/retry', { params: { path: { id } } }));

export const rollBack = (name: string, number: number) =>
  take(
    api.POST('/api/v1/stacks/{name}/rollback', { params: { path: { name } }, body: { number } }),
  );

export const restartStack = (name: string, services: string[]) =>
  take(
    api.POST('/api/v1/stacks/{name}/restart', { params: { path: { name } }, body: { services } }),
  );

/** It changes nothing of the stack: the leader finds out, and the stream tells when it has. */
export const startDryRun = (name: string) =>
  take(api.POST('/api/v1/stacks/{name}/dry-run', { params: { path: { name } } }));

export const setStackSettings = (name: string, etag: string, body: StackSettings) =>
  takeTagged(
    api.PUT('/api/v1/stacks/{name}/settings', {
      params: { path: { name }, header: { 'if-match': etag } },
      body,
    }),
  );

export const pauseStack = (name: string) =>
  done(api.POST('/api/v1/stacks/{name}/pause', { params: { path: { name } } }));

export const resumeStack = (name: string) =>
  done(api.POST('/api/v1/stacks/{name}/resume', { params: { path: { name } } }));

export const replayDelivery = (id: string) =>
  done(api.POST('/api/v1/deliveries/{id}/replay', { params: { path: { id } } }));

export const approvePruning = (stacks: string[]) =>
  done(api.POST('/api/v1/prune/approve', { body: { stacks } }));

export const setAvailability = (id: string, body: AvailabilityChange) =>
  take(api.PUT('/api/v1/cluster/nodes/{id}/availability', { params: { path: { id } }, body }));

export const putRegistry = (host: string, body: RegistryLogin) =>
  take(api.PUT('/api/v1/registries/{host}', { params: { path: { host } }, body }));

export const deleteRegistry = (host: string) =>
  done(api.DELETE('/api/v1/registries/{host}', { params: { path: { host } } }));

export const testRegistry = (host: string) =>
  take(api.POST('/api/v1/registries/{host}/test', { params: { path: { host } } }));

export const createToken = (name: string) => take(api.POST('/api/v1/tokens', { body: { name } }));

export const deleteToken = (id: string) =>
  done(api.DELETE('/api/v1/tokens/{id}', { params: { path: { id } } }));

export const setMemberRole = (id: string, role: Role) =>
  take(api.PUT('/api/v1/members/{id}', { params: { path: { id } }, body: { role } }));

export const deleteMember = (id: string) =>
  done(api.DELETE('/api/v1/members/{id}', { params: { path: { id } } }));

export const createInvitation = (body: NewInvitation) =>
  take(api.POST('/api/v1/invitations', { body }));

export const deleteInvitation = (id: string) =>
  done(api.DELETE('/api/v1/invitations/{id}', { params: { path: { id } } }));

export const acceptInvitation = (body: { token: string; name: string; password: string }) =>
  take(api.POST('/api/v1/invitations/accept', { body }));

export const deleteSession = (id: string) =>
  done(api.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } }));

export const deleteOtherSessions = () => done(api.DELETE('/api/v1/sessions'));
