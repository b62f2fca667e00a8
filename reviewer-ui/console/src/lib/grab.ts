/** Frames of a recording at even distances, as addresses of JPEGs in memory. Empty where this browser cannot play it. */
export async function framesOf(src: string, count: number): Promise<string[]> {
  const video = document.createElement('video');
  video.muted = true;
  video.preload = 'auto';
  video.src = src;
  const happens = (what: string): Promise<void> =>
    new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error(what)), 4000);
      video.addEventListener(what, () => (clearTimeout(late), done()), { once: true });
      video.addEventListener('error', () => (clearTimeout(late), fail(new Error('error'))), { once: true });
    });
  const made: string[] = [];
  try {
    await happens('loadeddata');
    if (!Number.isFinite(video.duration)) {
      // A recording that does not say how long it is tells when it is sent to its end.
      video.currentTime = 1e7;
      await happens('durationchange').catch(() => {});
    }
    const length = Number.isFinite(video.duration) ? video.duration : 1;
    const canvas = document.createElement('canvas');
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const context = canvas.getContext('2d');
    for (let i = 0; i < count && context; i++) {
      const seeked = happens('seeked');
      video.currentTime = (length * (i + 0.5)) / count;
      await seeked;
      context.drawImage(video, 0, 0);
      const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', 0.9));
      if (blob) made.push(URL.createObjectURL(blob));
    }
  } catch {
    // What was taken so far is shown.
  }
  video.removeAttribute('src');
  video.load();
  return made;
}
