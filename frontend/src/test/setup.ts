import '@testing-library/jest-dom/vitest';

import { cleanup, configure } from '@testing-library/react';
import { afterEach, beforeAll } from 'vitest';

import { loadMenus } from '~/ui/menu';

// What a test waits for it may wait for: only a hang fails, not a machine that is busy.
configure({ asyncUtilTimeout: 20_000 });
// As a while after the first page.
beforeAll(loadMenus);
afterEach(cleanup);
