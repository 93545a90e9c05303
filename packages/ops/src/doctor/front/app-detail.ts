import { object, readJson, record, text } from '../shape.ts';
import { look } from './request.ts';

/** The warnings of an app by code. */
export type AppWarnings = Readonly<Record<string, string>>;

const DETAIL = object<{ readonly warnings: AppWarnings }>({ warnings: record(text) });
const READ_BYTES = 1_024 ** 2;

interface Asked {
  readonly url: string;
  readonly token: string;
  readonly ca: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Reads the detail of `@regionkit/health`. Undefined where something else answers, or the token is not accepted. */
export async function readWarnings({ url, token, ca, timeoutMs, signal }: Asked): Promise<AppWarnings | undefined> {
  const seen = await look({
    url,
    headers: { authorization: `Bearer ${token}` },
    timeoutMs,
    signal,
    readBytes: READ_BYTES,
    verify: { ca },
  });
  if (!seen.ok) return undefined;
  return readJson(DETAIL, seen.value.body)?.warnings;
}
