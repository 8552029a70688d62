import { Link } from '@tanstack/react-router';

import { buttonClass } from '~/ui/button';

/** The way on from the address of a stack that is not there. */
export const toStacks = (
  <Link to="/" search={{}} className={buttonClass()}>
    To the stacks
  </Link>
);
