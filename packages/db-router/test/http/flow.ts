/** What is poured. */
export const PIECE: Buffer = Buffer.alloc(64 * 1024, 'regionkit ');

/** Writes `bytes` as fast as they are taken. */
export function pour(
  into: { write(chunk: Buffer): boolean; end(): unknown; once(event: 'drain', then: () => void): unknown },
  bytes: number,
): () => number {
  let written = 0;
  const more = (): void => {
    while (written < bytes) {
      written += PIECE.length;
      if (!into.write(PIECE)) {
        into.once('drain', more);
        return;
      }
    }
    into.end();
  };
  more();
  return () => written;
}

/** Resolves when a count has stood still for many turns of the event loop: whoever makes it rise is being held back. */
export async function stands(count: () => number): Promise<number> {
  let last = -1;
  for (let same = 0; same < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const now = count();
    same = now > 0 && now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}
