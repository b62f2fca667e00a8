import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

// The runtime of the face detector is kept packed: nobody should pack twelve megabytes at every request.
const packed: Plugin = {
  name: 'packed-runtime',
  apply: 'build',
  closeBundle() {
    const assets = fileURLToPath(new URL('../dist/capture/assets/', import.meta.url));
    for (const file of existsSync(assets) ? readdirSync(assets) : []) {
      if (!file.endsWith('.wasm')) continue;
      writeFileSync(`${assets}${file}.gz`, gzipSync(readFileSync(assets + file), { level: 9 }));
      rmSync(assets + file);
    }
  },
};

// These pages are drawn in the browser alone. Svelte keeps what wakes up pages drawn on a server behind one variable, so
// that it falls away where nobody uses it; a bundler cannot see that by itself, because a function could still set it.
const SWITCH = /export let hydrating = false;([^]*?)export function set_hydrating\(value\) \{\s*hydrating = value;\s*\}/;
const awake: Plugin = {
  name: 'never-hydrates',
  apply: 'build',
  transform(code, id) {
    if (!/svelte\/src\/internal\/client\/dom\/hydration\.js$/.test(id)) return null;
    if (!SWITCH.test(code)) throw new Error('Svelte has written its hydration otherwise: see whether this is still right');
    return { code: code.replace(SWITCH, 'export const hydrating = false;$1export function set_hydrating(value) {}'), map: null };
  },
};

let classes = 0;
const short = new Map<string, string>();

// The entry's own imports are asked for at once. Vite would do that too, together with a helper
// that every lazy import goes through and that weighs more than it saves here.
const preload: Plugin = {
  name: 'preload-entry',
  transformIndexHtml: (_, { chunk }) =>
    (chunk?.imports ?? []).map((file) => ({
      tag: 'link',
      attrs: { rel: 'modulepreload', crossorigin: true, href: `/${file}` },
      injectTo: 'head' as const,
    })),
};

export default defineConfig({
  plugins: [
    preload,
    packed,
    awake,
    svelte({
      compilerOptions: {
        // Styles beside each component must not reach the page as style elements: the policy forbids them.
        css: 'external',
        runes: true,
        // The default class names are long and do not compress; the file's place is what makes them differ.
        cssHash({ filename }) {
          if (!short.has(filename)) short.set(filename, `s${(classes++).toString(36)}`);
          return short.get(filename) ?? 's';
        },
      },
    }),
  ],
  base: '/',
  worker: { format: 'es' },
  build: {
    outDir: '../dist/capture',
    emptyOutDir: true,
    target: ['es2022', 'safari15.4', 'chrome94', 'firefox100'],
    // No data: addresses, so that the policy need not allow them for scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    reportCompressedSize: false,
    minify: 'terser',
    terserOptions: { module: true, ecma: 2020, compress: { passes: 5, unsafe_arrows: true, unsafe_methods: true } },
    rolldownOptions: {
      output: {
        // Few files, each a stretch of the way: small ones compress badly and cost a round trip each.
        codeSplitting: {
          groups: [
            // What the first screen needs, so that no later stretch draws it in.
            { name: 'core', priority: 1, test: /node_modules\/svelte|vite\/|shared\/src\/(api|style)|src\/(parts\/(Rail|Screen|Trouble|Go)|lib\/(session|action|device|kept|texts|way|consent))/ },
            { name: 'bits', test: /src\/(lib\/aloud|capture\/(picture|light))/ },
          ],
        },
      },
      // Svelte's own files register nothing by being loaded.
      treeshake: { moduleSideEffects: (id) => !/svelte\/src\/(internal\/client|legacy)\//.test(id) },
    },
  },
  server: { proxy: { '/v1': 'http://127.0.0.1:8787' } },
});
