import { ask } from '../../http.ts';
import { type AppAnswer, readAppView } from './app-view.ts';

interface Asked {
  readonly token: string | undefined;
  /** The certificates to trust instead of the usual ones. */
  readonly ca: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Asks the health of the app at `url` for its detail. Never rejects, follows no redirect. */
export async function askApp(url: string, { token, ca, timeoutMs, signal }: Asked): Promise<AppAnswer> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  try {
    const { body, headers: answered } = await ask(url, { headers, lookup: undefined, ca, timeoutMs, signal });
    // An answer from a cache says what was.
    const view = readAppView(body, answered.age === undefined ? Date.parse(answered.date ?? '') : Number.NaN);
    return view === undefined ? { ok: false, why: 'no-detail' } : { ok: true, view };
  } catch {
    return { ok: false, why: 'unreachable' };
  }
}
