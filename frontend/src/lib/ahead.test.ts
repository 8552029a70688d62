import { describe, expect, it, vi } from 'vitest';

import { loadAhead } from './ahead';

describe('loading ahead', () => {
  it('loads one after the other', async () => {
    const order: string[] = [];
    const load = (name: string) => async () => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
    };
    loadAhead([load('rules'), () => undefined, load('events')]);
    await vi.waitFor(() => expect(order).toHaveLength(4));
    expect(order).toEqual(['rules begins', 'rules ends', 'events begins', 'events ends']);
  });

  it('stops at what can’t be had, and when it is told to', async () => {
    const load = vi.fn<() => Promise<void>>(() => Promise.reject(new Error('away')));
    loadAhead([load, load]);
    await vi.waitFor(() => expect(load).toHaveBeenCalledOnce());
    const never = vi.fn<() => Promise<void>>(() => Promise.resolve());
    loadAhead([never])();
    await new Promise((later) => setTimeout(later, 300));
    expect(load).toHaveBeenCalledOnce();
    expect(never).not.toHaveBeenCalled();
  });
});
