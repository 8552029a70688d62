import type { RuleReplay } from '~/api/schema.gen';

/**
 * Whether a draft would have made something else of a delivery than what came of it: deployed what
 * was not, or not what was. What ended a preview was never more than recorded.
 */
export function differs({
  verdict,
  delivery,
}: Pick<RuleReplay, 'verdict'> & { delivery: Pick<RuleReplay['delivery'], 'outcome'> }): boolean {
  if (verdict === 'removes') return delivery.outcome === 'ignored';
  return (verdict !== 'ignored') !== (delivery.outcome === 'deployed');
}
