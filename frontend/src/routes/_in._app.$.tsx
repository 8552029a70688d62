import { createFileRoute } from '@tanstack/react-router';

import { NotFound } from '~/features/shell/boundary';

/** Whatever is no page, within the frame of the others. */
export const Route = createFileRoute('/_in/_app/$')({ component: NotFound });
