import { describe, expect, it } from 'vitest';

import { stack } from '~/test/fixtures';

import { stackLook } from './look';

describe('stackLook', () => {
  it('says what goes on before how it is', () => {
    expect(stackLook(stack('s', { wanted: 'absent', deploying: true }))).toBe('removing');
    expect(stackLook(stack('s', { deploying: true, health: 'degraded' }))).toBe('deploying');
    expect(stackLook(stack('s', { health: 'degraded' }))).toBe('degraded');
  });

  it('does not hide a first deployment that failed', () => {
    const failed = { number: 1, phase: 'failed' } as const;
    expect(stackLook(stack('s', { health: 'unknown', latest_deployment: failed }))).toBe('failed');
    expect(stackLook(stack('s', { health: 'healthy', latest_deployment: failed }))).toBe('healthy');
  });
});
