import { render } from '@testing-library/react';
import { beforeEach, expect, test } from 'vitest';

import { useTrouble } from './trouble';

beforeEach(() => {
  document.head.innerHTML = '<link rel="icon" href="/favicon.svg" />';
});

const icon = () => document.querySelector('link[rel=icon]')?.getAttribute('href');

function Places({ one, other }: { one: boolean; other: boolean }) {
  useTrouble(one);
  useTrouble(other);
  return null;
}

test('the tab’s icon has a dot while anything on the page is in trouble', () => {
  const page = render(<Places one={false} other={false} />);
  expect(icon()).toBe('/favicon.svg');
  page.rerender(<Places one other />);
  expect(icon()).toBe('/favicon-trouble.svg');
  page.rerender(<Places one={false} other />);
  expect(icon()).toBe('/favicon-trouble.svg');
  page.rerender(<Places one={false} other={false} />);
  expect(icon()).toBe('/favicon.svg');
});

test('the dot goes with the page', () => {
  const page = render(<Places one other={false} />);
  expect(icon()).toBe('/favicon-trouble.svg');
  page.unmount();
  expect(icon()).toBe('/favicon.svg');
});
