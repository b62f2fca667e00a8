// What the fake cameras show and the fake microphones hear. Made once with FFmpeg and espeak-ng.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { ROOT, VAR } from './harness.mjs';

const OUT = `${VAR}media/`;
mkdirSync(OUT, { recursive: true });
const SAMPLES = `${ROOT}var/samples/`;

function make(name, command, args) {
  const file = OUT + name;
  if (!existsSync(file)) execFileSync(command, [...args, file], { stdio: ['ignore', 'ignore', 'inherit'] });
  return file;
}
const ffmpeg = (name, ...args) => make(name, 'ffmpeg', ['-v', 'error', '-y', ...args]);

/** The samples of `make samples`: a real person's where real videos are at hand, else the drawn attack. */
export function sample() {
  const file = `${SAMPLES}cases.json`;
  if (!existsSync(file)) throw new Error('no samples: run `make samples`');
  const { cases } = JSON.parse(readFileSync(file, 'utf8'));
  const chosen = cases.find((c) => c.kind === 'bona-fide') ?? cases[0];
  const folder = `${SAMPLES}${chosen.folder}/`;
  return {
    front: `${folder}card-front-flat.png`,
    back: `${folder}card-back-flat.png`,
    video: folder + chosen.video,
    identity: JSON.parse(readFileSync(folder + chosen.identity, 'utf8')),
    kind: chosen.kind,
  };
}

const SIZE = { phone: [720, 1280, 624], computer: [1280, 720, 800] };

/** A card on a dark table, seen by a phone or a computer. `spoilt` makes one thing bad. */
export function card(side, held = 'phone', spoilt = 'good') {
  const [w, h, card] = SIZE[held];
  const spoil = {
    good: '',
    blurred: ',gblur=sigma=9',
    dark: ',eq=brightness=-0.55:contrast=0.4',
    // A lamp's reflection over a fifth of the card.
    glare: `,drawbox=x=${w / 2 - 40}:y=${h / 2 - 90}:w=300:h=170:color=white:t=fill`,
    small: '',
    empty: '',
  }[spoilt];
  const width = spoilt === 'small' ? Math.round(card * 0.62) : card;
  const table = `color=c=0x3d352c:s=${w}x${h},noise=alls=7:allf=t`;
  const put = spoilt === 'empty' ? 'null' : `[1:v]scale=${width}:-2,colorlevels=romax=0.86:gomax=0.86:bomax=0.86[c];[0:v][c]overlay=(W-w)/2:(H-h)/2`;
  const graph = spoilt === 'empty' ? '[0:v]null[v]' : `${put}${spoil}[v]`;
  return ffmpeg(`${side}-${held}-${spoilt}.mjpeg`, '-f', 'lavfi', '-i', table, '-i', sample()[side], '-filter_complex', graph, '-map', '[v]', '-t', '1', '-r', '15', '-q:v', '2', '-pix_fmt', 'yuvj420p');
}

const FIT = 'scale=720:720:force_original_aspect_ratio=increase,crop=720:720';
const PLACED = {
  well: FIT,
  far: `${FIT},scale=220:220,pad=720:720:250:250:0x6b6b6b`,
  near: `${FIT},scale=1500:1500,crop=720:720`,
  aside: `${FIT},scale=480:480,pad=720:720:0:120:0x6b6b6b`,
  two: `${FIT},scale=360:360,split[a][b];[a][b]hstack,pad=720:720:0:180:0x6b6b6b`,
};

/** A person before the camera. */
export function face(where = 'well') {
  const name = where === 'well' ? 'face.mjpeg' : `face-${where}.mjpeg`;
  return ffmpeg(name, '-i', sample().video, '-an', '-filter_complex', PLACED[where], '-r', '25', '-q:v', '3', '-pix_fmt', 'yuvj420p');
}

/** A room with nobody in it. */
export function room() {
  return ffmpeg('room.mjpeg', '-f', 'lavfi', '-i', 'testsrc2=s=720x720:r=15,hue=s=0.2', '-t', '2', '-q:v', '3', '-pix_fmt', 'yuvj420p');
}

/** A camera that shows nothing. */
export function black() {
  return ffmpeg('black.mjpeg', '-f', 'lavfi', '-i', 'color=c=0x404040:s=640x480', '-t', '1', '-r', '10', '-pix_fmt', 'yuvj420p');
}

/** A voice counting, 48 kHz stereo, as the fake microphone wants it. */
export function voice(language = 'fr') {
  const words = language === 'fr' ? 'trois, sept, deux. un, quatre, neuf.' : 'three, seven, two. one, four, nine.';
  const dry = make(`voice-${language}-dry.wav`, 'espeak-ng', ['-v', language, '-s', '130', words, '-w']);
  return ffmpeg(`voice-${language}.wav`, '-i', dry, '-ac', '2', '-ar', '48000', '-sample_fmt', 's16');
}
export function silence() {
  return ffmpeg('silence.wav', '-f', 'lavfi', '-i', 'anullsrc=r=48000:cl=stereo', '-t', '2', '-sample_fmt', 's16');
}
