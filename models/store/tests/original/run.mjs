// Runs the original networks with TensorFlow.js, for the comparison with the converted ones.
//
//   node run.mjs DIRECTORY [wasm|cpu]
//
// Reads DIRECTORY/<model>.<index>.rgb (height x width x 3 bytes, RGB) and writes
// DIRECTORY/<model>.<index>.<output>.f32 (float32, little-endian) for each output of the network,
// in the shape and order of the original.

import { createRequire } from 'node:module';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');
const tf = faceapi.tf;

const folder = (name) => join(dirname(fileURLToPath(import.meta.url)), 'node_modules', name);
const faceApiModels = join(folder('@vladmandic/face-api'), 'model');
const humanModels = join(folder('@vladmandic/human'), 'models');

// dlib divides by 256, face-api by 255: this input makes face-api compute what dlib does.
const mean = [122.782, 117.001, 104.298];
const asDlib = (image) => tf.tidy(() => image.sub(mean).mul(255 / 256).add(mean));

const faceApi = (Net, prepare, read) => async () => {
  const net = new Net();
  await net.loadFromDisk(faceApiModels);
  return (image) => read(net, new faceapi.NetInput([prepare(image)]));
};

// A TensorFlow.js graph model: `scale` and `offset` are those of the library's own preprocessing.
const graph = (name, divisor, offset, outputs) => async () => {
  const json = JSON.parse(readFileSync(join(humanModels, `${name}.json`), 'utf8'));
  const binary = readFileSync(join(humanModels, `${name}.bin`));
  const model = await tf.loadGraphModel(tf.io.fromMemory({
    modelTopology: json.modelTopology,
    weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
    weightData: binary.buffer.slice(binary.byteOffset, binary.byteOffset + binary.byteLength),
  }));
  return (image) => {
    const input = tf.add(tf.div(tf.expandDims(image), divisor), offset);
    const found = [].concat(model.execute(input, Object.keys(outputs)));
    return Object.fromEntries(Object.values(outputs).map((output, i) => [output, found[i]]));
  };
};

const same = (image) => image;
const models = {
  face_detector_ssd: {
    size: 512,
    load: faceApi(faceapi.SsdMobilenetv1, same, (net, input) => {
      const { boxes, scores } = net.forwardInput(input);
      return { boxes: boxes[0], scores: scores[0] };
    }),
  },
  face_landmarks_68: {
    size: 112,
    load: faceApi(faceapi.FaceLandmark68Net, same, (net, input) => ({ landmarks: net.runNet(input) })),
  },
  face_recognition: {
    size: 150,
    load: faceApi(faceapi.FaceRecognitionNet, asDlib, (net, input) => ({ embedding: net.forwardInput(input) })),
  },
  facemesh: {
    size: 192,
    load: graph('facemesh', 255, 0, { Identity_2: 'mesh', Identity_1: 'face_flag', Identity: 'contours' }),
  },
  blazeface: {
    size: 256,
    load: graph('blazeface', 127.5, -1, {
      Identity: 'logits_512', Identity_2: 'boxes_512', Identity_1: 'logits_384', Identity_3: 'boxes_384',
    }),
  },
  iris: { size: 64, load: graph('iris', 255, 0, { Identity: 'points' }) },
};

const [directory, backend = 'wasm'] = process.argv.slice(2);
await tf.setBackend(backend);
await tf.ready();
if (tf.getBackend() !== backend) throw new Error(`TensorFlow.js has no backend ${backend}`);

for (const [name, { size, load }] of Object.entries(models)) {
  const files = readdirSync(directory).filter((file) => file.startsWith(`${name}.`) && file.endsWith('.rgb'));
  if (files.length === 0) continue;
  const run = await load();
  for (const file of files) {
    const image = tf.tensor3d(new Uint8Array(readFileSync(join(directory, file))), [size, size, 3], 'float32');
    for (const [output, tensor] of Object.entries(run(image))) {
      const values = Float32Array.from(tensor.dataSync());
      writeFileSync(join(directory, `${file.slice(0, -4)}.${output}.f32`), Buffer.from(values.buffer));
    }
  }
}
