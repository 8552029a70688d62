import { render } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import { Ansi, spans } from './ansi';

const ESC = '\u001b';
const text = (line: string) =>
  spans(line)
    .map((span) => span.text)
    .join('');

describe('spans', () => {
  it('turns colours into classes of our own', () => {
    expect(spans(`${ESC}[31mno${ESC}[0m yes`)).toEqual([
      { text: 'no', className: 'text-bad' },
      { text: ' yes', className: '' },
    ]);
  });

  it.each([
    ['a cursor jump', `a${ESC}[2J${ESC}[1;1Hb`, 'ab'],
    ['a window title', `a${ESC}]0;owned\u0007b`, 'ab'],
    ['a bell', 'a\u0007b', 'ab'],
    ['what a return overwrote', '10%\r50%\rdone', 'done'],
    ['a return before the end of the line', 'done\r', 'done'],
    ['a lone escape', `a${ESC}`, 'a'],
  ])('drops %s', (_, line, left) => {
    expect(text(line)).toBe(left);
  });

  it('shows marks that would turn the text around', () => {
    expect(text('user\u202egnp.exe')).toBe('user\ufffdgnp.exe');
  });
});

describe('Ansi', () => {
  it('shows markup as text', () => {
    const hostile = `${ESC}[32m<img src=x onerror=alert(1)>${ESC}[0m<script>`;
    const { container } = render(<Ansi line={hostile} />);
    expect(container.querySelector('img, script')).toBeNull();
    expect(container).toHaveTextContent('<img src=x onerror=alert(1)><script>');
  });
});
