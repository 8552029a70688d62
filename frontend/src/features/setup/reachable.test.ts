import { expect, test } from 'vitest';

import { doubt } from './reachable';

test.each([
  'http://localhost:8080/webhooks/github',
  'https://berth.localhost',
  'http://berth.local',
  'https://berth.corp.internal',
  'http://127.0.0.1:8080',
  'http://10.1.2.3',
  'http://172.16.0.1',
  'http://172.31.255.1',
  'http://192.168.1.7',
  'http://169.254.1.1',
  'http://100.64.0.1',
  'http://0.0.0.0:8080',
  'http://[::1]:8080',
  'http://[::]',
  'http://[fd00::1]',
  'http://[fe80::1]',
])('GitHub can’t reach an address inside a network: %s', (address) => {
  expect(doubt(address)).toMatch(/^`.+` is an address inside your network/);
});

test('a name without a domain is one that only the network knows', () => {
  expect(doubt('http://berth:8080')).toMatch(/^`berth` is a name that only your network knows/);
  expect(doubt('berth')).toBe('That is no address.');
});

test.each([
  'https://berth.example.com/webhooks/github',
  'http://localhost.example.com',
  'http://172.32.0.1',
  'http://100.128.0.1',
  'http://11.0.0.1',
  'http://1.127.0.1',
  'http://[2001:db8::1]',
])('nothing speaks against an address of the internet: %s', (address) => {
  expect(doubt(address)).toBeNull();
});
