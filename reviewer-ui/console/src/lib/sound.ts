/** The loudest sample in each of `parts` equal stretches of the sound, 0..=1. */
export function peaks(samples: Float32Array, parts: number): number[] {
  const found: number[] = [];
  const each = samples.length / parts;
  for (let i = 0; i < parts; i++) {
    let most = 0;
    const end = Math.min(samples.length, Math.ceil((i + 1) * each));
    for (let j = Math.floor(i * each); j < end; j++) most = Math.max(most, Math.abs(samples[j] ?? 0));
    found.push(Math.min(1, most));
  }
  return found;
}

/** The sound track of a recording as one channel at 16 kHz. Null where it has none that this browser can decode. */
export async function soundOf(recording: Blob): Promise<{ samples: Float32Array; seconds: number } | null> {
  try {
    const context = new OfflineAudioContext(1, 1, 16_000);
    const decoded = await context.decodeAudioData(await recording.arrayBuffer());
    return { samples: decoded.getChannelData(0), seconds: decoded.duration };
  } catch {
    return null;
  }
}
