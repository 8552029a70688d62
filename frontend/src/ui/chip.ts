import { cva } from 'class-variance-authority';

/** A filter that is a link: on or off, in the URL. */
export const chipClass = cva(
  'inline-flex h-8 items-center rounded-control px-3 text-ui max-sm:px-1.75',
  {
    variants: {
      on: {
        true: 'bg-active font-medium text-text',
        false: 'text-text-2 hover:bg-hover hover:text-text',
      },
    },
  },
);
