import { Problem } from '@idproof/shared/api/problem.ts';
import { me } from './session.svelte.ts';
import type { Case, Media } from './types.ts';

export interface Shown {
  url: string;
  blob: Blob;
}

/** The opened pictures of one case, in memory only; nothing is fetched before it is uncovered, which the service notes. */
export class MediaShelf {
  #shown = $state.raw<Record<string, Shown>>({});
  failed = $state.raw<Record<string, Problem>>({});
  open = $state.raw(false);
  #over = false;

  get(media: Media | undefined): Shown | undefined {
    return media && this.#shown[media.id];
  }

  /** Asks for every picture of the case, the faces first. Throws `Problem` where the view cannot be noted. */
  async uncover(record: Case): Promise<void> {
    const all = inOrder(record);
    this.failed = {};
    const masked = all.filter((m) => !m.viewed).map((m) => m.id);
    if (masked.length > 0) await me.api.views(record.id, masked);
    this.open = true;
    await Promise.all(all.map((m) => this.#fetch(m)));
  }
  async #fetch(media: Media): Promise<void> {
    if (this.#shown[media.id]) return;
    try {
      const blob = await me.api.media(media.url);
      if (this.#over) return;
      this.#shown = { ...this.#shown, [media.id]: { url: URL.createObjectURL(blob), blob } };
    } catch (cause) {
      this.failed = { ...this.failed, [media.id]: cause instanceof Problem ? cause : new Problem(-1, { code: 'page' }) };
    }
  }
  /** Gives the memory back; what arrives later is thrown away. */
  clear(): void {
    this.#over = true;
    for (const { url } of Object.values(this.#shown)) URL.revokeObjectURL(url);
    this.#shown = {};
  }
}

const ORDER = ['portrait', 'frame', 'document_front_straight', 'document_front', 'document_back_straight', 'document_back', 'selfie_video'];
function inOrder(record: Case): Media[] {
  return [...record.pictures, ...record.media].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}
