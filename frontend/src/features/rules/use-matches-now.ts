/**
 * What the rules of a list match now. GitHub is asked once for a repository and Berth keeps the
 * answer for a moment: so the first rule goes ahead, and the others follow once it is there. What
 * a draft would match is asked by its editor.
 */
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState, type RefObject } from 'react';

import { isStatus } from '~/api/client';
import { ruleMatchesQuery } from '~/api/queries';
import type { Rule, RuleMatches } from '~/api/schema.gen';
import { watchNear } from '~/lib/near';

import { decidingOf } from './deciding';

export type MatchesNow = Pick<UseQueryResult<RuleMatches>, 'data' | 'error'>;

/** What a rule that is on matches; of one that is off, what it would. */
export function useMatchesNow(rule: Rule, asked: boolean): UseQueryResult<RuleMatches> {
  return useQuery({
    ...ruleMatchesQuery(decidingOf({ ...rule, enabled: true })),
    enabled: asked,
    // All rules at once would each have GitHub asked.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}

/** Whether the others may follow. A rule that can't be read says nothing about them. */
export const isThere = ({ isFetching, isSuccess, error }: UseQueryResult<RuleMatches>): boolean =>
  !isFetching && (isSuccess || isStatus(error, 422));

/** Whether something has come near what one sees; from then on it is true. */
export function useSeen(box: RefObject<Element | null>): boolean {
  const [seen, setSeen] = useState(!('IntersectionObserver' in window));
  useEffect(() => {
    if (seen || !box.current) return;
    return watchNear(box.current, '200px', ({ isIntersecting }) => {
      if (isIntersecting) setSeen(true);
    });
  }, [box, seen]);
  return seen;
}
