/** Two texts line by line: what both say, what one says, and what took whose place. */
export type Row =
  | { kind: 'same'; text: string }
  | { kind: 'changed'; live: string | undefined; desired: string | undefined }
  /** So many lines that both say, and nobody needs to read. */
  | { kind: 'skipped'; lines: number };

/** Lines that both say and that are kept on either side of a change. */
const AROUND = 3;

/** More lines than that are not compared: the middle of both is one change. */
const MOST = 2000;

export function lineDiff(live: string | null, desired: string | null): Row[] {
  const [a, b] = [lines(live), lines(desired)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA -= 1;
    endB -= 1;
  }
  return skip([
    ...a.slice(0, start).map(same),
    ...middle(a.slice(start, endA), b.slice(start, endB)),
    ...a.slice(endA).map(same),
  ]);
}

const lines = (text: string | null) => (text ? text.replace(/\n$/, '').split('\n') : []);

const same = (text: string): Row => ({ kind: 'same', text });

/** The longest run of lines that both have in the same order, and between them what differs. */
function middle(a: readonly string[], b: readonly string[]): Row[] {
  if (a.length > MOST || b.length > MOST) return pair(a, b);
  const width = b.length + 1;
  // How many lines both have in common from these places on.
  const common = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const rows: Row[] = [];
  let [gone, come]: [string[], string[]] = [[], []];
  const flush = () => {
    rows.push(...pair(gone, come));
    [gone, come] = [[], []];
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      flush();
      rows.push(same(left));
      i += 1;
      j += 1;
    } else if (right === undefined || (left !== undefined && at(i + 1, j) >= at(i, j + 1))) {
      gone.push(left ?? '');
      i += 1;
    } else {
      come.push(right);
      j += 1;
    }
  }
  flush();
  return rows;
}

/** What takes whose place: by the key before the colon, and what is left by its order. */
function pair(gone: readonly string[], come: readonly string[]): Row[] {
  const key = (line: string) => /^\s*[^\s:]+:/.exec(line)?.[0];
  const left = [...come];
  const rows: Row[] = [];
  for (const live of gone) {
    const place = left.findIndex((line) => key(line) !== undefined && key(line) === key(live));
    // What stands before its partner came without one.
    for (const desired of place < 0 ? [] : left.splice(0, place)) {
      rows.push({ kind: 'changed', live: undefined, desired });
    }
    rows.push({ kind: 'changed', live, desired: place < 0 ? undefined : left.shift() });
  }
  return [...rows, ...left.map((desired): Row => ({ kind: 'changed', live: undefined, desired }))];
}

/** Leaves out what both say far from any change. */
function skip(rows: readonly Row[]): Row[] {
  const near = rows.map((_, place) =>
    rows.slice(Math.max(0, place - AROUND), place + AROUND + 1).some((it) => it.kind !== 'same'),
  );
  const kept: Row[] = [];
  for (const [place, row] of rows.entries()) {
    const last = kept.at(-1);
    if (near[place]) kept.push(row);
    else if (last?.kind === 'skipped') last.lines += 1;
    else kept.push({ kind: 'skipped', lines: 1 });
  }
  return kept;
}
