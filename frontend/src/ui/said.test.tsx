import { render } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import { Said } from './said';

describe('Said', () => {
  it('shows code between backticks, and markup as text', () => {
    const { container } = render(<Said text="branch `<b>` matches `main`." />);
    expect([...container.querySelectorAll('code')].map((code) => code.textContent)).toEqual([
      '<b>',
      'main',
    ]);
    expect(container).toHaveTextContent('branch <b> matches main.');
  });

  it('leaves a backtick without a partner alone', () => {
    const { container } = render(<Said text="a `b" />);
    expect(container).toHaveTextContent('a `b');
    expect(container.querySelector('code')).toBeNull();
  });
});
