import { fileURLToPath } from 'node:url';

import tailwindcss from '@tailwindcss/vite';
import { tanstackRouter } from '@tanstack/router-plugin/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

import { compressed, csp, mock } from './tools/dev-server.ts';

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
  },
}));
