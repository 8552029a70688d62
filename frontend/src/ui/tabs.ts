import { cva } from 'class-variance-authority';

/** A tab is a link; the current one carries `aria-current`. */
export const tabClass = cva(
  '-mb-px inline-flex h-9 items-center border-b-2 text-ui aria-[current=page]:border-text aria-[current=page]:font-medium aria-[current=page]:text-text',
  {
    variants: {
      on: { true: '', false: 'border-transparent text-text-2 hover:text-text' },
    },
    defaultVariants: { on: false },
  },
);
