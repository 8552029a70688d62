import { useEffect, useState, useSyncExternalStore } from 'react';

import { readLog } from '~/api/queries';
import { onChange } from '~/api/stream';

import { LogBuffer } from './buffer';

const PART = 2000;

export type BuildLogState = {
  buffer: LogBuffer;
  version: number;
  error: unknown;
  loaded: boolean;
  retry: () => void;
};

/**
 * A deployment's build log: read to its end, and read on whenever the stream says that it grew.
 * `live` only says whether more may come: when it turns false, the rest is read once more.
 */
export function useBuildLog(id: string, live: boolean): BuildLogState {
  const [buffer] = useState(() => new LogBuffer());
  const [error, setError] = useState<unknown>();
  const [loaded, setLoaded] = useState(false);
  const [round, setRound] = useState(0);
  const version = useSyncExternalStore(buffer.watch, buffer.version);

  useEffect(() => {
    const abort = new AbortController();
    let reading = false;
    let again = false;
    const read = async () => {
      if (reading) {
        again = true;
        return;
      }
      reading = true;
      try {
        do {
          again = false;
          // One part after the other: each begins where the last one ended.
          // oxlint-disable-next-line no-await-in-loop
          const { items } = await readLog(id, buffer.last, abort.signal);
          if (abort.signal.aborted) return;
          buffer.append(items);
          if (items.length >= PART) again = true;
        } while (again);
        setError(undefined);
        setLoaded(true);
      } catch (failure) {
        if (!abort.signal.aborted) setError(failure);
      } finally {
        reading = false;
      }
    };
    void read();
    const leave = onChange(({ topic, id: changed }) => {
      if (topic === 'reset' || (topic === 'build_log' && changed === id)) void read();
    });
    return () => {
      abort.abort();
      leave();
    };
    // `live` and `round` are read by nobody here: each change of theirs is a reason to read again.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [id, buffer, live, round]);

  return { buffer, version, error, loaded, retry: () => setRound((n) => n + 1) };
}
