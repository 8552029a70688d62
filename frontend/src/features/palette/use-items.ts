import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useDeferredValue } from 'react';

import { useDenied } from '~/api/access';
import { logOut } from '~/api/mutations';
import { clusterQuery, stacksQuery } from '~/api/queries';
import type { StackSummary } from '~/api/schema.gen';
import { acts, overlay } from '~/lib/acts';
import { PLACES, SETTINGS } from '~/lib/places';
import { useStore } from '~/lib/store';
import { chooseTheme, THEMES } from '~/lib/theme';

import type { Item } from './pick';

/** Everything that the palette can offer now. The server looks for stacks beyond the first page. */
export function useItems(typed: string): Item[] {
  const navigate = useNavigate();
  const client = useQueryClient();
  const here = useStore(acts);
  const noRules = useDenied('admin');
  const first = useInfiniteQuery(stacksQuery());
  const q = useDeferredValue(typed.trim());
  // Nodes are looked for by name; unasked, they would crowd out the places.
  const cluster = useQuery({ ...clusterQuery(), enabled: q !== '' });
  const nodes = q ? (cluster.data?.nodes ?? []) : [];
  const found = useInfiniteQuery({ ...stacksQuery({ q }), enabled: q !== '' });
  const stacks = new Map(
    [...(first.data?.pages ?? []), ...(q ? (found.data?.pages ?? []) : [])]
      .flatMap((page) => page.items)
      .map((stack) => [stack.name, stack]),
  );
  const act = (label: string, run: () => void, leads = false): Item => ({
    id: `act-${slug(label)}`,
    group: 'Actions',
    label,
    leads,
    run,
  });
  return [
    ...[...here.values()].flat().map(({ label, leads = false, run }): Item => ({
      id: `here-${slug(label)}`,
      group: 'Here',
      label,
      leads,
      run,
    })),
    ...[...stacks.values()].map((stack): Item => ({
      id: `stack-${stack.name}`,
      group: stack.kind === 'preview' ? 'Previews' : 'Stacks',
      label: stack.name,
      aside: about(stack),
      leads: true,
      run: () => void navigate({ to: '/stacks/$stack', params: { stack: stack.name } }),
    })),
    ...PLACES.map(({ to, label, key }): Item => ({
      id: `place-${slug(label)}`,
      group: 'Go to',
      label,
      keys: `g ${key}`,
      leads: true,
      run: () => void navigate({ to }),
    })),
    ...nodes.map(({ id, hostname }): Item => ({
      id: `node-${id}`,
      group: 'Go to',
      label: hostname,
      aside: 'Node',
      leads: true,
      run: () => void navigate({ to: '/cluster/nodes/$node', params: { node: id } }),
    })),
    ...SETTINGS.map(({ to, label }): Item => ({
      id: `settings-${slug(label)}`,
      group: 'Settings',
      label,
      aside: 'Settings',
      leads: true,
      run: () => void navigate({ to }),
    })),
    ...(noRules ? [] : [act('New rule', () => void navigate({ to: '/rules/new' }), true)]),
    ...THEMES.map((theme) => act(`Theme: ${theme}`, () => chooseTheme(theme))),
    {
      ...act('Keyboard shortcuts', () => overlay.set('shortcuts')),
      keys: '?',
    },
    act(
      'Log out',
      () =>
        void logOut().then(() => {
          client.clear();
          return navigate({ to: '/login', search: {} });
        }),
      true,
    ),
  ];
}

function about({ pull_request: pull, repository }: StackSummary): string {
  return pull ? `${repository} #${pull.number} ${pull.title}` : repository;
}

const slug = (label: string) => label.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
