import { text } from './search';

/** Times in an address: a moment, or how far back from now ("15m", "1h", "7d"). No words for them. */

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const AGO = /^(\d{1,5})([mhd])$/;

export const isAgo = (value: string): boolean => AGO.test(value);

/** Reads one that anybody can have written: what is neither is left out. */
export function moment(value: unknown): string | undefined {
  const raw = text(value);
  return raw && (isAgo(raw) || !Number.isNaN(Date.parse(raw))) ? raw : undefined;
}

/** "1h" as the time that it means now, or a moment: as the server writes times. */
export function since(value: string | undefined, now: number): string | undefined {
  const [, many, unit] = AGO.exec(value ?? '') ?? [];
  if (!many || !unit) return value && new Date(value).toISOString();
  return new Date(now - Number(many) * (UNIT_MS[unit] ?? 0)).toISOString();
}
