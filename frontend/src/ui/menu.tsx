import {
  cloneElement,
  useState,
  type ComponentProps,
  type ReactElement,
  type ReactNode,
} from 'react';

type Parts = typeof import('./menu-parts');

/** The library's menu weighs as much as a page: it comes after the first one, or with a press. */
let parts: Parts | undefined;

export async function loadMenus(): Promise<void> {
  parts ??= await import('./menu-parts');
}

export type MenuProps = {
  trigger: ReactElement<ComponentProps<'button'>>;
  children: ReactNode;
  align?: 'start' | 'end';
  side?: 'top' | 'bottom';
};

/** A menu behind `trigger`. */
export function Menu(props: MenuProps) {
  // What was drawn without the library stays so until it is pressed: it may have the focus.
  const [drawn, setDrawn] = useState<'with' | 'without' | 'pressed'>(parts ? 'with' : 'without');
  if (parts && drawn !== 'without') return <parts.Menu {...props} opened={drawn === 'pressed'} />;
  return cloneElement(props.trigger, {
    'aria-haspopup': 'menu',
    'aria-expanded': false,
    onClick: () => {
      // Without the server the menu does not come; the next press asks again.
      loadMenus().then(
        () => setDrawn('pressed'),
        () => {},
      );
    },
  });
}

export function MenuItem(props: ComponentProps<Parts['MenuItem']>) {
  return parts && <parts.MenuItem {...props} />;
}

export function MenuCheck(props: ComponentProps<Parts['MenuCheck']>) {
  return parts && <parts.MenuCheck {...props} />;
}
