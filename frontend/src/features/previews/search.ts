import { stacksQuery } from '~/api/queries';
import type { StackState } from '~/api/schema.gen';
import { id, oneOf } from '~/lib/search';

/** What an address says of the list of previews, `?repo &state`, and what the server is asked for. */

export type PreviewFilter = {
  /** GitHub's id of a repository. */
  repo?: number | undefined;
  /** The one word that a row says. */
  state?: StackState | undefined;
};

export const readPreviewSearch = (
  search: Record<string, unknown>,
  states: readonly StackState[],
): PreviewFilter => ({
  repo: id(search.repo),
  state: oneOf(search.state, states),
});

export const previewsQuery = ({ repo, state }: PreviewFilter) =>
  stacksQuery({ kind: 'preview', repo, health: state });
