// Lets Node run the pages' TypeScript in unit tests: types are stripped by the compiler we have anyway.
import { register } from 'node:module';

register(
  'data:text/javascript,' +
    encodeURIComponent(`
import ts from ${JSON.stringify(import.meta.resolve('typescript'))};
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const { outputText } = ts.transpileModule(await readFile(fileURLToPath(url), 'utf8'), {
    compilerOptions: { target: 'ES2022', module: 'ESNext', verbatimModuleSyntax: true },
  });
  return { format: 'module', source: outputText, shortCircuit: true };
}`),
);
