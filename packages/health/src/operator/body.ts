import type { Clock } from '@regionkit/core/kit';

/** More than the longest reason, in the longest spelling of JSON. */
const MAX_BYTES = 8_192;
const TIMEOUT_MS = 10_000;

export type BodyFailure = 'too-large' | 'timed-out' | 'aborted' | 'already-read';

/** Reads a body of at most 8 KiB within 10 s. */
export async function readBody(
  chunks: AsyncIterable<Uint8Array> | null,
  clock: Clock,
): Promise<{ readonly text: string } | BodyFailure> {
  let cancel = (): void => {};
  const late = new Promise<BodyFailure>((resolve) => {
    cancel = clock.schedule(() => resolve('timed-out'), TIMEOUT_MS);
  });
  const whole = collect(chunks).catch((): BodyFailure => 'aborted');
  try {
    return await Promise.race([whole, late]);
  } finally {
    cancel();
  }
}

async function collect(chunks: AsyncIterable<Uint8Array> | null): Promise<{ readonly text: string } | BodyFailure> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) return 'too-large';
    parts.push(chunk);
  }
  return { text: Buffer.concat(parts).toString('utf8') };
}
