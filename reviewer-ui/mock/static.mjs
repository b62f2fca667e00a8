// Serves the built pages as the service must serve them: the same headers, the same caching.

import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
export const HEADERS = read('../headers.json');
const CAPTURE = { dist: fileURLToPath(new URL('../dist/capture/', import.meta.url)), headers: HEADERS };
const CONSOLE = { dist: fileURLToPath(new URL('../dist/console/', import.meta.url)), headers: read('../console/headers.json') };
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.gz': 'application/gzip',
};
const zipped = new Map();
/** The model for the live guidance, where the service is configured to have it: here, where it has been fetched. */
const STORE = process.env.IDPROOF_MODELS_DIR ?? fileURLToPath(new URL('../../var/models', import.meta.url));
const DETECTOR = `${STORE}/blazeface.onnx`;

export function sendPage(request, path, response) {
  if (path === '/models/face_detector.onnx') {
    const there = existsSync(DETECTOR);
    response.writeHead(there ? 200 : 404, { ...HEADERS, 'content-type': 'application/octet-stream', 'cache-control': 'public, max-age=3600' });
    return there ? createReadStream(DETECTOR).pipe(response) : response.end();
  }
  const { dist, headers: policy } = path.startsWith('/console/') ? CONSOLE : CAPTURE;
  const asked = path.replace(/^\/console(?=\/)/, '');
  const file = /^\/(assets\/[\w.-]+|[\w-]+\.\w+)$/.test(asked) ? asked.slice(1) : 'index.html';
  if (!existsSync(dist + file)) {
    response.writeHead(file === 'index.html' ? 503 : 404, { 'content-type': 'text/plain' });
    return response.end('The pages are not built: run `make pages`.\n');
  }
  const caching = file.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-store';
  const headers = { ...policy, 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'cache-control': caching };
  if (/\bgzip\b/.test(request.headers['accept-encoding'] ?? '') && /\.(js|mjs|css|html|svg|txt)$/.test(file)) {
    if (!zipped.has(dist + file) || !file.startsWith('assets/')) zipped.set(dist + file, gzipSync(readFileSync(dist + file), { level: 9 }));
    response.writeHead(200, { ...headers, 'content-encoding': 'gzip', vary: 'accept-encoding' });
    return response.end(zipped.get(dist + file));
  }
  response.writeHead(200, headers);
  createReadStream(dist + file).pipe(response);
}
