import { fileURLToPath } from 'node:url';

import tailwindcss from '@tailwindcss/vite';
import { tanstackRouter } from '@tanstack/router-plugin/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

import { compressed, csp, mock } from './tools/dev-server.ts';

/**
 * Small parts that pages share. Each in a file of its own, they would be fifty requests, of which a
 * browser without HTTP/2 makes six at a time. What brings Base UI along, and what only forms have,
 * stays apart: the first page needs none of it.
 */
const COMMON = {
  name: 'common',
  priority: 2,
  minShareCount: 4,
  test: (id: string) =>
    /\/src\/(ui|lib|api|features\/shell)\/|\/lucide-react\/|\/@tanstack\/(?!.*virtual)/.test(id) &&
    !/\/(dialog|unsaved|menu-parts|toast|sheet|held-orphans|field|select|faults)\.tsx?$/.test(id),
};

/** What dialogs and menus share, which come once the first page is there. */
const PIECES = {
  name: 'pieces',
  minShareCount: 3,
  test: /\/@base-ui\/|\/@floating-ui\//,
};

/** What all of it is made with. */
const REACT = {
  name: 'react',
  priority: 3,
  test: /\/node_modules\/(react|react-dom|scheduler|use-sync-external-store)\//,
};

/** What is around every page behind the login. */
const SHELL = {
  name: 'shell',
  priority: 1,
  test: /\/src\/features\/shell\/(shell|boundary)\.tsx$/,
};

export default defineConfig(({ mode }) => ({
  plugins: [
    // The router's plugin has to see the files before React's does.
    tanstackRouter({ autoCodeSplitting: true, quoteStyle: 'single' }),
    react(),
    tailwindcss(),
    csp(),
    compressed(),
    mode === 'mock' && mock(),
  ],
  resolve: { alias: { '~': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    // The content security policy has no place for data: scripts.
    assetsInlineLimit: 0,
    manifest: true,
    target: 'es2023',
    rolldownOptions: { output: { codeSplitting: { groups: [REACT, COMMON, SHELL, PIECES] } } },
  },
  server: {
    port: 5173,
    // In mode `mock` the plugin answers before the proxy is asked.
    proxy: {
      '/api': { target: process.env.BERTH_URL ?? 'http://127.0.0.1:8080', changeOrigin: false },
    },
  },
  test: {
    environment: 'happy-dom',
    setupFiles: ['./src/test/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    // Longer than what is waited for within (src/test/setup.ts), so that it says what was missing.
    testTimeout: 30_000,
  },
}));
