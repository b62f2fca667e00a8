// A recording on its way: what has not arrived yet is kept here, so that a reload or a closed tab
// loses nothing. Emptied chunk by chunk as they arrive, and wholly when the take is thrown away.

const DATABASE = 'idproof';

export interface TakeRecord {
  upload: string;
  case: string;
  /** How many chunks there are in all; 0 while still filming. */
  chunks: number;
  capture: unknown;
}

function open(): Promise<IDBDatabase> {
  return new Promise((done, fail) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('take');
      request.result.createObjectStore('chunks');
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error ?? new Error('no database'));
    request.onblocked = () => fail(new Error('blocked'));
  });
}

type Store = 'take' | 'chunks';

async function use<T>(store: Store, mode: IDBTransactionMode, work: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  try {
    return await new Promise<T>((done, fail) => {
      const request = work(db.transaction(store, mode).objectStore(store));
      request.onsuccess = () => done(request.result);
      request.onerror = () => fail(request.error ?? new Error('not kept'));
    });
  } finally {
    db.close();
  }
}

// One thing after the other: what is kept must not outlive what throws it away.
let last: Promise<unknown> = Promise.resolve();
// Where the browser keeps nothing (private windows, full disks), the take lives as long as the page.
function quiet(work: () => Promise<unknown>): Promise<void> {
  const done = last.then(work).then(
    () => {},
    () => {},
  );
  last = done;
  return done;
}

export const takes = {
  note: (record: TakeRecord): Promise<void> => quiet(() => use('take', 'readwrite', (s) => s.put(record, 'now'))),
  keep: (n: number, bytes: Blob): Promise<void> => quiet(() => use('chunks', 'readwrite', (s) => s.put(bytes, n))),
  arrived: (n: number): Promise<void> => quiet(() => use('chunks', 'readwrite', (s) => s.delete(n))),
  async pending(): Promise<TakeRecord | undefined> {
    try {
      // Looking must not make a database where there is none.
      if (indexedDB.databases && !(await indexedDB.databases()).some((d) => d.name === DATABASE)) return undefined;
      return await use<TakeRecord | undefined>('take', 'readonly', (s) => s.get('now'));
    } catch {
      return undefined;
    }
  },
  async rest(): Promise<{ n: number; bytes: Blob }[]> {
    const keys = await use('chunks', 'readonly', (s) => s.getAllKeys());
    const all = await use<Blob[]>('chunks', 'readonly', (s) => s.getAll());
    return all.map((bytes, i) => ({ n: Number(keys[i]), bytes }));
  },
  clear: (): Promise<void> =>
    quiet(
      () =>
        new Promise<void>((done) => {
          const request = indexedDB.deleteDatabase(DATABASE);
          request.onsuccess = request.onerror = request.onblocked = () => done();
        }),
    ),
};
