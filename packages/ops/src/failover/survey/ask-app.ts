import { type AppAnswer, readAppView } from './app-view.ts';

const MAX_BYTES = 1_000_000;

/** Asks the health of the app at `url` for its detail. Never rejects, follows no redirect. */
export async function askApp(
  url: string,
  token: string | undefined,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<AppAnswer> {
  const limit = new AbortController();
  const end = (): void => limit.abort();
  const timer = setTimeout(end, timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    const answer = await fetch(url, {
      redirect: 'manual',
      signal: limit.signal,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    const view = readAppView(await readBounded(answer));
    return view === undefined ? { ok: false, why: 'no-detail' } : { ok: true, view };
  } catch {
    return { ok: false, why: 'unreachable' };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

async function readBounded({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
