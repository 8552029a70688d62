import { describe, expect, it, test } from 'vitest';

import { asReason, bareUrl, localPath, portsText, safeUrl, shortImage, shortRef } from './text';

describe('localPath', () => {
  it.each([
    ['/stacks/shop?service=api', '/stacks/shop?service=api'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example/', '/'],
    ['javascript:alert(1)', '/'],
    [undefined, '/'],
  ])('%s leads to %s', (from, to) => {
    expect(localPath(from)).toBe(to);
  });
});

describe('safeUrl', () => {
  it('follows web addresses only', () => {
    expect(safeUrl('http://shop.localhost')).toBe('http://shop.localhost/');
    expect(safeUrl('javascript:alert(1)')).toBeUndefined();
    expect(safeUrl('data:text/html,x')).toBeUndefined();
    expect(safeUrl('shop')).toBeUndefined();
  });
});

describe('short forms', () => {
  it('leave out what every line would repeat', () => {
    expect(shortRef('refs/heads/feat/cart')).toBe('feat/cart');
    expect(shortRef('refs/tags/v1')).toBe('v1');
    expect(shortRef('refs/pull/7/head')).toBe('#7');
    expect(bareUrl('https://shop.localhost/')).toBe('shop.localhost');
    expect(shortImage('registry.local:5000/berth/shop-web:0123@sha256:ab')).toBe('shop-web:0123');
    expect(shortImage('busybox')).toBe('busybox');
  });
});

describe('portsText', () => {
  it('names the ports that people reach, and no word of TCP', () => {
    expect(portsText(['5432:5432/tcp'])).toBe('Port 5432');
    expect(portsText(['8080:80/tcp', '53:53/udp'])).toBe('Ports 8080, 53/udp');
    expect(portsText(['80/tcp'])).toBe('Port 80/tcp');
    expect(portsText([])).toBeUndefined();
  });
});

test('a reason begins like a sentence, but a service keeps its name', () => {
  expect(asReason('the source can’t be fetched: it is gone')).toBe(
    'The source can’t be fetched: it is gone',
  );
  expect(asReason('worker: task exited (1) 3 times')).toBe('worker: task exited (1) 3 times');
  expect(asReason('`web`: no such image')).toBe('`web`: no such image');
});
