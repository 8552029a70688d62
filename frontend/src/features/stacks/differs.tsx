import type { Difference } from '~/api/schema.gen';
import { asSentence } from '~/lib/text';
import { Said } from '~/ui/said';

/** Differences as the server puts them into words, one below the other. */
export function Sentences({ differences }: { differences: readonly Difference[] }) {
  return (
    <ul className="list-disc space-y-1 pl-5 text-ui break-words">
      {differences.map((it) => (
        <li key={`${it.kind} ${it.name} ${it.field}`}>
          <Said text={asSentence(it.sentence)} />
        </li>
      ))}
    </ul>
  );
}
