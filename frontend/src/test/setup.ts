import '@testing-library/jest-dom/vitest';

import { cleanup } from '@testing-library/react';
import { afterEach, beforeAll } from 'vitest';

import { loadMenus } from '~/ui/menu';

// As a while after the first page.
beforeAll(loadMenus);
afterEach(cleanup);
