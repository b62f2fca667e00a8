// Opens a camera, with what each browser needs to give a good picture and a clear answer when it cannot.

import { device } from '../lib/device.ts';

export type CameraFault = 'denied' | 'no-camera' | 'no-microphone' | 'busy' | 'prompt-timeout' | 'blank' | 'insecure' | 'old-browser';

/** What to tell: whatever fails inside another app, its browser is the likely cause. */
export function deadEnd(cause: unknown): CameraFault | 'in-app' {
  if (device.inApp) return 'in-app';
  return cause instanceof CameraError ? cause.fault : 'no-camera';
}

export class CameraError extends Error {
  readonly fault: CameraFault;
  constructor(fault: CameraFault) {
    super(fault);
    this.fault = fault;
  }
}

export interface Wish {
  facing: 'environment' | 'user';
  sound: boolean;
  /** A certain camera, when the applicant switches. */
  deviceId?: string;
}

export interface Camera {
  stream: MediaStream;
  /** What the service is told of the devices. */
  facts: Record<string, unknown>;
  /** Every camera worth offering. */
  choices: string[];
  deviceId: string | undefined;
  stop(): void;
}

/** How long a permission question may stay open before the page says so. */
export const PROMPT_LIMIT_MS = 25_000;
// Listed as cameras by some phones, useless for documents and faces.
const NOT_A_CAMERA = /infrared|\bir\b|depth|desk view|\btof\b/i;

function sizes(facing: Wish['facing']): MediaTrackConstraints {
  const document = facing === 'environment';
  const width = { ideal: document ? 2560 : 1280 };
  const height = { ideal: document ? 1440 : 720 };
  // iPhones overexpose when a height is asked; Androids give a poor picture unless both are.
  return device.ios ? { width } : { width, height };
}

function sound(): MediaTrackConstraints {
  // The processing helps on Android and damages speech on Apple's systems, whose microphones are quiet.
  const help = !device.webkit;
  return { echoCancellation: help, noiseSuppression: help, autoGainControl: true };
}

function constraints(wish: Wish, relaxed: boolean): MediaStreamConstraints {
  const which = wish.deviceId ? { deviceId: { exact: wish.deviceId } } : { facingMode: { ideal: wish.facing } };
  const video = relaxed && !wish.deviceId ? true : { ...which, ...(relaxed ? {} : sizes(wish.facing)) };
  // One stream for picture and sound: a second one would mute the first on iPhones.
  return { video, audio: wish.sound ? sound() : false };
}

function halt(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** The browser's answer, or the end of patience; a stream that comes too late is stopped. */
async function ask(wanted: MediaStreamConstraints): Promise<MediaStream> {
  let late = false;
  let timer = 0;
  const patience = new Promise<never>((_, fail) => {
    timer = window.setTimeout(() => {
      late = true;
      fail(new CameraError('prompt-timeout'));
    }, PROMPT_LIMIT_MS);
  });
  const answer = navigator.mediaDevices.getUserMedia(wanted).then((stream) => {
    if (late) halt(stream);
    return stream;
  });
  try {
    return await Promise.race([answer, patience]);
  } finally {
    clearTimeout(timer);
  }
}

async function list(kind: MediaDeviceKind): Promise<MediaDeviceInfo[]> {
  const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return all.filter((d) => d.kind === kind);
}

async function fault(cause: unknown, wish: Wish): Promise<CameraError> {
  if (cause instanceof CameraError) return cause;
  const name = cause instanceof DOMException ? cause.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return new CameraError(window.isSecureContext ? 'denied' : 'insecure');
    case 'NotFoundError':
      // Either device may be what is missing.
      return new CameraError(
        wish.sound && (await list('videoinput')).length > 0 && (await list('audioinput')).length === 0
          ? 'no-microphone'
          : 'no-camera',
      );
    case 'NotReadableError':
    case 'AbortError':
      return new CameraError('busy');
    default:
      return new CameraError('no-camera');
  }
}

async function open(wish: Wish): Promise<MediaStream> {
  try {
    return await ask(constraints(wish, false));
  } catch (cause) {
    const name = cause instanceof DOMException ? cause.name : '';
    if (name === 'OverconstrainedError' || name === 'TypeError') return ask(constraints(wish, true));
    // In use or broken: another camera may not be.
    if (name === 'NotReadableError') {
      for (const other of await usable()) {
        if (other.deviceId === wish.deviceId) continue;
        try {
          return await ask(constraints({ ...wish, deviceId: other.deviceId }, true));
        } catch {
          continue;
        }
      }
    }
    throw cause;
  }
}

async function usable(): Promise<MediaDeviceInfo[]> {
  return (await list('videoinput')).filter((d) => d.deviceId && !NOT_A_CAMERA.test(d.label));
}

/** Phones with several rear cameras may hand out the wide one; the main one is numbered 0. */
async function mainCamera(stream: MediaStream, wish: Wish): Promise<string | undefined> {
  if (wish.deviceId || wish.facing !== 'environment' || !device.android) return undefined;
  const track = stream.getVideoTracks()[0];
  if (!track || / 0,/.test(track.label)) return undefined;
  return (await usable()).find((d) => / 0,/.test(d.label) && /back|rear|facing back/i.test(d.label))?.deviceId;
}

export async function openCamera(wish: Wish): Promise<Camera> {
  if (!window.isSecureContext) throw new CameraError('insecure');
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraError('old-browser');
  try {
    let stream = await open(wish);
    const better = await mainCamera(stream, wish);
    if (better) {
      halt(stream);
      stream = await open({ ...wish, deviceId: better });
    }
    return await describe(stream);
  } catch (cause) {
    throw await fault(cause, wish);
  }
}

async function describe(stream: MediaStream): Promise<Camera> {
  const video = stream.getVideoTracks()[0];
  const audio = stream.getAudioTracks()[0];
  const seen = video?.getSettings() ?? {};
  const heard = audio?.getSettings() ?? {};
  return {
    stream,
    deviceId: seen.deviceId,
    choices: (await usable()).map((d) => d.deviceId),
    facts: {
      camera: { label: video?.label, width: seen.width, height: seen.height, frame_rate: seen.frameRate, facing: seen.facingMode },
      ...(audio && {
        microphone: {
          label: audio.label,
          sample_rate: heard.sampleRate,
          echo_cancellation: heard.echoCancellation,
          noise_suppression: heard.noiseSuppression,
          auto_gain_control: heard.autoGainControl,
        },
      }),
    },
    stop: () => halt(stream),
  };
}
