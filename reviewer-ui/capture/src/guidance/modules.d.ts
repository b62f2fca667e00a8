declare module 'onnxruntime-web/wasm' {
  export { env, InferenceSession, Tensor } from 'onnxruntime-web';
}
