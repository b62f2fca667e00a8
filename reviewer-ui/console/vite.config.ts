import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  // Styles beside each component must not reach the page as style elements: the policy forbids them.
  plugins: [svelte({ compilerOptions: { css: 'external', runes: true } })],
  base: '/console/',
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    target: ['es2022', 'safari16', 'chrome105', 'firefox110'],
    // No data: addresses, so that the policy need not allow them for scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    reportCompressedSize: false,
  },
  server: { proxy: { '/v1': 'http://127.0.0.1:8787' } },
});
