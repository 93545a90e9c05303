import type { IncomingHttpHeaders } from 'node:http';
import type { OperationEntry, Position } from '../history/entries.ts';
import { readToken } from '../history/position.ts';

/** What a client keeps of the answers and sends back with the next request. */
export interface Purse {
  /** Header fields of the next request, with tokens besides those that it keeps. */
  fieldsWith(brought: readonly string[]): Readonly<Record<string, string>>;
  /** The positions in those that it keeps. */
  readonly positions: readonly Position[];
  keep(headers: IncomingHttpHeaders): void;
}

/** `cookies`: a browser. `header`: a program that sends back the last `X-Region-Token` it was given. */
export type PurseKind = 'cookies' | 'header';

const TOKENS = ['region-token', 'region-seen'];

export function createPurse(kind: PurseKind, carries: OperationEntry['carries']): Purse {
  const jar = new Map<string, string>();
  let header: string | undefined;

  return {
    fieldsWith: (brought) => {
      if (kind === 'header') {
        const tokens = [...(header === undefined ? [] : [header]), ...brought];
        return tokens.length === 0 ? {} : { 'x-region-token': tokens.join(', ') };
      }
      // A cookie of the wider domain comes beside the own one of the same name.
      const cookies = [...jar, ...brought.map((token) => [TOKENS[0], token] as const)];
      const cookie = cookies.map(([name, value]) => `${name}=${value}`).join('; ');
      return cookie === '' ? {} : { cookie };
    },
    get positions() {
      const tokens = kind === 'header' ? (header ?? '').split(',') : TOKENS.map((name) => jar.get(name) ?? '');
      return tokens.map(readToken).filter((position) => position !== undefined);
    },
    keep: (headers) => {
      const given = headers['x-region-token'];
      if (kind === 'header' && typeof given === 'string' && carries !== 'nothing') header = given;
      if (kind !== 'cookies') return;
      for (const line of headers['set-cookie'] ?? []) {
        const [pair = '', ...attributes] = line.split(';');
        const at = pair.indexOf('=');
        const name = pair.slice(0, at).trim();
        if (carries === 'nothing' && TOKENS.includes(name)) continue;
        if (carries === 'written' && name === 'region-seen') continue;
        if (attributes.some((part) => /^\s*max-age\s*=\s*0\s*$/i.test(part))) jar.delete(name);
        else jar.set(name, pair.slice(at + 1).trim());
      }
    },
  };
}

/** The positions an answer gave its client. */
export function positionsIn(headers: IncomingHttpHeaders): readonly Position[] {
  const given = headers['x-region-token'];
  if (typeof given !== 'string') return [];
  return given
    .split(',')
    .map(readToken)
    .filter((position) => position !== undefined);
}
