// Finds faces away from the page's own thread. The runtime weighs three megabytes, packed: it is asked
// for only once the service has a model to run.

import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import runtime from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { decode, planes, SIDE, type Face } from './faces.ts';

export const MODEL = '/models/face_detector.onnx';
const GRIDS = ['512', '384'];

/** What the page hears: that pictures may come, the faces of one, or that none will be found here. */
export type Told = 'ready' | 'failed' | Face[];
const tell = (what: Told): void => postMessage(what);

async function bytes(address: string, packed = false): Promise<Uint8Array> {
  const { ok, body } = await fetch(address, { credentials: 'omit' });
  if (!ok || !body) throw new Error('not there');
  return new Uint8Array(await new Response(packed ? body.pipeThrough(new DecompressionStream('gzip')) : body).arrayBuffer());
}

async function start(): Promise<InferenceSession> {
  const model = await bytes(MODEL);
  env.wasm.numThreads = 1;
  env.wasm.wasmBinary = import.meta.env.DEV ? await bytes(runtime) : await bytes(`${runtime}.gz`, true);
  return InferenceSession.create(model, { executionProviders: ['wasm'] });
}

async function find(session: InferenceSession, pixels: Uint8ClampedArray): Promise<Face[]> {
  const image = new Tensor('float32', planes(pixels), [1, 3, SIDE, SIDE]);
  const out = await session.run({ image });
  const numbers = (name: string): Float32Array => out[name]?.data as Float32Array;
  return decode(GRIDS.map((g) => ({ logits: numbers(`logits_${g}`), boxes: numbers(`boxes_${g}`) })));
}

const session = start();
session.then(
  () => tell('ready'),
  () => tell('failed'),
);
addEventListener('message', (event: MessageEvent<Uint8ClampedArray>) => {
  void session.then((s) => find(s, event.data)).then(tell, () => tell('failed'));
});
